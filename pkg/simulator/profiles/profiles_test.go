// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/utils/ptr"

	tollgateconfig "github.com/tollgate-dev/tollgate/pkg/apis/config"
)

const shipped = "../../../config/scheduler/beside.yaml"

func builtIn(t *testing.T, name string) *schedconfig.KubeSchedulerProfile {
	t.Helper()
	p, err := Named(name)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != name || len(p.Config.Profiles) != 1 {
		t.Fatalf("got profile %q with %d profiles", p.Name, len(p.Config.Profiles))
	}
	return &p.Config.Profiles[0]
}

func loaded(t *testing.T, path string) *schedconfig.KubeSchedulerProfile {
	t.Helper()
	p, err := Load(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return &p.Config.Profiles[0]
}

func costScoreArgs(p *schedconfig.KubeSchedulerProfile) *tollgateconfig.CostScoreArgs {
	for _, c := range p.PluginConfig {
		if args, ok := c.Args.(*tollgateconfig.CostScoreArgs); ok {
			return args
		}
	}
	return nil
}

// TestDominantShareIsWhatIsShipped compares with each file that has the
// profile. Where CertGate learns of certificates is each file's own choice.
func TestDominantShareIsWhatIsShipped(t *testing.T) {
	gateArgs := cmpopts.IgnoreFields(tollgateconfig.CertGateArgs{}, "Source")
	for _, file := range []string{shipped, "../../../config/scheduler/replace.yaml"} {
		if diff := cmp.Diff(loaded(t, file), builtIn(t, DominantShare), gateArgs); diff != "" {
			t.Errorf("the profile is not that of %s (-shipped, +built in):\n%s", file, diff)
		}
	}
}

// TestVariantsOfTheShippedProfile says what each differs in, and that it is
// nothing else.
func TestVariantsOfTheShippedProfile(t *testing.T) {
	isCostScore := func(name string) bool { return name == "CostScore" }
	withoutCostScore := func(p *schedconfig.KubeSchedulerProfile) {
		e := &p.Plugins.MultiPoint.Enabled
		*e = slices.DeleteFunc(*e, func(pl schedconfig.Plugin) bool { return isCostScore(pl.Name) })
		p.PluginConfig = slices.DeleteFunc(p.PluginConfig, func(c schedconfig.PluginConfig) bool { return isCostScore(c.Name) })
	}
	for name, change := range map[string]func(*schedconfig.KubeSchedulerProfile){
		DominantShareNoAge: func(p *schedconfig.KubeSchedulerProfile) { costScoreArgs(p).AgeExponent = ptr.To(0.0) },
		DominantShareLifetimes: func(p *schedconfig.KubeSchedulerProfile) {
			costScoreArgs(p).Strategy = tollgateconfig.StrategyDominantShareLifetimes
		},
		MostAllocated: withoutCostScore,
		RequestedToCapacityRatio: func(p *schedconfig.KubeSchedulerProfile) {
			withoutCostScore(p)
			for _, c := range p.PluginConfig {
				if args, ok := c.Args.(*schedconfig.NodeResourcesFitArgs); ok {
					args.ScoringStrategy = &schedconfig.ScoringStrategy{
						Type: schedconfig.RequestedToCapacityRatio,
						Resources: []schedconfig.ResourceSpec{
							{Name: "cpu", Weight: 1}, {Name: "memory", Weight: 1}, {Name: "tollgate.dev/gpu-milli", Weight: 5},
						},
						RequestedToCapacityRatio: &schedconfig.RequestedToCapacityRatioParam{
							Shape: []schedconfig.UtilizationShapePoint{{Utilization: 0, Score: 0}, {Utilization: 100, Score: 10}},
						},
					}
				}
			}
		},
	} {
		want := loaded(t, shipped)
		change(want)
		if diff := cmp.Diff(want, builtIn(t, name)); diff != "" {
			t.Errorf("unexpected profile %s (-want, +got):\n%s", name, diff)
		}
	}
}

func TestDefaultIsUpstreams(t *testing.T) {
	want, err := decode("empty", []byte("apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"), "", whole)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want.Config.Profiles[0], builtIn(t, Default)); diff != "" {
		t.Errorf("unexpected profile (-want, +got):\n%s", diff)
	}
}

// TestNodePriceDominates wants the least difference in price to beat all other
// scores together.
func TestNodePriceDominates(t *testing.T) {
	p := builtIn(t, NodePrice)
	var cost, others int32
	for _, e := range p.Plugins.MultiPoint.Enabled {
		if e.Name == "CostScore" {
			cost = e.Weight
		} else {
			others += max(1, e.Weight)
		}
	}
	if cost <= 100*others {
		t.Errorf("CostScore weighs %d, want more than 100 times the others' %d", cost, others)
	}
	if args := costScoreArgs(p); args == nil || args.Strategy != tollgateconfig.StrategyNodePrice {
		t.Errorf("got args %+v", args)
	}
}

func TestNames(t *testing.T) {
	entries, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(Names()) {
		t.Errorf("%d names and %d files", len(Names()), len(entries))
	}
	for _, name := range Names() {
		builtIn(t, name)
	}
	_, err = Named("mostallocated")
	if err == nil || !strings.Contains(err.Error(), `did you mean "MostAllocated"?`) {
		t.Errorf("got error %v", err)
	}
	if _, err := Named("zzz"); err == nil || !strings.Contains(err.Error(), "choose one of default, MostAllocated") {
		t.Errorf("got error %v", err)
	}
}

func TestWithCostScore(t *testing.T) {
	for name, want := range map[string]bool{DominantShare: true, NodePrice: true, Default: false} {
		p, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		before := p.Config.DeepCopy()
		called := false
		changed := p.WithCostScore(func(args *tollgateconfig.CostScoreArgs) {
			called = true
			args.Strategy = "changed"
		})
		if called != want {
			t.Errorf("%s: called %t, want %t", name, called, want)
		}
		if diff := cmp.Diff(before, p.Config); diff != "" {
			t.Errorf("%s: the original was changed:\n%s", name, diff)
		}
		if args := costScoreArgs(&changed.Config.Profiles[0]); want && args.Strategy != "changed" {
			t.Errorf("%s: got args %+v", name, args)
		}
		if changed.Name != name {
			t.Errorf("got name %q, want %q", changed.Name, name)
		}
	}
}

// TestWithCostScoreWithoutArgs wants defaults to be there to change.
func TestWithCostScoreWithoutArgs(t *testing.T) {
	p, err := decode("f", []byte(header+"  plugins: {score: {enabled: [{name: CostScore}]}}\n"), "", whole)
	if err != nil {
		t.Fatal(err)
	}
	called := false
	p.WithCostScore(func(args *tollgateconfig.CostScoreArgs) {
		called = args.Strategy == tollgateconfig.StrategyDominantShare
	})
	if !called {
		t.Error("there are no args, or no defaults in them")
	}
}

// TestNotSimulatedIsWhatIsRegistered counts the plugins that the scheduler has.
func TestNotSimulatedIsWhatIsRegistered(t *testing.T) {
	source, err := os.ReadFile("../../../cmd/scheduler/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(notSimulated)+2, strings.Count(string(source), "app.WithPlugin("); got != want {
		t.Errorf("this package knows %d plugins that are not upstream's, the scheduler has %d", got, want)
	}
}
