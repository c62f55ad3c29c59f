// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Placer chooses nodes. It is told of everything that exists.
type Placer interface {
	AddNode(*corev1.Node) error
	UpdateNode(*corev1.Node) error
	RemoveNode(name string) error
	// AddPod adds a pod that Bind made.
	AddPod(*corev1.Pod) error
	RemovePod(*corev1.Pod) error
	// Place returns "" and a reason if no node will do.
	Place(context.Context, *corev1.Pod) (node string, reason, err error)
	// Bind returns the pod as it runs on the node from now on.
	Bind(pod *corev1.Pod, node string) *corev1.Pod
}

// Config is what a simulation depends on.
type Config struct {
	// Workload is what runs; Pools is what can be bought. Neither is changed.
	Workload *workload.Workload
	Pools    []pool.Pool
	// NodePools holds the index of the pool of each of Workload.Nodes.
	NodePools []int
	// NewPlacer makes the policy, which measures ages with the clock.
	NewPlacer func(context.Context, clock.PassiveClock) (Placer, error)
	// Autoscaler is how nodes come and go.
	Autoscaler Autoscaler
	// Seed decides what is left to chance.
	Seed uint64
	// OnNode may change a node before anybody sees it, such as take a label
	// away; nil for none. It does not change what the node is billed.
	OnNode func(*corev1.Node)
	// PriceChanges happen while it runs, in any order.
	PriceChanges []PriceChange
	// Progress is called now and then; nil for never.
	Progress func(Progress)
}

// PriceChange changes what the nodes of a pool are billed. They carry the price
// as annotation tollgate.dev/hourly-price from then on.
type PriceChange struct {
	At    time.Duration
	Pool  int
	Price pricing.Money
}

// Autoscaler is how nodes come and go. The zero value of a duration stands for
// its default.
type Autoscaler struct {
	// ScaleUp chooses the pool.
	ScaleUp ScaleUp
	// ScanInterval is how often it looks: 10 s, as cluster-autoscaler does.
	ScanInterval time.Duration
	// BootTime is from the request to the first pod: 60 s.
	BootTime time.Duration
	// EmptyDelay is for how long a node stays empty before it is removed: 10
	// min, as cluster-autoscaler does.
	EmptyDelay time.Duration
	// Consolidation empties nodes that are used little.
	Consolidation bool
	// ConsolidationInterval is how often: 10 min.
	ConsolidationInterval time.Duration
	// ConsolidationThreshold is the share of a node in requests below which it
	// is emptied: 0.5, as cluster-autoscaler does.
	ConsolidationThreshold float64
}

// Defaults of Autoscaler.
const (
	DefaultScanInterval           = 10 * time.Second
	DefaultBootTime               = time.Minute
	DefaultEmptyDelay             = 10 * time.Minute
	DefaultConsolidationInterval  = 10 * time.Minute
	DefaultConsolidationThreshold = 0.5
)

// WithDefaults returns a with defaults in place of zeros.
func (a Autoscaler) WithDefaults() Autoscaler {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&a.ScanInterval, DefaultScanInterval},
		{&a.BootTime, DefaultBootTime},
		{&a.EmptyDelay, DefaultEmptyDelay},
		{&a.ConsolidationInterval, DefaultConsolidationInterval},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if a.ConsolidationThreshold == 0 {
		a.ConsolidationThreshold = DefaultConsolidationThreshold
	}
	return a
}

// Progress is how far a simulation is.
type Progress struct {
	// Arrived of Pods have arrived.
	Arrived, Pods int
	// Nodes are there now.
	Nodes int
}
