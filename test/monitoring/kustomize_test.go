// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// example returns the example of the page that has a line which begins so.
func example(t *testing.T, line string) string {
	t.Helper()
	for _, block := range regexp.MustCompile("(?s)```yml\n(.*?)```").FindAllStringSubmatch(read(t, "docs/monitoring.md"), -1) {
		if strings.Contains("\n"+block[1], "\n"+line) {
			return block[1]
		}
	}
	t.Fatalf("no example has a line %s...", line)
	return ""
}

// TestScrapeConfigs compares the example for a Prometheus without the operator with the objects for it.
func TestScrapeConfigs(t *testing.T) {
	var file struct {
		Jobs []struct {
			Name        string `json:"job_name"`
			Scheme      string `json:"scheme"`
			HonorLabels bool   `json:"honor_labels"`
			Relabel     []struct {
				Regex  string `json:"regex"`
				Action string `json:"action"`
			} `json:"relabel_configs"`
		} `json:"scrape_configs"`
	}
	if err := yaml.Unmarshal([]byte(example(t, "scrape_configs:")), &file); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, job := range file.Jobs {
		for _, relabel := range job.Relabel {
			got = append(got, fmt.Sprintf("%s %s %q honor=%t", relabel.Action, relabel.Regex, job.Scheme, job.HonorLabels))
		}
	}
	want := []string{`keep tollgate-controller;metrics "" honor=true`, `keep tollgate-scheduler;https "https" honor=false`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected jobs (-want, +got):\n%s", diff)
	}
}

// TestComponent builds what the page tells people to write, and looks for the ports that are scraped.
func TestComponent(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir()) // kustomize compares real paths
	if err != nil {
		t.Fatal(err)
	}
	config, err := filepath.Abs(filepath.Join(root, "config"))
	if err != nil {
		t.Fatal(err)
	}
	if config, err = filepath.Rel(dir, config); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(example(t, "resources: "), "[config/", "["+config+"/")
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	kinds, ports := map[string]int{}, map[string][]string{} // of the containers, by app
	var services []corev1.Service
	for _, object := range built.Resources() {
		kinds[object.GetKind()]++
		raw, err := object.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		switch object.GetKind() {
		case "Deployment":
			var d appsv1.Deployment
			if err := yaml.Unmarshal(raw, &d); err != nil {
				t.Fatal(err)
			}
			container := d.Spec.Template.Spec.Containers[0]
			for _, port := range container.Ports {
				ports[d.Spec.Template.Labels["app.kubernetes.io/name"]] = append(ports[d.Spec.Template.Labels["app.kubernetes.io/name"]], port.Name)
			}
			if d.Name == "tollgate-controller" && !slices.Contains(container.Command, "--metrics-bind-address=:8080") {
				t.Errorf("the controller serves no metrics: %q", container.Command)
			}
		case "Service":
			var s corev1.Service
			if err := yaml.Unmarshal(raw, &s); err != nil {
				t.Fatal(err)
			}
			services = append(services, s)
		}
	}
	if kinds["ServiceMonitor"] != 2 || kinds["PrometheusRule"] != 1 {
		t.Errorf("kinds are %v", kinds)
	}
	scraped := 0
	for _, s := range services {
		if s.Spec.ClusterIP != corev1.ClusterIPNone {
			continue
		}
		scraped++
		if app := s.Spec.Selector["app.kubernetes.io/name"]; !slices.Contains(ports[app], s.Spec.Ports[0].TargetPort.StrVal) {
			t.Errorf("Service %s leads to port %s; %s has %q", s.Name, s.Spec.Ports[0].TargetPort.StrVal, app, ports[app])
		}
	}
	if scraped != 2 {
		t.Errorf("%d Services to scrape, want 2", scraped)
	}
}
