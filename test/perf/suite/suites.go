// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package suite has the suites of the scheduler's benchmarks, in suites.yaml, and makes of them what scheduler_perf reads: a test case for
// each suite and policy.
package suite

import (
	"embed"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed suites.yaml
var suitesYAML []byte

//go:embed templates/*.yaml
var templates embed.FS

// Suite is a workload of suites.yaml.
type Suite struct {
	Name string
	// Quick suites are measured by default.
	Quick bool
	// Fleet is made before the workload begins; nil for none.
	Fleet *Fleet
	// First is how many pods are scheduled before, and Measured how many are measured.
	First, Measured int

	testCase map[string]any // without workloads
	workload map[string]any
}

// Fleet is a cluster of package fleet.
type Fleet struct {
	Nodes int     `json:"nodes"`
	Full  float64 `json:"full"`
}

// All returns all suites, in the order of the file.
func All() ([]Suite, error) {
	var testCases []map[string]any
	if err := yaml.Unmarshal(suitesYAML, &testCases); err != nil {
		return nil, fmt.Errorf("reading suites.yaml: %w", err)
	}
	var suites []Suite
	for _, testCase := range testCases {
		workloads, _ := testCase["workloads"].([]any)
		delete(testCase, "workloads")
		for _, w := range workloads {
			workload, _ := w.(map[string]any)
			s := Suite{Name: fmt.Sprintf("%s-%s", testCase["name"], workload["name"]), testCase: testCase, workload: workload}
			s.Quick, _ = workload["quick"].(bool)
			if err := remarshal(workload["fleet"], &s.Fleet); err != nil {
				return nil, fmt.Errorf("reading suites.yaml: %s: fleet: %w", s.Name, err)
			}
			delete(workload, "quick")
			delete(workload, "fleet")
			params, _ := workload["params"].(map[string]any)
			first, ok := params["initPods"].(float64)
			measured, also := params["measurePods"].(float64)
			if !ok || !also {
				return nil, fmt.Errorf("reading suites.yaml: %s: it has no params initPods and measurePods", s.Name)
			}
			s.First, s.Measured = int(first), int(measured)
			suites = append(suites, s)
		}
	}
	return suites, nil
}

// Scale returns the suite with a part of its nodes and pods, to see whether it works.
func (s Suite) Scale(factor float64) Suite {
	scaled := func(n float64) float64 { return max(20, math.Round(n*factor)) }
	workload, params := map[string]any{}, map[string]any{}
	for key, value := range s.workload {
		workload[key] = value
	}
	for key, value := range s.workload["params"].(map[string]any) {
		params[key] = scaled(value.(float64))
	}
	workload["params"] = params
	s.workload, s.First, s.Measured = workload, int(params["initPods"].(float64)), int(params["measurePods"].(float64))
	if s.Fleet != nil {
		s.Fleet = &Fleet{Nodes: int(scaled(float64(s.Fleet.Nodes))), Full: s.Fleet.Full}
	}
	return s
}

func remarshal(from, to any) error {
	data, err := yaml.Marshal(from)
	if err != nil {
		return err
	}
	return yaml.UnmarshalStrict(data, to)
}

// template returns the path of a template for a policy.
func template(path, policy string) string {
	own := strings.TrimSuffix(path, ".yaml") + "-" + policy + ".yaml"
	if _, err := fs.Stat(templates, own); err == nil {
		return own
	}
	return path
}
