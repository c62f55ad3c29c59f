// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	kubeschedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"

	_ "github.com/tollgate-dev/tollgate/pkg/apis/config/scheme" // CostScoreArgs and CertGateArgs
)

const shipped = "../../../" + Shipped

func decode(t *testing.T, name string) schedconfig.KubeSchedulerProfile {
	t.Helper()
	data, err := Config(name, shipped)
	if err != nil {
		t.Fatal(err)
	}
	obj, _, err := kubeschedulerscheme.Codecs.UniversalDecoder().Decode(data, nil, nil)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, data)
	}
	config := obj.(*schedconfig.KubeSchedulerConfiguration)
	if len(config.Profiles) != 1 || config.Profiles[0].SchedulerName != corev1.DefaultSchedulerName {
		t.Fatalf("%s: %d profiles, the first for %s", name, len(config.Profiles), config.Profiles[0].SchedulerName)
	}
	return config.Profiles[0]
}

func TestConfigs(t *testing.T) {
	if p := decode(t, Default); p.PercentageOfNodesToScore != nil {
		t.Errorf("upstream's default looks at %d%% of nodes", *p.PercentageOfNodesToScore)
	}
	for _, name := range []string{MostAllocated, Tollgate} {
		if p := decode(t, name); p.PercentageOfNodesToScore == nil || *p.PercentageOfNodesToScore != 100 {
			t.Errorf("%s does not look at all nodes", name)
		}
	}
	for name, want := range map[string]schedconfig.ScoringStrategyType{
		Default: schedconfig.LeastAllocated, MostAllocated: schedconfig.MostAllocated, Tollgate: schedconfig.MostAllocated,
	} {
		for _, c := range decode(t, name).PluginConfig {
			if args, ok := c.Args.(*schedconfig.NodeResourcesFitArgs); ok && args.ScoringStrategy.Type != want {
				t.Errorf("%s scores by %s, want %s", name, args.ScoringStrategy.Type, want)
			}
		}
	}
	costScore := false
	for _, plugin := range decode(t, Tollgate).Plugins.MultiPoint.Enabled {
		costScore = costScore || plugin.Name == "CostScore"
	}
	if !costScore {
		t.Error("Tollgate's profile is without CostScore")
	}
}

func TestConfigRefuses(t *testing.T) {
	if _, err := Config("best", shipped); err == nil {
		t.Error("an unknown policy was taken")
	}
	if _, err := Config(Tollgate, "nothing.yaml"); err == nil {
		t.Error("a file that is not there was taken")
	}
	if _, err := Config(Tollgate, "policy_test.go"); err == nil {
		t.Error("a file that is no configuration was taken")
	}
}
