// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/test/perf/fleet"
)

// Fleets.
const (
	Basic = "basic"
	Mixed = "mixed"
	// Uneven is Mixed with another size of memory for each node.
	Uneven = "uneven"
)

// full is how full a mixed fleet is.
const full = 0.6

// Cell is a cluster and what is placed on it.
type Cell struct {
	Fleet    string
	Nodes    int
	Workload fleet.Workload
	// Held is how many pods wait in the queue for something else than a node.
	Held int
	// Shapes is how many different requests the pods of a mixed fleet have, 0 for those of fleet.Shapes.
	Shapes int
}

// Name is the suite's name in the results.
func (c Cell) Name() string {
	name := fmt.Sprintf("cycle-%s-%d", c.Fleet, c.Nodes)
	if c.Workload != fleet.Plain {
		name += "-" + string(c.Workload)
	}
	if c.Held > 0 {
		name += fmt.Sprintf("-held-%d", c.Held)
	}
	if c.Shapes > 0 {
		name += fmt.Sprintf("-shapes-%d", c.Shapes)
	}
	return name
}

// batch is how many pods are placed between the bindings: more where cycles are short, but few enough for the cluster to stay as
// full as it is.
func (c Cell) batch() int {
	if c.Nodes <= 1500 {
		return max(1, min(50, c.Nodes/10))
	}
	return 20
}

// random is the same for all policies.
func (c Cell) random() *rand.Rand { return rand.New(rand.NewPCG(uint64(c.Nodes), 1)) } //nolint:gosec // not for secrets

func (c Cell) newFleet(now time.Time) (*fleet.Fleet, error) {
	random := c.random()
	switch c.Fleet {
	case Basic:
		return fleet.NewBasic(c.Nodes, random, now), nil
	case Mixed, Uneven:
		shapes := fleet.Shapes
		if c.Shapes > 0 {
			shapes = fleet.ManyShapes(c.Shapes, random)
		}
		f, err := fleet.NewMixed(c.Nodes, full, shapes, random, now)
		if err == nil && c.Fleet == Uneven {
			fleet.MakeUneven(f.Nodes)
		}
		return f, err
	default:
		return nil, fmt.Errorf("there is no fleet %q; the fleets are %s, %s and %s", c.Fleet, Basic, Mixed, Uneven)
	}
}

// pods returns those that are replaced while it is measured. Pods of a workload that counts them come beside those of the fleet.
func (c Cell) pods(f *fleet.Fleet) (bound, waiting []*corev1.Pod, err error) {
	if c.Workload == fleet.Plain {
		return f.Pods, nil, nil
	}
	random := c.random()
	for i := range max(2*c.batch(), c.Nodes/20) {
		pod := fleet.NewPod(fmt.Sprintf("first-%06d", i), f.Shapes[random.IntN(len(f.Shapes))])
		if err := c.Workload.Apply(pod); err != nil {
			return nil, nil, err
		}
		waiting = append(waiting, pod)
	}
	return nil, waiting, nil
}
