// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

const readable = `
pools:
- instanceType: m6i.2xlarge
  capacityType: spot
  maxNodes: 10
- name: rack
  hourlyPrice: 0.45
  zone: a
  prepaid: 2
  labels: {team: web}
  taints:
  - {key: team, value: web, effect: NoSchedule}
  allocatable: {cpu: 7910m, memory: 29Gi, nvidia.com/gpu: 2}
- name: west
  cloud: aws
  region: us-west-2
  instanceType: m6i.large
  hourlyPrice: "$0.09"
`

func TestReadPools(t *testing.T) {
	pools, err := ReadPools("pools.yaml", strings.NewReader(readable))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range pools {
		a := p.Allocatable()
		got = append(got, fmt.Sprintf("%s %s %s max %d prepaid %d: %dm %dMi gpu %d pods %d",
			p.Name, p.Price, p.CapacityType, p.MaxNodes, p.Prepaid, a.MilliCPU, a.Memory>>20, a.Scalar["nvidia.com/gpu"], p.Pods()))
		seen := pricing.NewResolver(pricing.Options{}).Price(p.Template)
		if seen.PerHour != p.Price || seen.CapacityType != p.CapacityType {
			t.Errorf("CostScore sees pool %s at %v %s", p.Name, seen.PerHour, seen.CapacityType)
		}
	}
	want := []string{
		"m6i.2xlarge-spot $0.1613/h spot max 10 prepaid 0: 7910m 29317Mi gpu 0 pods 58",
		"rack $0.4500/h on-demand max 0 prepaid 2: 7910m 29696Mi gpu 2 pods 110",
		"west $0.0900/h on-demand max 0 prepaid 0: 1930m 6903Mi gpu 0 pods 29",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected pools (-want, +got):\n%s", diff)
	}
	rack := pools[1].Template
	if rack.Labels["team"] != "web" || rack.Labels[corev1.LabelTopologyZone] != "a" || len(rack.Spec.Taints) != 1 {
		t.Errorf("got labels %v and taints %v", rack.Labels, rack.Spec.Taints)
	}
}

func TestReadPoolsOfWhichPrice(t *testing.T) {
	pools, err := ReadPools("p.yaml", strings.NewReader(`
pools:
- {name: here, instanceType: m5.large}
- {name: mars, instanceType: m5.large, region: mars-1}
- {name: azure-spot, instanceType: Standard_D4s_v5, region: westeurope, capacityType: spot}
- {name: given, instanceType: m5.large, region: mars-1, hourlyPrice: 0.1}
- {name: gpu, instanceType: n1-standard-8, allocatable: {nvidia.com/gpu: 4}}
- {name: free, hourlyPrice: 0, allocatable: {cpu: 4, memory: 8Gi}}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range pools {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", p.Name, p.Price, p.PriceNote)))
	}
	want := []string{
		"here $0.0960/h",
		"mars $0.0960/h its price is an estimate: aws/us-east-1/m5.large (region mars-1 is not in the catalog)",
		"azure-spot $0.0798/h its price is an estimate: azure/westeurope/Standard_D4s_v5 (spot taken as 34.7% of on-demand)",
		"given $0.1000/h",
		"gpu $3.5282/h its price is an estimate: gcp/us-central1/n1-standard-8 (4 attached GPUs taken as $0.7871/h each)",
		"free $0.0000/h",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected prices (-want, +got):\n%s", diff)
	}
}

func TestReadPoolsJSON(t *testing.T) {
	pools, err := ReadPools("pools.json", strings.NewReader(`{"pools":[{"instanceType":"n2-standard-4","hourlyPrice":"0.2"}]}`))
	if err != nil || len(pools) != 1 || pools[0].Price != 200_000 {
		t.Errorf("got %v, %v", pools, err)
	}
}

func TestReadPoolsErrors(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"p.yaml has none"}},
		{"no pools", "pools: []", []string{"p.yaml has none"}},
		{"not YAML", "pools:\n- name: [", []string{"p.yaml:"}},
		{"unknown field", "pools:\n- name: a\n  hourlyprice: 1\n  colour: red\n", []string{`p.yaml:3: there is no field "hourlyprice"; did you mean "hourlyPrice"?`, `p.yaml:4: there is no field "colour"`}},
		{"unknown field like no other", "pools:\n- name: a\n  price: 1\n", []string{`p.yaml:3: there is no field "price"; valid fields: name, instanceType, `}},
		{"unknown top field", "pool:\n- name: a\n", []string{`p.yaml:1: there is no field "pool"; did you mean "pools"?`}},
		{"unknown field of a taint", "pools:\n- taints:\n  - efect: x\n", []string{`p.yaml:3: there is no field "efect"; did you mean "effect"?`}},
		{"field twice", "pools:\n- name: a\n  name: b\n", []string{"p.yaml:3: "}},
		{"wrong type", "pools:\n- name: a\n  maxNodes: many\n", []string{`p.yaml:3: pool "a": maxNodes is "many", want a whole number from 0 to 1000000`}},
		{
			"part of a node", "pools:\n- instanceType: m5.large\n  maxNodes: 0.5\n  prepaid: 1e1\n",
			[]string{`p.yaml:3: pool "m5.large": maxNodes is "0.5", want a whole number`, `p.yaml:4: pool "m5.large": prepaid is "1e1", want`},
		},
		{
			"more nodes than numbers", "pools:\n- instanceType: m5.large\n  maxNodes: 99999999999999999999\n  prepaid: 9223372036854775807\n",
			[]string{`p.yaml:3: pool "m5.large": maxNodes is "99999999999999999999", want`, `p.yaml:4: pool "m5.large": prepaid is "9223372036854775807", want`},
		},
		{"a list of numbers", "pools:\n- instanceType: m5.large\n  maxNodes: [1]\n  hourlyPrice: {a: b}\n", []string{"p.yaml:3: want a single value, not a list", "p.yaml:4: want a single value"}},
		{
			"half a device", "pools:\n- instanceType: m5.large\n  allocatable:\n    pods: 1.5\n    nvidia.com/gpu: 0.5\n    memory: 100m\n    cpu: 1u\n",
			[]string{`p.yaml:4: pool "m5.large": pods is "1.5", want a whole number`, `p.yaml:5: pool "m5.large": nvidia.com/gpu is "0.5", want`, `p.yaml:6: `, `p.yaml:7: pool "m5.large": cpu is "1u", want cores in steps of 1m`},
		},
		{"too large an amount", "pools:\n- instanceType: m5.large\n  allocatable: {cpu: 9e20}\n", []string{`p.yaml:3: pool "m5.large": cpu is "9e20", want an amount such as`, "at most 4Pi"}},
		{"too high a price", "pools:\n- instanceType: m5.large\n  hourlyPrice: 99999999999999999999\n", []string{"p.yaml:3: ", "above the maximum"}},
		{"two documents", "pools:\n- instanceType: m5.large\n---\npools: []\n", []string{"more than one document"}},
		{"no name", "pools:\n- hourlyPrice: 1\n  allocatable: {cpu: 1, memory: 1Gi}\n", []string{"p.yaml:2: ", "neither name nor instanceType"}},
		{"bad name", "pools:\n- name: A_B\n  instanceType: m5.large\n", []string{`p.yaml:2: pool "A_B": `}},
		{"no price", "pools:\n- name: a\n  instanceType: m99.huge\n  allocatable: {cpu: 1, memory: 1Gi}\n", []string{"p.yaml:3: ", "it has no price", "give it an hourlyPrice"}},
		{"no type, no price", "pools:\n- name: a\n  allocatable: {cpu: 1, memory: 1Gi}\n", []string{"p.yaml:2: ", "neither hourlyPrice nor instanceType"}},
		{"no size", "pools:\n- name: a\n  instanceType: m99.huge\n  hourlyPrice: 1\n", []string{`"m99.huge" is in no catalog, so allocatable must say cpu and memory`}},
		{"bad price", "pools:\n- instanceType: m5.large\n  hourlyPrice: -1\n", []string{`p.yaml:3: pool "m5.large": hourlyPrice is "-1"`}},
		{"bad capacity type", "pools:\n- instanceType: m5.large\n  capacityType: cheap\n", []string{"p.yaml:3: ", `"cheap", want on-demand or spot`}},
		{"bad cloud", "pools:\n- instanceType: m5.large\n  cloud: oracle\n", []string{"p.yaml:3: ", "choose one of aws, azure, gcp"}},
		{"bad amount", "pools:\n- instanceType: m5.large\n  allocatable:\n    cpu: lots\n", []string{"p.yaml:4: ", `cpu is "lots"`}},
		{"bad effect", "pools:\n- instanceType: m5.large\n  taints:\n  - key: a\n    effect: Never\n", []string{"p.yaml:5: ", `"Never", want NoSchedule`}},
		{"bad label", "pools:\n- instanceType: m5.large\n  labels:\n    a b: c\n    example.com/d: e f\n", []string{"p.yaml:4: ", "label a b=c", `p.yaml:5: pool "m5.large": label example.com/d=e f`}},
		{"negative", "pools:\n- instanceType: m5.large\n  maxNodes: -1\n  prepaid: -1\n", []string{`p.yaml:3: pool "m5.large": maxNodes is "-1"`, `p.yaml:4: pool "m5.large": prepaid is "-1"`}},
		{"more prepaid than nodes", "pools:\n- instanceType: m5.large\n  maxNodes: 1\n  prepaid: 2\n", []string{"p.yaml:4: ", "prepaid is 2, want at most maxNodes, which is 1"}},
		{"same name", "pools:\n- instanceType: m5.large\n- instanceType: m5.large\n", []string{`p.yaml:3: pool "m5.large": the name is that of pools[0] too`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadPools("p.yaml", strings.NewReader(tt.text))
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got error %q, want one with %q", err, want)
				}
			}
		})
	}
}

// FuzzReadPools looks for panics, and for pools that a simulation cannot use.
func FuzzReadPools(f *testing.F) {
	f.Add(readable)
	f.Add(`{"pools":[{"instanceType":"Standard_D2s_v5","allocatable":{"memory":"1e30"}}]}`)
	f.Add("pools:\n- &a {name: a}\n- *a\n")
	f.Fuzz(func(t *testing.T, text string) {
		pools, err := ReadPools("fuzz.yaml", strings.NewReader(text))
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for i := range pools {
			p := &pools[i]
			if p.Name == "" || seen[p.Name] || p.Price < 0 || p.MaxNodes < 0 || p.Prepaid < 0 || p.Template == nil {
				t.Errorf("got pool %+v", p)
			}
			seen[p.Name] = true
			if a := p.Allocatable(); a.MilliCPU <= 0 || a.Memory <= 0 {
				t.Errorf("got pool %s with %+v", p.Name, a)
			}
		}
	})
}
