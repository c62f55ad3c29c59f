// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func TestEditConfig(t *testing.T) {
	for _, o := range []schedulerOptions{{}, {plain: true, standby: true}} {
		raw, err := os.ReadFile("../../../config/scheduler/beside.yaml")
		if err != nil {
			t.Fatal(err)
		}
		config := map[string]any{}
		if err := yaml.Unmarshal(raw, &config); err != nil {
			t.Fatal(err)
		}
		config["clientConnection"] = map[string]any{"kubeconfig": "x"}
		editConfig(config, o)

		if diff := cmp.Diff(map[string]any{"kubeconfig": "x", "qps": clientRate, "burst": clientRate}, config["clientConnection"]); diff != "" {
			t.Errorf("%+v: clientConnection (-want +got):\n%s", o, diff)
		}
		if got := config["leaderElection"].(map[string]any)["leaderElect"]; got != o.standby {
			t.Errorf("%+v: leaderElect is %v", o, got)
		}
		profile := config["profiles"].([]any)[0].(map[string]any)
		enabled := map[string]bool{}
		for _, p := range profile["plugins"].(map[string]any)["multiPoint"].(map[string]any)["enabled"].([]any) {
			enabled[p.(map[string]any)["name"].(string)] = true
		}
		args := map[string]any{}
		for _, p := range profile["pluginConfig"].([]any) {
			plugin := p.(map[string]any)
			args[plugin["name"].(string)] = plugin["args"]
		}
		if enabled["CertGate"] == o.plain || enabled[plainName] != o.plain || !enabled["CostScore"] {
			t.Errorf("%+v: plugins %v", o, maps.Keys(enabled))
		}
		gate, configured := args["CertGate"]
		if configured == o.plain || !o.plain && gate.(map[string]any)["source"] != "Secrets" || args["CostScore"] == nil {
			t.Errorf("%+v: plugin args %v", o, args)
		}
	}
}

func TestPendingPods(t *testing.T) {
	got := pendingPods([]byte(`# HELP scheduler_pending_pods [STABLE] Number of pending pods
# TYPE scheduler_pending_pods gauge
scheduler_pending_pods{queue="active"} 3
scheduler_pending_pods{queue="gated"} 10000
scheduler_pending_pods{queue="backoff"} 1e+06
scheduler_other{queue="active"} 7
`))
	if diff := cmp.Diff(map[string]int{"active": 3, "gated": 10000, "backoff": 1000000}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseMachineTime(t *testing.T) {
	idle, all, err := parseMachineTime([]byte("cpu  10 20 30 400 50 6 7\ncpu0 1 2 3 4 5\n"))
	if err != nil || idle != 450 || all != 523 {
		t.Errorf("parseMachineTime returned %d, %d and %v, want 450, 523 and no error", idle, all, err)
	}
	for _, bad := range []string{"", "cpu", "cpu a b c d e f", "intr 1 2 3 4 5 6"} {
		if _, _, err := parseMachineTime([]byte(bad)); err == nil {
			t.Errorf("parseMachineTime accepts %q", bad)
		}
	}
}
