// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestParseAmount(t *testing.T) {
	for _, tt := range []struct {
		name corev1.ResourceName
		want map[string]string // "" is refused
	}{
		{corev1.ResourceCPU, map[string]string{
			"4": "4", "500m": "500m", "0.5": "500m", "1.0": "1", "0": "0", "1e3": "1e3", "4Pi": "4Pi",
			"2E": "", "5Pi": "", "-1": "", "1e999999999": "", "1E-999999999": "", "1e+9999": "", ".5e99999": "", "lots": "", "": "",
			"0.0001": "", "1u": "",
		}},
		{corev1.ResourceMemory, map[string]string{"16Gi": "16Gi", "1.5Gi": "1536Mi", "1e9": "1e9", "0": "0", "100m": "", "1.5": ""}},
		{corev1.ResourcePods, map[string]string{"110": "110", "1.5": "", "-3": ""}},
		{"nvidia.com/gpu", map[string]string{"8": "8", "0": "0", "0.5": "", "500m": ""}},
	} {
		for text, want := range tt.want {
			q, err := parseAmount(tt.name, text)
			if err == nil && q.String() != want || (err != nil) != (want == "") {
				t.Errorf("%s %q: got %s, %v, want %q", tt.name, text, q.String(), err, want)
			}
		}
	}
}

func TestParseCount(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "0": 0, "10": 10, "010": 10, "1000000": 1_000_000,
		"1000001": -1, "99999999999999999999": -1, "-1": -1, "0.5": -1, "10.0": -1, "1e1": -1, "0x10": -1, ".inf": -1, "true": -1, "many": -1,
	} {
		got, err := parseCount(text)
		if err == nil && got != want || (err != nil) != (want < 0) {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
}

// TestReadPoolsHugeExponent ends: such quantities take for ever to read.
func TestReadPoolsHugeExponent(t *testing.T) {
	_, err := ReadPools("p.yaml", strings.NewReader("pools:\n- instanceType: m5.large\n  allocatable:\n    cpu: 1e999999999\n"))
	if err == nil || !strings.Contains(err.Error(), `p.yaml:4: pool "m5.large": cpu is "1e999999999"`) {
		t.Errorf("got %v", err)
	}
}
