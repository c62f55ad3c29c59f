// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
	"github.com/tollgate-dev/tollgate/pkg/text"
)

// Values of --scale-up and --capacity.
var (
	scaleUps   = []string{pool.ScaleUpLeastWaste, pool.ScaleUpCheapestFit, pool.ScaleUpRandom}
	capacities = []string{pool.CapacityOnDemand, pool.CapacityHalfSpot, pool.CapacityPrepaid, pool.CapacityNodeFee}
)

// Flags that only traces have, and those that only clusters have.
var (
	traceFlags   = []string{"cloud", "capacity", "pools", "copies", "limit", "duration"}
	clusterFlags = []string{"config", "horizon", "restarts"}
)

// These catch slips of the finger. While pods wait for a node to boot, each scan
// of the autoscaler is a step of the simulation.
const (
	maxSeeds  = 1000
	maxCopies = 1000
	maxTime   = 24 * time.Hour
	maxDelay  = 365 * 24 * time.Hour
)

func (o *simulateOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringSliceVar(&o.profiles, "profile", defaultProfiles, "profiles to compare, separated by commas: built-in ones, all for all of those, or FILE[#schedulerName] of a KubeSchedulerConfiguration")
	f.StringVar(&o.world.ScaleUp, "scale-up", pool.ScaleUpLeastWaste, "what the autoscaler buys: least-waste, cheapest-fit or random")
	f.BoolVar(&o.world.Consolidation, "consolidation", false, "the autoscaler empties nodes that are used little")
	f.DurationVar(&o.bootTime, "boot-time", simulator.DefaultBootTime, "from the order of a node until pods run on it")
	f.DurationVar(&o.scanInterval, "scan-interval", simulator.DefaultScanInterval, "how often the autoscaler looks for pods without a node")
	f.DurationVar(&o.emptyDelay, "empty-delay", simulator.DefaultEmptyDelay, "for how long a node stays empty before it is removed")
	f.StringVar(&o.world.Cloud, "cloud", "aws", "traces: whose nodes are for sale, at list price: aws, azure or gcp")
	f.StringVar(&o.world.Capacity, "capacity", pool.CapacityOnDemand, "traces: on-demand, half-spot, prepaid or node-fee")
	f.StringVar(&o.pools, "pools", "", "traces: file with the node pools that are for sale instead (YAML); with --cloud, GPU models are still mapped to that cloud's")
	f.IntVar(&o.copies, "copies", 0, "traces: so many copies of the trace at once, each shifted in time; 0 for the trace as it is")
	f.IntVar(&o.limit, "limit", 0, "traces: only the first so many pods; 0 for all")
	f.DurationVar(&o.length, "duration", 0, "traces: stop after this time of the trace; 0 for its end")
	f.StringVar(&o.config, "config", "", "clusters: KubeSchedulerConfiguration file whose CostScore arguments say what nodes cost (default: the first --profile file that has some, else catalog prices)")
	f.DurationVar(&o.horizon, "horizon", workload.DefaultHorizon, "clusters: for how long")
	f.IntVar(&o.restarts, "restarts", 1, "clusters: how often each pod with a controller is created anew within the horizon")
	f.Uint64Var(&o.seed, "seed", 1, "first seed of what is left to chance")
	f.IntVar(&o.seeds, "seeds", 1, "how many seeds: results are means, with 95% confidence intervals")
	f.BoolVar(&o.bound, "bound", true, "compute the lower bound; --bound=false is faster")
	f.StringVar(&o.certificate, "certificate", "", "write the proof of the bound of the first seed to this file, for simulate verify")
	f.StringVarP(&o.output, "output", "o", "table", "table, wide, json or yaml")
	f.BoolVar(&o.noHeaders, "no-headers", false, "only the rows of the table")
	f.BoolVar(&o.quiet, "quiet", false, "no progress on stderr")
	complete(cmd, "profile", fixed(append([]string{allProfiles}, profiles.Names()...)))
	complete(cmd, "scale-up", fixed(scaleUps))
	complete(cmd, "cloud", fixed(pool.Clouds()))
	complete(cmd, "capacity", fixed(capacities))
	complete(cmd, "output", fixed(nodesOutputs))
}

// check looks at flags before anything is read.
func (o *simulateOptions) check() error {
	for _, f := range []struct {
		name, value string
		allowed     []string
	}{
		{"output", o.output, nodesOutputs},
		{"scale-up", o.world.ScaleUp, scaleUps},
		{"cloud", o.world.Cloud, pool.Clouds()},
		{"capacity", o.world.Capacity, capacities},
	} {
		if err := oneOf(f.name, f.value, f.allowed); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		name               string
		value, least, most int
	}{{"copies", o.copies, 0, maxCopies}, {"limit", o.limit, 0, 1 << 30}, {"seeds", o.seeds, 1, maxSeeds}, {"restarts", o.restarts, 0, 1 << 30}} {
		if f.value < f.least || f.value > f.most {
			return ui.WithHint(fmt.Errorf("--%s is %d", f.name, f.value), "it is a number from %d to %d", f.least, f.most)
		}
	}
	for _, f := range []struct {
		name               string
		value, least, most time.Duration
	}{
		{"boot-time", o.bootTime, time.Second, maxTime},
		{"scan-interval", o.scanInterval, time.Second, maxTime},
		{"empty-delay", o.emptyDelay, time.Second, maxDelay},
		{"horizon", o.horizon, time.Second, math.MaxInt64}, // of which the reader knows the most
		{"duration", o.length, 0, math.MaxInt64},
	} {
		switch {
		case f.value < f.least:
			return ui.WithHint(fmt.Errorf("--%s is %s", f.name, f.value), "it is a time such as 30s, 10m or 24h")
		case f.value > f.most:
			return ui.WithHint(fmt.Errorf("--%s is %s", f.name, f.value), "it is %s at most", text.Duration(f.most))
		}
	}
	switch {
	case o.certificate == "-":
		return ui.WithHint(errors.New("--certificate is -: the table goes to stdout, and a certificate is a file beside it"), "give it a name, such as --certificate bound.json.gz")
	case o.pools != "" && o.changed("capacity"):
		return ui.WithHint(fmt.Errorf("--capacity and --pools exclude each other"), "the file of --pools says what each pool costs and how it is bought")
	case o.certificate != "" && !o.bound:
		return ui.WithHint(fmt.Errorf("--certificate needs the bound"), "leave out --bound=false")
	}
	return nil
}

// checkKind returns an error for flags that the input has no use for.
func (o *simulateOptions) checkKind(cluster bool) error {
	wrong, kind, hint := clusterFlags, "a trace", "traces have --duration and --limit; a cluster is what this writes: "+clusterDumpCommand
	if cluster {
		wrong, kind, hint = traceFlags, "a cluster", "a cluster has pools and pods of its own; for how long it runs, --horizon says"
	}
	for _, name := range wrong {
		if o.changed(name) {
			return ui.WithHint(fmt.Errorf("--%s has no meaning for %s", name, kind), "%s", hint)
		}
	}
	return nil
}

func (o *simulateOptions) autoscaler() simulator.Autoscaler {
	return simulator.Autoscaler{
		ScaleUp: simulator.ScaleUp(o.world.ScaleUp), Consolidation: o.world.Consolidation,
		BootTime: o.bootTime, ScanInterval: o.scanInterval, EmptyDelay: o.emptyDelay,
	}.WithDefaults()
}
