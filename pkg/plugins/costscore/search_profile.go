// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"fmt"
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	upstream "k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

// profileFacts is what the search has to know about the other plugins of the
// profile. It is found out in the first scheduling cycle, when all of them exist.
type profileFacts struct {
	// fault says why the index cannot be used with this profile.
	fault string
	// packs says that NodeResourcesFit decides between nodes of equal cost.
	packs bool
	// stateful are the Filter plugins of filterStates that the profile has.
	stateful []fwk.FilterPlugin
	// fit and packer are NodeResourcesFit, packer only if packs is set.
	fit    fwk.FilterPlugin
	packer fwk.ScorePlugin
	// alike has the answers of packsWith.
	alike   map[v1.ResourceName]bool
	volumes volumeFacts
	// devices is DynamicResources; nil if the profile does not have it.
	devices fwk.FilterPlugin
	// claims knows the extended resources that stand for devices; nil if none do.
	claims fwk.SharedDRAManager
	// taints, nodeAffinity, spread and podAffinity are what the profile scores
	// with beside cost and packing; nil if it does not.
	taints, nodeAffinity, spread, podAffinity *scorer
	costWeight, fitWeight                     int64
}

// certGate is the name of the other plugin. It holds a pod back from all nodes or
// from none.
const certGate = "CertGate"

// coscheduling is the name of a PreFilter plugin that leaves all nodes, or ends the
// cycle. Others might leave none of the nodes that are found here. And if one only
// holds a pod back for now, as CapacityScheduling does, PreFilter goes on to this
// plugin, but never to Filter, which handed would take for a rejection of the node.
const coscheduling = "Coscheduling"

// required are the Filter plugins that the index stands in for: without one of
// them, nodes would be left out that the profile accepts.
var required = []string{upstream.NodeUnschedulable, upstream.TaintToleration, upstream.NodeAffinity, upstream.NodeResourcesFit, Name}

// filters are the other Filter plugins for which placeable knows when they have
// nothing to say about a pod.
var filters = []string{
	upstream.NodeName, upstream.NodePorts, upstream.VolumeRestrictions, upstream.NodeVolumeLimits, upstream.VolumeBinding, upstream.VolumeZone,
	upstream.PodTopologySpread, upstream.InterPodAffinity, upstream.DynamicResources, upstream.NodeDeclaredFeatures, certGate,
}

// stateless are those of them about which the pod tells whether they have something
// to say; filterStates has those whose state does.
var stateless = []string{upstream.NodeVolumeLimits, upstream.VolumeBinding, upstream.DynamicResources}

// scorers are the Score plugins for which it is known when they score all nodes
// alike, and that can be asked else.
var scorers = []string{
	Name, upstream.NodeResourcesFit, upstream.TaintToleration, upstream.NodeAffinity, upstream.InterPodAffinity, upstream.PodTopologySpread,
	upstream.DynamicResources, upstream.VolumeBinding,
}

// profile is what frameworks offer beside fwk.Handle.
type profile interface {
	ListPlugins() *schedconfig.Plugins
	EnqueueExtensions() []fwk.EnqueueExtensions
}

// find fills in the facts.
func (f *profileFacts) find(ctx context.Context, h fwk.Handle) {
	if f.fault = f.check(ctx, h); f.fault != "" {
		klog.FromContext(ctx).Info("CostScore compares all nodes for each pod: its index cannot be used with this profile",
			"profile", h.ProfileName(), "reason", f.fault)
	}
}

func (f *profileFacts) check(ctx context.Context, h fwk.Handle) string {
	p, ok := h.(profile)
	if !ok {
		return "the plugins of the profile cannot be listed"
	}
	if len(h.Extenders()) > 0 {
		return "the scheduler has extenders"
	}
	plugins, instances := p.ListPlugins(), map[string]fwk.Plugin{}
	for _, instance := range p.EnqueueExtensions() {
		instances[instance.Name()] = instance
	}
	if fault := checkFilters(plugins); fault != "" {
		return fault
	}
	for _, filter := range plugins.Filter.Enabled {
		if _, stateful := filterStates[filter.Name]; !stateful {
			continue
		}
		instance, fault := instanceOf[fwk.FilterPlugin](instances, filter.Name)
		if fault != "" {
			return fault
		}
		f.stateful = append(f.stateful, instance)
	}
	var fault string
	if f.fit, fault = instanceOf[fwk.FilterPlugin](instances, upstream.NodeResourcesFit); fault != "" {
		return fault
	}
	f.claims = h.SharedDRAManager()
	weight := map[string]int64{}
	for _, score := range plugins.Score.Enabled {
		if !slices.Contains(scorers, score.Name) {
			return fmt.Sprintf("plugin %s scores nodes", score.Name)
		}
		weight[score.Name] = int64(score.Weight)
	}
	f.costWeight, f.fitWeight = weight[Name], weight[upstream.NodeResourcesFit]
	if weight[Name] <= weight[upstream.NodeResourcesFit]*fwk.MaxNodeScore {
		return fmt.Sprintf("the weight of CostScore, %d, has to be more than %d times that of NodeResourcesFit, so that cost decides before packing", weight[Name], fwk.MaxNodeScore)
	}
	if weight[upstream.NodeResourcesFit] > 0 {
		packer, ok := instances[upstream.NodeResourcesFit].(fwk.ScorePlugin)
		f.packer = packer
		if f.packs = ok && isMostAllocated(ctx, packer); !f.packs {
			return "NodeResourcesFit scores by something else than MostAllocated of cpu and memory with equal weights"
		}
	}
	filtering := func(name string) bool {
		return slices.ContainsFunc(plugins.Filter.Enabled, func(p schedconfig.Plugin) bool { return p.Name == name })
	}
	if filtering(upstream.DynamicResources) {
		if f.devices, fault = instanceOf[fwk.FilterPlugin](instances, upstream.DynamicResources); fault != "" {
			return fault
		}
	}
	if fault := f.volumes.find(ctx, h, filtering, weight, instances); fault != "" {
		return fault
	}
	return f.findScorers(ctx, weight, instances)
}

// instanceOf returns a plugin of the profile as what it is to be asked for, or a fault.
func instanceOf[T any](instances map[string]fwk.Plugin, name string) (plugin T, fault string) {
	plugin, ok := instances[name].(T)
	if !ok {
		fault = fmt.Sprintf("plugin %s cannot be asked about a node", name)
	}
	return plugin, fault
}

// checkFilters returns what is wrong with the PreFilter and Filter plugins.
func checkFilters(plugins *schedconfig.Plugins) string {
	var enabled, pre []string
	for _, filter := range plugins.Filter.Enabled {
		if !slices.Contains(required, filter.Name) && !slices.Contains(filters, filter.Name) {
			return fmt.Sprintf("plugin %s filters nodes", filter.Name)
		}
		enabled = append(enabled, filter.Name)
	}
	for _, filter := range plugins.PreFilter.Enabled {
		if !slices.Contains(required, filter.Name) && !slices.Contains(filters, filter.Name) && filter.Name != coscheduling {
			return fmt.Sprintf("plugin %s may reject pods or leave nodes out in PreFilter", filter.Name)
		}
		pre = append(pre, filter.Name)
	}
	for _, name := range required {
		if !slices.Contains(enabled, name) {
			return fmt.Sprintf("plugin %s does not filter nodes", name)
		}
	}
	// What these write in PreFilter says whether Filter has something to do.
	for _, name := range enabled {
		_, stateful := filterStates[name]
		if (stateful || slices.Contains(stateless, name)) && !slices.Contains(pre, name) {
			return fmt.Sprintf("plugin %s has Filter without PreFilter", name)
		}
	}
	// Others that come later might leave other nodes, and none in the end, or
	// reject the pod, which handed would take for a rejection of the node.
	if i := slices.Index(pre, Name); i < 0 || i < len(pre)-1 {
		return "CostScore is not the last PreFilter plugin"
	}
	if i := slices.Index(enabled, Name); slices.ContainsFunc(enabled[i+1:], func(name string) bool { return name != certGate }) {
		return "CostScore is not the last Filter plugin"
	}
	return ""
}

// findScorers finds the plugins that may score the nodes of a pod differently,
// and checks that none has a configuration that concerns every pod.
func (f *profileFacts) findScorers(ctx context.Context, weight map[string]int64, instances map[string]fwk.Plugin) string {
	for name, to := range map[string]**scorer{
		upstream.TaintToleration: &f.taints, upstream.NodeAffinity: &f.nodeAffinity,
		upstream.PodTopologySpread: &f.spread, upstream.InterPodAffinity: &f.podAffinity,
	} {
		if weight[name] == 0 {
			continue
		}
		score, scores := instances[name].(fwk.ScorePlugin)
		pre, says := instances[name].(fwk.PreScorePlugin)
		if !scores || !says {
			return fmt.Sprintf("plugin %s cannot be asked whether it scores a pod", name)
		}
		*to = &scorer{ScorePlugin: score, pre: pre, weight: weight[name]}
	}
	affinity, ok := instances[upstream.NodeAffinity].(fwk.PreFilterPlugin)
	if !ok {
		return "plugin NodeAffinity cannot be asked whether it has an added affinity"
	}
	if _, status := affinity.PreFilter(ctx, framework.NewCycleState(), &v1.Pod{}, nil); !status.IsSkip() {
		return "NodeAffinity has an addedAffinity"
	}
	return ""
}
