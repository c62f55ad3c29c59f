// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	bundled "github.com/tollgate-dev/tollgate/pkg/simulator/example"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// source is what is simulated.
type source struct {
	// setting makes the workload and the pools of a seed.
	setting func(seed uint64) (*experiment.Setting, error)
	world   SimulateWorld
	// now is what the cluster costs per hour as it is; nil for traces.
	now *int64
	// notes are what else should be known.
	notes []string
}

// open reads the input.
func (o *simulateOptions) open(all []*profiles.Profile) (*source, error) {
	if o.file == "" {
		if err := o.checkKind(false); err != nil {
			return nil, err
		}
		trace, err := bundled.Workload()
		if err != nil {
			return nil, err
		}
		if !o.changed("copies") {
			o.copies = bundled.Copies
		}
		return o.trace(trace)
	}
	data, err := o.readInput()
	if err != nil {
		return nil, err
	}
	first, err := o.read(data, o.seed)
	if err != nil {
		return nil, err
	}
	isCluster := len(first.Nodes) > 0
	if err := o.checkKind(isCluster); err != nil {
		return nil, err
	}
	if isCluster {
		return o.cluster(data, first, all)
	}
	return o.trace(first)
}

const inputHint = "a trace is an openb CSV or a SimKube JSON; a cluster is what this writes: " + clusterDumpCommand

func (o *simulateOptions) readInput() ([]byte, error) {
	r := o.In
	if o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return nil, ui.WithHint(fmt.Errorf("reading workload: %w", err), inputHint)
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(r)
	return data, ui.WithHint(wrap("reading workload", err), inputHint)
}

func (o *simulateOptions) read(data []byte, seed uint64) (*workload.Workload, error) {
	restarts := o.restarts
	if restarts == 0 {
		restarts = -1 // of Options, 0 is the default
	}
	name := o.file
	if name == "-" {
		name = "stdin"
	}
	w, err := workload.Read(name, bytes.NewReader(data), workload.Options{Horizon: o.horizon, Restarts: restarts, Seed: seed})
	return w, ui.WithHint(err, inputHint)
}

// trace is a workload without nodes.
func (o *simulateOptions) trace(trace *workload.Workload) (*source, error) {
	if o.limit > 0 {
		trace = workload.Head(trace, o.limit)
	}
	if len(trace.Pods) == 0 {
		return nil, ui.WithHint(fmt.Errorf("%s has no pods", trace.Name), inputHint)
	}
	s := &source{world: o.worldOf("trace")}
	make := func(seed uint64) (*experiment.Setting, error) {
		return experiment.InWorld(trace, o.world, o.copies, seed)
	}
	s.world.Name, s.world.Cloud, s.world.Capacity = o.world.Name(), o.world.Cloud, o.world.Capacity
	if o.pools != "" {
		pools, err := readPools(o.pools)
		if err != nil {
			return nil, err
		}
		s.world.Name, s.world.Cloud, s.world.Capacity = o.pools, "", ""
		for i := range pools {
			if note := pools[i].PriceNote; note != "" {
				s.notes = append(s.notes, fmt.Sprintf("pool %s: %s", pools[i].Name, note))
			}
		}
		if o.changed("cloud") {
			s.world.Cloud = o.world.Cloud
			if trace, err = pool.MapGPUModels(trace, o.world.Cloud); err != nil {
				return nil, err
			}
		}
		make = func(seed uint64) (*experiment.Setting, error) {
			return experiment.OnPools(trace, pools, o.autoscaler(), o.copies, seed), nil
		}
	}
	s.setting = func(seed uint64) (*experiment.Setting, error) {
		setting, err := make(seed)
		if err != nil {
			return nil, err
		}
		setting.Autoscaler = o.autoscaler()
		if o.length > 0 {
			setting.Workload = workload.Clip(setting.Workload, o.length)
		}
		if len(setting.Workload.Pods) == 0 {
			return nil, ui.WithHint(fmt.Errorf("no pod of %s arrives within %s", trace.Name, o.length), "give a longer --duration")
		}
		return setting, nil
	}
	return s, nil
}

func readPools(file string) ([]pool.Pool, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, ui.WithHint(fmt.Errorf("reading pools: %w", err), "a file of pools is YAML such as: pools: [{instanceType: m6i.2xlarge}]")
	}
	defer f.Close()
	pools, err := pool.ReadPools(file, f)
	return pools, ui.WithHint(err, "a pool is an instanceType of a catalog, or has name, hourlyPrice and allocatable with cpu and memory")
}

// wrap is fmt.Errorf that keeps nil.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
