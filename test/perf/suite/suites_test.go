// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

func allSuites(t *testing.T) []Suite {
	t.Helper()
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSuites(t *testing.T) {
	names, quick := map[string]bool{}, 0
	for _, s := range allSuites(t) {
		if names[s.Name] {
			t.Errorf("there are two suites %s", s.Name)
		}
		names[s.Name] = true
		if s.Quick {
			quick++
		}
	}
	for _, want := range []string{
		"basic-1000", "basic-5000", "basic-15000", "mixed-5000", "held-5000",
		"node-affinity-5000", "pod-anti-affinity-5000", "topology-spread-5000", "volumes-5000",
		"preferred-pod-anti-affinity-5000", "preferred-topology-spread-5000", "preemption-500",
	} {
		if !names[want] {
			t.Errorf("there is no suite %s", want)
		}
	}
	if quick == 0 || quick == len(names) {
		t.Errorf("%d of %d suites are quick", quick, len(names))
	}
}

func TestScale(t *testing.T) {
	for _, s := range allSuites(t) {
		small := s.Scale(0.02)
		if small.Measured < 20 || small.Measured > 100 || small.Measured >= s.Measured {
			t.Errorf("%s: %d pods are measured of %d", s.Name, small.Measured, s.Measured)
		}
		if s.Fleet != nil && (small.Fleet.Nodes != s.Fleet.Nodes/50 || small.Fleet.Full != s.Fleet.Full) {
			t.Errorf("%s: fleet %+v became %+v", s.Name, s.Fleet, small.Fleet)
		}
	}
}

// What is written must have all files that it names, and a policy's own template where there is one.
func TestWrite(t *testing.T) {
	var runs []Run
	for _, s := range allSuites(t) {
		for _, name := range policy.Names() {
			runs = append(runs, Run{Suite: s, Policy: name})
		}
	}
	configs := map[string][]byte{}
	for _, name := range policy.Names() {
		configs[name] = []byte(name)
	}
	folder := t.TempDir()
	path, err := Write(folder, runs, configs)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var testCases []map[string]any
	if err := yaml.Unmarshal(data, &testCases); err != nil {
		t.Fatal(err)
	}
	if len(testCases) != len(runs) {
		t.Fatalf("%d test cases for %d runs", len(testCases), len(runs))
	}
	for i, testCase := range testCases {
		text, err := yaml.Marshal(testCase)
		if err != nil {
			t.Fatal(err)
		}
		if testCase["name"] != runs[i].Name() || strings.Contains(string(text), "quick") || strings.Contains(string(text), "fleet:") {
			t.Errorf("test case %v of run %s:\n%s", testCase["name"], runs[i].Name(), text)
		}
		if runs[i].Suite.Name == "held-5000" && strings.Contains(string(text), "pod-held-tollgate.yaml") != (runs[i].Policy == policy.Tollgate) {
			t.Errorf("%s has the wrong pods that are held:\n%s", runs[i].Name(), text)
		}
		for _, field := range strings.Fields(string(text)) {
			if strings.HasSuffix(field, ".yaml") {
				if _, err := os.Stat(field); err != nil || !strings.HasPrefix(field, folder) {
					t.Errorf("%s names %s: %v", runs[i].Name(), field, err)
				}
			}
		}
	}
}

// Each template must be in use.
func TestTemplates(t *testing.T) {
	paths, err := fs.Glob(templates, "templates/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		used := strings.Contains(string(suitesYAML), path)
		for _, name := range policy.Names() {
			general := strings.TrimSuffix(path, "-"+name+".yaml") + ".yaml"
			used = used || general != path && template(general, name) == path && strings.Contains(string(suitesYAML), general)
		}
		if !used {
			t.Errorf("nothing uses %s", filepath.Base(path))
		}
	}
}
