// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"slices"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/metrics/testutil"
	fwk "k8s.io/kube-scheduler/framework"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	upstream "k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

type changeProfile = func(*schedconfig.KubeSchedulerProfile)

// weighing sets the weight of a plugin, which is enabled if it was not.
func weighing(name string, weight int32) changeProfile {
	return func(p *schedconfig.KubeSchedulerProfile) {
		all := &p.Plugins.MultiPoint.Enabled
		if i := slices.IndexFunc(*all, func(p schedconfig.Plugin) bool { return p.Name == name }); i >= 0 {
			(*all)[i].Weight = weight
			return
		}
		*all = append(*all, schedconfig.Plugin{Name: name, Weight: weight})
	}
}

func without(name string) changeProfile {
	return func(p *schedconfig.KubeSchedulerProfile) {
		p.Plugins.MultiPoint.Enabled = slices.DeleteFunc(p.Plugins.MultiPoint.Enabled, func(p schedconfig.Plugin) bool { return p.Name == name })
	}
}

// configured changes the arguments of a plugin.
func configured[T any](change func(*T)) changeProfile {
	return func(p *schedconfig.KubeSchedulerProfile) {
		for _, c := range p.PluginConfig {
			if args, ok := any(c.Args).(*T); ok {
				change(args)
			}
		}
	}
}

func scoring(s schedconfig.ScoringStrategy) changeProfile {
	return configured(func(args *schedconfig.NodeResourcesFitArgs) { args.ScoringStrategy = &s })
}

var cpuAndMemory = []schedconfig.ResourceSpec{{Name: "cpu", Weight: 1}, {Name: "memory", Weight: 1}}

// What a profile has that the index does not know of keeps it from being used.
func TestProfileFaults(t *testing.T) {
	const otherScores = "NodeResourcesFit scores by something else than MostAllocated of cpu and memory with equal weights"
	set := func(change func(*schedconfig.Plugins)) changeProfile {
		return func(p *schedconfig.KubeSchedulerProfile) { change(p.Plugins) }
	}
	this := []schedconfig.Plugin{{Name: Name}}
	tests := map[string]struct {
		change changeProfile
		want   string // "" for none
	}{
		"the shipped profile":          {func(*schedconfig.KubeSchedulerProfile) {}, ""},
		"images are scored":            {weighing(upstream.ImageLocality, 1), "plugin ImageLocality scores nodes"},
		"cost does not beat packing":   {weighing(Name, 100), "the weight of CostScore, 100, has to be more than 100 times that of NodeResourcesFit"},
		"cost just beats packing":      {weighing(Name, 101), ""},
		"packing weighs too much":      {weighing(upstream.NodeResourcesFit, 10), "the weight of CostScore, 1000, has to be more than 100 times"},
		"packing weighs more":          {weighing(upstream.NodeResourcesFit, 9), ""},
		"taints beat cost":             {weighing(upstream.TaintToleration, 1), ""},
		"least allocated":              {scoring(schedconfig.ScoringStrategy{Type: schedconfig.LeastAllocated, Resources: cpuAndMemory}), otherScores},
		"the other order of resources": {scoring(schedconfig.ScoringStrategy{Type: schedconfig.MostAllocated, Resources: []schedconfig.ResourceSpec{cpuAndMemory[1], cpuAndMemory[0]}}), ""},
		"equal weights":                {scoring(schedconfig.ScoringStrategy{Type: schedconfig.MostAllocated, Resources: []schedconfig.ResourceSpec{{Name: "cpu", Weight: 7}, {Name: "memory", Weight: 7}}}), ""},
		"other weights":                {scoring(schedconfig.ScoringStrategy{Type: schedconfig.MostAllocated, Resources: []schedconfig.ResourceSpec{{Name: "cpu", Weight: 50}, {Name: "memory", Weight: 51}}}), otherScores},
		"one resource":                 {scoring(schedconfig.ScoringStrategy{Type: schedconfig.MostAllocated, Resources: cpuAndMemory[:1]}), otherScores},
		"storage too":                  {scoring(schedconfig.ScoringStrategy{Type: schedconfig.MostAllocated, Resources: append(slices.Clone(cpuAndMemory), schedconfig.ResourceSpec{Name: "ephemeral-storage", Weight: 1})}), otherScores},
		"extended resources of others": {scoring(schedconfig.ScoringStrategy{Type: schedconfig.MostAllocated, Resources: append(slices.Clone(cpuAndMemory), schedconfig.ResourceSpec{Name: "example.com/gpu", Weight: 5})}), ""},
		"a ratio that is not quite that": {scoring(schedconfig.ScoringStrategy{Type: schedconfig.RequestedToCapacityRatio, Resources: cpuAndMemory, RequestedToCapacityRatio: &schedconfig.RequestedToCapacityRatioParam{
			Shape: []schedconfig.UtilizationShapePoint{{Utilization: 0, Score: 0}, {Utilization: 100, Score: 10}},
		}}), otherScores},
		"added affinity": {configured(func(args *schedconfig.NodeAffinityArgs) {
			args.AddedAffinity = &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{
				NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchExpressions: []v1.NodeSelectorRequirement{{Key: "x", Operator: v1.NodeSelectorOpDoesNotExist}}}},
			}}
		}), "NodeAffinity has an addedAffinity"},
		"no NodeUnschedulable":    {without(upstream.NodeUnschedulable), "plugin NodeUnschedulable does not filter nodes"},
		"no TaintToleration":      {without(upstream.TaintToleration), "plugin TaintToleration does not filter nodes"},
		"no NodeAffinity":         {without(upstream.NodeAffinity), "plugin NodeAffinity does not filter nodes"},
		"no NodeResourcesFit":     {without(upstream.NodeResourcesFit), "plugin NodeResourcesFit does not filter nodes"},
		"no Filter of limits":     {set(func(p *schedconfig.Plugins) { p.Filter.Disabled = this }), "plugin CostScore does not filter nodes"},
		"no inter-pod affinity":   {without(upstream.InterPodAffinity), ""},
		"ports without PreFilter": {set(func(p *schedconfig.Plugins) { p.PreFilter.Disabled = []schedconfig.Plugin{{Name: upstream.NodePorts}} }), "plugin NodePorts has Filter without PreFilter"},
		"PreFilter is first":      {set(func(p *schedconfig.Plugins) { p.PreFilter.Enabled = this }), "CostScore is not the last PreFilter plugin"},
		"Filter is first":         {set(func(p *schedconfig.Plugins) { p.Filter.Enabled = this }), "CostScore is not the last Filter plugin"},
		"packing is not scored": {set(func(p *schedconfig.Plugins) {
			p.Score.Disabled = []schedconfig.Plugin{{Name: upstream.NodeResourcesFit}}
		}), ""},
		"preferred affinity is no matter": {set(func(p *schedconfig.Plugins) { p.Score.Disabled = []schedconfig.Plugin{{Name: upstream.NodeAffinity}} }), ""},
	}
	storage := capacity(resources{"cpu": "4", "memory": "16Gi", "ephemeral-storage": "10Gi", "pods": "110"})
	nodes := []*v1.Node{node("a", "0.20", storage), node("b", "0.10", storage), node("c", "0.10", storage)}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newClusterOf(t, nodes, []*v1.Pod{on("c", "before", 0)}, tt.change)
			found := c.place(t, pod("p").Obj()).found
			if fault := c.plugin.facts.fault; (fault == "") != (tt.want == "") || !strings.HasPrefix(fault, tt.want) {
				t.Errorf("got fault %q, want %q", fault, tt.want)
			}
			if (found == "") != (tt.want != "") {
				t.Errorf("got node %q for the fault %q", found, tt.want)
			}
		})
	}
}

// edited is a framework with other plugins than it has.
type edited struct {
	framework.Framework
	edit      func(*schedconfig.Plugins)
	extenders []fwk.Extender
}

func (e edited) ListPlugins() *schedconfig.Plugins {
	p := e.Framework.ListPlugins()
	e.edit(p)
	return p
}

func (e edited) Extenders() []fwk.Extender { return e.extenders }

func TestForeignPlugins(t *testing.T) {
	c := newCluster(t, nil, nil)
	other := schedconfig.Plugin{Name: "Other", Weight: 1}
	before := func(name string) func(*schedconfig.Plugins) {
		return func(p *schedconfig.Plugins) { p.PreFilter.Enabled = append(onlyNames(name), p.PreFilter.Enabled...) }
	}
	tests := map[string]struct {
		handle fwk.Handle
		want   string
	}{
		"none": {edited{c, func(*schedconfig.Plugins) {}, nil}, ""},
		"another Filter": {edited{c, func(p *schedconfig.Plugins) {
			p.Filter.Enabled = append([]schedconfig.Plugin{other}, p.Filter.Enabled...)
		}, nil}, "plugin Other filters nodes"},
		"another Score":            {edited{c, func(p *schedconfig.Plugins) { p.Score.Enabled = append(p.Score.Enabled, other) }, nil}, "plugin Other scores nodes"},
		"another PreFilter":        {edited{c, func(p *schedconfig.Plugins) { p.PreFilter.Enabled = append(p.PreFilter.Enabled, other) }, nil}, "plugin Other may reject pods or leave nodes out in PreFilter"},
		"another PreFilter before": {edited{c, before("Other"), nil}, "plugin Other may reject pods or leave nodes out in PreFilter"},
		"a PreFilter of quotas":    {edited{c, before("CapacityScheduling"), nil}, "plugin CapacityScheduling may reject pods or leave nodes out in PreFilter"},
		"a PreFilter of groups":    {edited{c, before(coscheduling), nil}, ""},
		"CertGate's Filter after": {edited{c, func(p *schedconfig.Plugins) {
			p.Filter.Enabled = append(p.Filter.Enabled, schedconfig.Plugin{Name: certGate})
		}, nil}, ""},
		"no PreFilter of this":       {edited{c, func(p *schedconfig.Plugins) { p.PreFilter.Enabled = nil; p.Filter.Enabled = onlyNames(required...) }, nil}, "CostScore is not the last PreFilter plugin"},
		"no PreFilter of volumes":    {edited{c, withoutPreFilter(upstream.VolumeBinding), nil}, "plugin VolumeBinding has Filter without PreFilter"},
		"no PreFilter of limits":     {edited{c, withoutPreFilter(upstream.NodeVolumeLimits), nil}, "plugin NodeVolumeLimits has Filter without PreFilter"},
		"no PreFilter of devices":    {edited{c, withoutPreFilter(upstream.DynamicResources), nil}, "plugin DynamicResources has Filter without PreFilter"},
		"an extender":                {edited{c, func(*schedconfig.Plugins) {}, []fwk.Extender{nil}}, "the scheduler has extenders"},
		"plugins that are not known": {struct{ fwk.Handle }{c}, "the plugins of the profile cannot be listed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := (&profileFacts{}).check(t.Context(), tt.handle); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func withoutPreFilter(name string) func(*schedconfig.Plugins) {
	return func(p *schedconfig.Plugins) {
		p.PreFilter.Enabled = slices.DeleteFunc(slices.Clone(p.PreFilter.Enabled), func(p schedconfig.Plugin) bool { return p.Name == name })
	}
}

func onlyNames(names ...string) (all []schedconfig.Plugin) {
	for _, name := range names {
		all = append(all, schedconfig.Plugin{Name: name})
	}
	return all
}

// wantReason places a pod and checks why all nodes are compared for it.
func wantReason(t *testing.T, c *cluster, pod *v1.Pod, want string) {
	t.Helper()
	count := func() float64 {
		value, err := testutil.GetCounterMetricValue(searches.WithLabelValues(want))
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	before := count()
	if found := c.place(t, pod).found; (found == "") != (want != "") {
		t.Errorf("got node %q", found)
	}
	if count() != before+1 {
		t.Errorf("want one more search with the reason %q", want)
	}
}

// A profile may spread the pods of a Service that say nothing about it.
func TestDefaultSpreadIsKnown(t *testing.T) {
	nodes := []*v1.Node{node("a", "0.20", label(v1.LabelHostname, "a"), label("zone", "a")), node("b", "0.10", label(v1.LabelHostname, "b"), label("zone", "b"))}
	running := on("b", "running", 0)
	running.Labels = map[string]string{"app": "a"}
	system := configured(func(args *schedconfig.PodTopologySpreadArgs) {
		args.DefaultingType, args.DefaultConstraints = schedconfig.SystemDefaulting, nil
	})
	listed := func(when v1.UnsatisfiableConstraintAction) changeProfile {
		return configured(func(args *schedconfig.PodTopologySpreadArgs) {
			args.DefaultConstraints = []v1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: when}}
		})
	}
	tests := map[string]struct {
		change changeProfile
		want   string // the node for a pod of the Service
	}{
		"none":           {func(*schedconfig.KubeSchedulerProfile) {}, "b"},
		"system":         {system, "a"},
		"ScheduleAnyway": {listed(v1.ScheduleAnyway), "a"},
		"DoNotSchedule":  {listed(v1.DoNotSchedule), "a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newClusterOf(t, nodes, []*v1.Pod{running}, tt.change)
			service := &v1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "default"}, Spec: v1.ServiceSpec{Selector: map[string]string{"app": "a"}}}
			if err := c.SharedInformerFactory().Core().V1().Services().Informer().GetStore().Add(service); err != nil {
				t.Fatal(err)
			}
			wantReason(t, c, pod("alone").Label("app", "b").Obj(), "")
			if found := c.place(t, pod("served").Label("app", "a").Obj()).found; found != tt.want {
				t.Errorf("got node %q, want %s", found, tt.want)
			}
		})
	}
}

func TestSearchIsConfigured(t *testing.T) {
	nodes := []*v1.Node{node("a", "0.20"), node("b", "0.10")}
	full := func(args *config.CostScoreArgs) { args.Search = config.SearchFull }
	wantReason(t, newCluster(t, nodes, nil), pod("p").Obj(), "")
	wantReason(t, newCluster(t, nodes, nil, full), pod("p").Obj(), reasonConfigured)
	wantReason(t, newCluster(t, nodes, nil, lifetimeStrategy), pod("p").Obj(), "")
	wantReason(t, newClusterOf(t, nodes, nil, weighing(upstream.ImageLocality, 1)), pod("p").Obj(), reasonProfile)

	c := newCluster(t, nodes, nil)
	state := framework.NewCycleState()
	CompareAll(state)
	if result, status, _ := c.RunPreFilterPlugins(t.Context(), state, pod("p").Obj()); !status.IsSuccess() || !result.AllNodes() {
		t.Errorf("got %v and %v, want all nodes if the caller says so", result, status.AsError())
	}
	wantReason(t, c, pod("p").Obj(), "")
}
