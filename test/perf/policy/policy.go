// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policy has the scheduler profiles that the scheduler's benchmarks compare: upstream's default, upstream's packing over
// all nodes, and the one that Tollgate ships.
package policy

import (
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// Names of the policies.
const (
	// Default is upstream's profile, untouched. It looks at a sample of the nodes.
	Default = "default"
	// MostAllocated is upstream's profile with two changes: it packs, and looks at all nodes.
	MostAllocated = "most-allocated"
	// Tollgate is the profile that is shipped.
	Tollgate = "tollgate"
)

// Names returns the policies, the baseline first.
func Names() []string { return []string{Default, MostAllocated, Tollgate} }

// Shipped is the file with the profile that is shipped, from the root of the repository.
const Shipped = "config/scheduler/replace.yaml"

const head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"

const mostAllocated = head + `profiles:
  - percentageOfNodesToScore: 100
    pluginConfig:
      - name: NodeResourcesFit
        args:
          scoringStrategy:
            type: MostAllocated
            resources:
              - name: cpu
                weight: 1
              - name: memory
                weight: 1
`

// Config returns a KubeSchedulerConfiguration, in YAML, whose only profile is the policy's, for pods that name no scheduler.
// shipped is the path of Shipped.
func Config(name, shipped string) ([]byte, error) {
	switch name {
	case Default:
		return []byte(head), nil
	case MostAllocated:
		return []byte(mostAllocated), nil
	case Tollgate:
		return tollgate(shipped)
	default:
		return nil, fmt.Errorf("there is no policy %q; the policies are %v", name, Names())
	}
}

// tollgate takes the profile out of the file and lets it serve pods that name no scheduler.
func tollgate(shipped string) ([]byte, error) {
	data, err := os.ReadFile(shipped)
	if err != nil {
		return nil, fmt.Errorf("reading the shipped profile: %w; run this from the root of the repository, or say where the file is", err)
	}
	var config struct {
		APIVersion string           `json:"apiVersion"`
		Kind       string           `json:"kind"`
		Profiles   []map[string]any `json:"profiles"`
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		return nil, fmt.Errorf("reading the shipped profile: %s: %w", shipped, err)
	}
	for _, profile := range config.Profiles {
		if profile["schedulerName"] == Tollgate {
			profile["schedulerName"] = corev1.DefaultSchedulerName
			config.Profiles = config.Profiles[:0]
			config.Profiles = append(config.Profiles, profile)
			return yaml.Marshal(config)
		}
	}
	return nil, fmt.Errorf("reading the shipped profile: %s has no profile %q", shipped, Tollgate)
}
