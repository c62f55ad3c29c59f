// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"

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
// disabled need not be one that is simulated.
func checkPlugins(file string, data []byte, profile int) []error {
	var s source
	if err := yaml.Unmarshal(data, &s); err != nil || profile >= len(s.Profiles) {
		return nil // the file has no profile, or was no YAML but JSON that YAML does not have
	}
	var errs []error
	p := s.Profiles[profile]
	for _, point := range slices.Sorted(maps.Keys(p.Plugins)) {
		for _, n := range p.Plugins[point].Enabled {
			errs = append(errs, checkPlugin(file, n, true))
		}
		for _, n := range p.Plugins[point].Disabled {
			if n.Name.Value != "*" {
				errs = append(errs, checkPlugin(file, n, false))
			}
		}
	}
	for _, n := range p.PluginConfig {
		errs = append(errs, checkPlugin(file, n, true))
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

func checkPlugin(file string, n named, enabled bool) error {
	name, known := n.Name.Value, simulated()
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
