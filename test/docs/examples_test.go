// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// The YAML examples of all pages must be what a scheduler can start with, what the simulator reads, a pod with a valid
// declaration, objects that the API server takes, or what kustomize can do to the policies.
func TestExamplesLoad(t *testing.T) {
	beside := read(t, "config/scheduler/beside.yaml")
	found := map[string]int{}
	for _, page := range pages(t) {
		for _, example := range yamlBlock.FindAllStringSubmatch(read(t, page), -1) {
			text := example[1]
			kind, _, _ := strings.Cut(strings.TrimSpace(text), ":")
			found[kind]++
			switch kind {
			case "pluginConfig":
				load(t, "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n- schedulerName: example\n"+indent(text))
			case "- schedulerName":
				if profiles := load(t, beside+indent(text)); len(profiles) != 2 {
					t.Errorf("with the example of %s there are %d profiles, want 2:\n%s", page, len(profiles), text)
				}
			case "apiVersion":
				checkObjects(t, page, text)
			case "solvers":
				checkObjects(t, page, issuerOf(text))
			case "pools":
				if _, err := pool.ReadPools(page, strings.NewReader(text)); err != nil {
					t.Error(err)
				}
			case "metadata":
				checkPod(t, page, text)
			case "patches":
				checkPatches(t, page, "resources: [config/policy]\n"+text)
			case "resources":
				checkPatches(t, page, text)
			default:
				t.Errorf("%s has an example that no test can read:\n%s", page, text)
			}
		}
	}
	for _, kind := range []string{"pluginConfig", "- schedulerName", "pools", "metadata", "patches", "apiVersion", "solvers", "resources"} {
		if found[kind] == 0 {
			t.Errorf("found no example that begins with %q", kind)
		}
	}
}

// checkPod wants a pod, or part of one, that declares what it declares without a fault.
func checkPod(t *testing.T, page, text string) {
	t.Helper()
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(text), pod); err != nil {
		t.Errorf("decoding the example of %s as a pod: %v\n%s", page, err, text)
		return
	}
	pod.CreationTimestamp = metav1.NewTime(time.Unix(0, 0))
	d, err := declare.Parse(pod)
	if err != nil {
		t.Errorf("%s has a malformed declaration: %v\n%s", page, err, text)
	}
	if declare.Declared(pod) && len(d.Requirements) == 0 {
		t.Errorf("%s has an example that declares no Secret:\n%s", page, text)
	}
	if _, err := declare.ParseIssue(pod); err != nil {
		t.Errorf("%s asks for a certificate in a malformed way: %v\n%s", page, err, text)
	}
	if _, ok := pod.Annotations[declare.MaxWaitAnnotation]; ok && d.Deadline.IsZero() {
		t.Errorf("%s has an example of which the wait never ends:\n%s", page, text)
	}
}

// checkPatches builds a kustomization of a folder below config, with its patches and without.
func checkPatches(t *testing.T, page, text string) {
	t.Helper()
	folder := regexp.MustCompile(`(?m)^resources: \[(config/[a-z/-]+)\]$`).FindStringSubmatch(text)
	if folder == nil {
		t.Errorf("%s has a kustomization of nothing below config:\n%s", page, text)
		return
	}
	dir, err := filepath.EvalSymlinks(t.TempDir()) // kustomize compares real paths
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := filepath.Abs(filepath.Join(root, folder[1]))
	if err != nil {
		t.Fatal(err)
	}
	base, err := filepath.Rel(dir, manifests)
	if err != nil {
		t.Fatal(err)
	}
	build := func(kustomization string) string {
		kustomization = strings.Replace(kustomization, folder[1], base, 1)
		if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(kustomization), 0o600); err != nil {
			t.Fatal(err)
		}
		built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
		if err != nil {
			t.Errorf("building %s with the example of %s: %v\n%s", folder[1], page, err, text)
			return ""
		}
		out, err := built.AsYaml()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if build(folder[0]+"\n") == build(text) {
		t.Errorf("the example of %s patches nothing:\n%s", page, text)
	}
}
