// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// Run is a suite with a policy.
type Run struct {
	Suite  Suite
	Policy string
	// Pair numbers the repetitions.
	Pair int
}

// Name is that of the run's test case.
func (r Run) Name() string { return fmt.Sprintf("%s@%s@%d", r.Suite.Name, r.Policy, r.Pair) }

// workloadName is that of the only workload of each test case.
const workloadName = "w"

// Write writes what scheduler_perf reads into a folder: the test cases of the runs in that order, the templates, and the
// configuration of each policy. It returns the path of the test cases.
func Write(folder string, runs []Run, configs map[string][]byte) (string, error) {
	if err := copyTemplates(folder); err != nil {
		return "", err
	}
	for name, config := range configs {
		if err := os.WriteFile(configPath(folder, name), config, 0o600); err != nil {
			return "", fmt.Errorf("writing the configuration of %s: %w", name, err)
		}
	}
	var testCases []map[string]any
	for _, r := range runs {
		testCase, err := r.testCase(folder)
		if err != nil {
			return "", err
		}
		testCases = append(testCases, testCase)
	}
	data, err := yaml.Marshal(testCases)
	if err != nil {
		return "", fmt.Errorf("encoding the test cases: %w", err)
	}
	path := filepath.Join(folder, "performance-config.yaml")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return "", fmt.Errorf("writing the test cases: %w", err)
	}
	return path, nil
}

func configPath(folder, policy string) string {
	return filepath.Join(folder, "scheduler-"+policy+".yaml")
}

// testCase is a test case of upstream's format with one workload.
func (r Run) testCase(folder string) (map[string]any, error) {
	var testCase map[string]any
	if err := remarshal(r.Suite.testCase, &testCase); err != nil {
		return nil, fmt.Errorf("copying test case %s: %w", r.Name(), err)
	}
	var workload map[string]any
	if err := remarshal(r.Suite.workload, &workload); err != nil {
		return nil, fmt.Errorf("copying workload %s: %w", r.Name(), err)
	}
	workload["name"] = workloadName
	workload["labels"] = []any{"performance"}
	testCase["name"] = r.Name()
	testCase["schedulerConfigPath"] = configPath(folder, r.Policy)
	testCase["workloads"] = []any{workload}
	// It would keep quantiles of histograms that began with the process: the benchmark takes them itself.
	testCase["metricsCollectorConfig"] = map[string]any{"metrics": map[string]any{}}
	// scheduler_perf turns it off unless it is named; in a cluster it is on.
	testCase["featureGates"] = map[string]any{"OpportunisticBatching": true}
	r.placeTemplates(testCase, folder)
	return testCase, nil
}

// placeTemplates replaces the paths of templates by those in the folder, wherever they are in the test case.
func (r Run) placeTemplates(value any, folder string) {
	place := func(v any) (any, bool) {
		path, ok := v.(string)
		if !ok || !strings.HasPrefix(path, "templates/") {
			return nil, false
		}
		return filepath.Join(folder, template(path, r.Policy)), true
	}
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			if path, ok := place(item); ok {
				v[key] = path
			} else {
				r.placeTemplates(item, folder)
			}
		}
	case []any:
		for _, item := range v {
			r.placeTemplates(item, folder)
		}
	}
}

func copyTemplates(folder string) error {
	if err := os.MkdirAll(filepath.Join(folder, "templates"), 0o700); err != nil {
		return fmt.Errorf("making the folder of templates: %w", err)
	}
	paths, err := fs.Glob(templates, "templates/*.yaml")
	if err != nil {
		return fmt.Errorf("listing templates: %w", err)
	}
	for _, path := range paths {
		data, err := templates.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading template %s: %w", path, err)
		}
		if err := os.WriteFile(filepath.Join(folder, path), data, 0o600); err != nil {
			return fmt.Errorf("writing template %s: %w", path, err)
		}
	}
	return nil
}
