// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync/atomic"

	v1 "k8s.io/api/core/v1"
	v1helper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	upstream "k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

	"github.com/tollgate-dev/tollgate/pkg/nodeindex"
)

// placeable is what the search has to know about a pod that the index is for.
type placeable struct {
	need nodeindex.Room
	// affinity is the pod's node selector and required node affinity; nil if
	// it has neither.
	affinity *nodeaffinity.RequiredNodeAffinity
	// filters are the Filter plugins that have something to say about the pod,
	// beside those that the index stands in for.
	filters []fwk.FilterPlugin
	// slow says that some of these look at volumes or devices: see mostTime.
	slow bool
	// reachable is where the pod's volumes and devices are, and selected the node
	// that a volume is being made for, as far as that is plain.
	reachable []nodeMatcher
	selected  string
	// failed says that a Filter plugin could not tell.
	failed atomic.Bool
	// fit is NodeResourcesFit if the pod requests other resources than those of
	// nodeindex.Room.
	fit fwk.FilterPlugin
	// fitting are its answers by nodeindex.Class.Extended; see fitsEmpty.
	fitting map[string]bool
	// tolerations are the pod's, verdicts what taints has made of them.
	tolerations []v1.Toleration
	verdicts    map[tainted]verdict
	// preferences are the Score plugins that score the pod's nodes differently.
	preferences []*scorer
}

// filterStates are the keys under which Filter plugins keep, in PreFilter, what
// they have to say about a pod. They write nothing if that is nothing, and then
// the framework does not call Filter. If there is something, Filter needs that and
// the node, and nothing else: so the search may ask it about a node, with the same
// answer as the framework will get.
var filterStates = map[string]fwk.StateKey{
	upstream.NodePorts:            "PreFilter" + upstream.NodePorts,
	upstream.VolumeRestrictions:   "PreFilter" + upstream.VolumeRestrictions,
	upstream.VolumeZone:           "PreFilter" + upstream.VolumeZone,
	upstream.PodTopologySpread:    "PreFilter" + upstream.PodTopologySpread,
	upstream.InterPodAffinity:     "PreFilter" + upstream.InterPodAffinity,
	upstream.NodeDeclaredFeatures: "PreFilter" + upstream.NodeDeclaredFeatures,
}

// fitState is where NodeResourcesFit keeps what the pod requests.
const fitState fwk.StateKey = "PreFilter" + upstream.NodeResourcesFit

// requested is what NodeResourcesFit keeps there.
type requested interface {
	GetMilliCPU() int64
	GetMemory() int64
	GetEphemeralStorage() int64
	GetScalarResources() map[v1.ResourceName]int64
}

// placeable returns the pod if all that has something to say about its nodes is
// either what the index stands in for, or can be asked about a node, else the
// reason.
func (f *profileFacts) placeable(ctx context.Context, state fwk.CycleState, pod *v1.Pod, nodes []fwk.NodeInfo) (*placeable, string) {
	spec := &pod.Spec
	switch {
	case pod.Status.NominatedNodeName != "" || spec.NodeName != "":
		return nil, reasonNominated
	}
	for i := range spec.Tolerations {
		switch spec.Tolerations[i].Operator {
		case "", v1.TolerationOpEqual, v1.TolerationOpExists:
		default: // behind a feature gate
			return nil, reasonOtherFilter
		}
	}
	p := &placeable{tolerations: spec.Tolerations, verdicts: map[tainted]verdict{}}
	data, err := state.Read(fitState)
	if err != nil {
		return nil, reasonOtherFilter
	}
	r, ok := data.(requested)
	if !ok {
		return nil, reasonOtherFilter
	}
	for name := range r.GetScalarResources() {
		if m := f.claims; m != nil && m.DeviceClassResolver().GetDeviceClass(name) != nil {
			return nil, reasonResourceClaims
		}
		if p.fit == nil {
			p.fit, p.fitting = f.fit, map[string]bool{}
		}
		if f.packs && !f.packsWith(ctx, name) {
			return nil, reasonResources
		}
	}
	p.need = nodeindex.Room{MilliCPU: r.GetMilliCPU(), Memory: r.GetMemory(), EphemeralStorage: r.GetEphemeralStorage(), Pods: 1}
	if onFields(spec.Affinity) {
		return nil, reasonNodeFields
	}
	if len(nodes) == 0 {
		return nil, reasonNoNode
	}
	p.preferences = f.preferences(ctx, pod, nodes)
	if p.fit != nil {
		p.filters = append(p.filters, p.fit)
	}
	for _, filter := range f.stateful {
		if _, err := state.Read(filterStates[filter.Name()]); err == nil {
			p.filters = append(p.filters, filter)
		}
	}
	if reason := cmp.Or(p.volumes(ctx, &f.volumes, pod), p.devices(f, pod)); reason != "" {
		return nil, reason
	}
	if len(spec.NodeSelector) > 0 || requiresNodes(spec.Affinity) {
		required := nodeaffinity.GetRequiredNodeAffinity(pod)
		p.affinity = &required
	}
	return p, ""
}

// preferences returns the Score plugins that score the pod's nodes differently,
// beside TaintToleration, which the taints of nodes decide about.
func (f *profileFacts) preferences(ctx context.Context, pod *v1.Pod, nodes []fwk.NodeInfo) []*scorer {
	var all []*scorer
	for _, s := range []*scorer{f.nodeAffinity, f.spread, f.podAffinity} {
		// Not asked in vain where that takes long and the answer is plain.
		sure := s == f.spread && spreadsAnyway(pod) || s == f.podAffinity && prefersPods(pod.Spec.Affinity)
		if s != nil && (sure || s.prefers(ctx, pod, nodes)) {
			all = append(all, s)
		}
	}
	return all
}

func spreadsAnyway(pod *v1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.TopologySpreadConstraints, func(c v1.TopologySpreadConstraint) bool {
		return c.WhenUnsatisfiable == v1.ScheduleAnyway
	})
}

func prefersPods(a *v1.Affinity) bool {
	return a != nil && (a.PodAffinity != nil && len(a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0 ||
		a.PodAntiAffinity != nil && len(a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0)
}

// fitsEmpty reports whether the nodes of a class have the extended resources that
// the pod requests, or NodeResourcesFit does not look at them. Else the pod fits on
// none, and they need not be gone through.
func (p *placeable) fitsEmpty(ctx context.Context, state fwk.CycleState, pod *v1.Pod, c *nodeindex.Class, sample *nodeindex.Sample) bool {
	fits, known := p.fitting[c.Extended]
	if !known {
		info := framework.NewNodeInfo()
		info.SetNode(sample.Node)
		info.Allocatable.MilliCPU, info.Allocatable.Memory = math.MaxInt64, math.MaxInt64
		info.Allocatable.EphemeralStorage, info.Allocatable.AllowedPodNumber = math.MaxInt64, 1
		fits = p.fit.Filter(ctx, state, pod, info).IsSuccess()
		p.fitting[c.Extended] = fits
	}
	return fits
}

// nodeMatcher is a selector of nodes, strict or lazy about its faults.
type nodeMatcher interface {
	Match(node *v1.Node) bool
}

// lazily is a selector that matches nothing where it has a fault.
type lazily struct {
	*nodeaffinity.LazyErrorNodeSelector
}

// Match implements nodeMatcher.
func (l lazily) Match(node *v1.Node) bool {
	matches, _ := l.LazyErrorNodeSelector.Match(node)
	return matches
}

// asks reports whether there is something to be asked about single nodes.
func (p *placeable) asks() bool {
	return p.affinity != nil || p.selected != "" || len(p.reachable) > 0 || len(p.filters) > 0
}

// matches reports whether the name and the labels of a node let the pod use it.
func (p *placeable) matches(node *v1.Node) bool {
	if p.selected != "" && p.selected != node.Name {
		return false
	}
	if p.affinity != nil {
		if matches, _ := p.affinity.Match(node); !matches {
			return false
		}
	}
	for _, selector := range p.reachable {
		if !selector.Match(node) {
			return false
		}
	}
	return true
}

// passes reports whether all Filter plugins that have something to say let a pod
// use a node.
func (p *placeable) passes(ctx context.Context, state fwk.CycleState, pod *v1.Pod, info fwk.NodeInfo) bool {
	for _, filter := range p.filters {
		if status := filter.Filter(ctx, state, pod, info); !status.IsSuccess() {
			if status.Code() == fwk.Error {
				p.failed.Store(true) // which would end the cycle
			}
			return false
		}
	}
	return true
}

func requiresNodes(a *v1.Affinity) bool {
	return a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil
}

// onFields reports whether a node affinity looks at other things than labels.
func onFields(a *v1.Affinity) bool {
	if !requiresNodes(a) {
		return false
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		if len(term.MatchFields) > 0 {
			return true
		}
	}
	return false
}

// verdict is what the taints of a node mean for a pod.
type verdict int

const (
	accepted verdict = iota
	disliked         // scored lower, by TaintToleration
	refused          // by TaintToleration or NodeUnschedulable
)

// tainted is what of a class the verdict depends on.
type tainted struct {
	taints        string
	unschedulable bool
}

// verdict is what the taints of a class mean for the pod.
func (p *placeable) verdict(ctx context.Context, c *nodeindex.Class, sample *nodeindex.Sample) verdict {
	key := tainted{c.Taints, c.Unschedulable}
	if key == (tainted{}) {
		return accepted
	}
	v, known := p.verdicts[key]
	if !known {
		v = p.taints(ctx, sample.Node)
		p.verdicts[key] = v
	}
	return v
}

// taints applies the rules of TaintToleration and NodeUnschedulable.
func (p *placeable) taints(ctx context.Context, node *v1.Node) verdict {
	logger := klog.FromContext(ctx)
	if node.Spec.Unschedulable && !p.tolerates(logger, &v1.Taint{Key: v1.TaintNodeUnschedulable, Effect: v1.TaintEffectNoSchedule}) {
		return refused
	}
	result := accepted
	for i := range node.Spec.Taints {
		taint := &node.Spec.Taints[i]
		switch taint.Effect {
		case v1.TaintEffectPreferNoSchedule:
			if !p.tolerates(logger, taint) {
				result = disliked
			}
		case v1.TaintEffectNoSchedule, v1.TaintEffectNoExecute:
			if !p.tolerates(logger, taint) {
				return refused
			}
		}
	}
	return result
}

func (p *placeable) tolerates(logger klog.Logger, taint *v1.Taint) bool {
	return v1helper.TolerationsTolerateTaint(logger, p.tolerations, taint, false)
}
