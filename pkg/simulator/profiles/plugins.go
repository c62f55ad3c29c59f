// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
	"github.com/tollgate-dev/tollgate/pkg/plugins/certgate"
	"github.com/tollgate-dev/tollgate/pkg/plugins/costscore"
)

// notSimulated are the plugins of kubernetes-sigs/scheduler-plugins that
// Tollgate's kube-scheduler has. They read objects and metrics that a
// simulation does not have.
var notSimulated = []string{
	"CapacityScheduling", "Coscheduling", "LoadVariationRiskBalancing", "LowRiskOverCommitment", "NetworkOverhead",
	"NodeResourcesAllocatable", "NodeResourceTopologyMatch", "Peaks", "PodState", "PreemptionToleration", "QOSSort",
	"SySched", "TargetLoadPacking", "TopologicalSort",
}

// simulated returns the names of the plugins that a profile may use, in order.
func simulated() []string {
	names := slices.Collect(maps.Keys(plugins.NewInTreeRegistry()))
	names = append(names, certgate.Name, costscore.Name)
	slices.Sort(names)
	return names
}

// source is the part of a configuration that names plugins.
type source struct {
	Profiles []struct {
		Plugins map[string]struct {
			Enabled, Disabled []named
		}
		PluginConfig []named `yaml:"pluginConfig"`
	}
}

type named struct{ Name yaml.Node }

// checkPlugins returns a fault for each plugin of the profile that does not
// exist or is not simulated. It reads the file itself: after defaults are
// filled in, the plugins are no longer where they were. A plugin that is
// disabled need not be one that is simulated. Unless the whole profile is of
// interest, CostScore alone must not be misspelled.
func checkPlugins(file string, data []byte, profile int, part part) []error {
	var s source
	if err := yaml.Unmarshal(data, &s); err != nil || profile >= len(s.Profiles) {
		return nil // the file has no profile, or was no YAML but JSON that YAML does not have
	}
	var errs []error
	p := s.Profiles[profile]
	for _, point := range slices.Sorted(maps.Keys(p.Plugins)) {
		for _, n := range p.Plugins[point].Enabled {
			errs = append(errs, checkPlugin(file, n, true, part))
		}
		for _, n := range p.Plugins[point].Disabled {
			if n.Name.Value != "*" {
				errs = append(errs, checkPlugin(file, n, false, part))
			}
		}
	}
	for _, n := range p.PluginConfig {
		errs = append(errs, checkPlugin(file, n, true, part))
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

func checkPlugin(file string, n named, enabled bool, part part) error {
	name, known := n.Name.Value, simulated()
	if part != whole {
		known = []string{costscore.Name}
		if hint.Nearest(name, known) == "" {
			return nil
		}
	}
	switch {
	case slices.Contains(known, name):
		return nil
	case slices.Contains(notSimulated, name):
		if !enabled {
			return nil
		}
		return fmt.Errorf("%s:%d: plugin %s is of scheduler-plugins, and not simulated; take it out of the profile", file, n.Name.Line, name)
	}
	if nearest := hint.Nearest(name, known); nearest != "" {
		return fmt.Errorf("%s:%d: there is no plugin %q; did you mean %q?", file, n.Name.Line, name, nearest)
	}
	return fmt.Errorf("%s:%d: there is no plugin %q; those simulated are %s", file, n.Name.Line, name, strings.Join(known, ", "))
}

// leaveOutUnknown takes plugins that are not simulated out of the only profile,
// and extenders, and returns what it took. What a scheduler cannot do without,
// upstream's plugins do then.
func leaveOutUnknown(config *schedconfig.KubeSchedulerConfiguration) []string {
	var out []string
	all := simulated()
	unknown := func(name string) bool {
		if slices.Contains(all, name) {
			return false
		}
		if name = "plugin " + name; !slices.Contains(out, name) {
			out = append(out, name)
		}
		return true
	}
	p := &config.Profiles[0]
	points := reflect.ValueOf(p.Plugins).Elem()
	for i := range points.NumField() {
		if set, ok := points.Field(i).Addr().Interface().(*schedconfig.PluginSet); ok {
			set.Enabled = slices.DeleteFunc(set.Enabled, func(e schedconfig.Plugin) bool { return unknown(e.Name) })
		}
	}
	p.PluginConfig = slices.DeleteFunc(p.PluginConfig, func(c schedconfig.PluginConfig) bool { return unknown(c.Name) })
	if len(out) > 0 && len(p.Plugins.QueueSort.Enabled) == 0 {
		p.Plugins.QueueSort.Enabled = []schedconfig.Plugin{{Name: names.PrioritySort}}
	}
	if len(out) > 0 && len(p.Plugins.Bind.Enabled) == 0 {
		p.Plugins.Bind.Enabled = []schedconfig.Plugin{{Name: names.DefaultBinder}}
	}
	if len(config.Extenders) > 0 {
		config.Extenders = nil
		out = append(out, "extenders")
	}
	return out
}
