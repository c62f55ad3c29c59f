// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"slices"
)

// Format names the certificates that this package writes and checks.
const Format = "tollgate.dev/bound/v1"

// Assumption says what a proof takes for granted about the schedulers that it
// speaks of.
type Assumption string

const (
	// AssumesNothing is for proofs that hold for every scheduler that runs each
	// pod in full.
	AssumesNothing Assumption = "Nothing"
	// AssumesMaxWait is for proofs that hold where no pod waits longer than
	// World.MaxWait in all.
	AssumesMaxWait Assumption = "MaxWait"
	// AssumesLifecycle adds that a pod that runs is not interrupted, and that
	// nodes are paid for World.Boot before and World.EmptyDelay after they work.
	AssumesLifecycle Assumption = "Lifecycle"
)

// Certificate is a lower bound with all that is needed to check it: what was
// to be run, on what, and the weights that prove the bound.
type Certificate struct {
	Format   string `json:"format"`
	Workload string `json:"workload"`
	World    World  `json:"world"`
	// Resources are the names of the resources, "pods" included: the indices of
	// Pool.Allocatable and Class.Requests.
	Resources []string `json:"resources"`
	Pools     []Pool   `json:"pools"`
	Classes   []Class  `json:"classes"`
	// Proofs are in the order in which they were found. Each is a bound of its own.
	Proofs []Proof `json:"proofs"`
}

// World holds the facts about time, in nanoseconds.
type World struct {
	// MaxWait is the longest that a pod is assumed to wait in all: from arrival
	// to end, less its lifetime. 0 if nothing is assumed.
	MaxWait int64 `json:"maxWait"`
	// Boot is for how long a node is at least paid before its first pod runs.
	Boot int64 `json:"boot"`
	// EmptyDelay is for how long it is at least paid after its last pod.
	EmptyDelay int64 `json:"emptyDelay"`
	// Evictions says that pods can be interrupted.
	Evictions bool `json:"evictions"`
}

// Pool is what there is to buy.
type Pool struct {
	Name string `json:"name"`
	// Price is in micro-dollars per hour and node.
	Price int64 `json:"price"`
	// Allocatable is what a node has: milli-cores, bytes, pieces.
	Allocatable []int64 `json:"allocatable"`
	// MaxNodes is how many nodes there can be at once; 0 for no limit.
	MaxNodes int64 `json:"maxNodes,omitempty"`
	// Prepaid is how many of them cost nothing more than what is sunk.
	Prepaid int64 `json:"prepaid,omitempty"`
}

// Class is a set of pods with equal requests that the same pools admit.
type Class struct {
	// Requests of one pod, in the units of Pool.Allocatable.
	Requests []int64 `json:"requests"`
	// Pools are the indices of the pools that admit the pods. Pods that none
	// admits are never run; only the workload's duration depends on them.
	Pools []int `json:"pools"`
	// Pods holds arrival and lifetime of each, in nanoseconds.
	Pods [][2]int64 `json:"pods"`
}

// Proof is a set of duals and when to use which.
type Proof struct {
	// Name of the step: fluid, dff, windows or lifecycle.
	Name    string     `json:"name"`
	Assumes Assumption `json:"assumes"`
	Duals   []Dual     `json:"duals"`
	// Windows ascend by From; the first starts at 0. Empty for a proof that
	// assumes nothing: it has one dual.
	Windows []Window `json:"windows,omitempty"`
	// Dollars is what the proof proves, rounded down to a millionth: what the
	// checker must find.
	Dollars string `json:"dollars"`
}

// Dual holds the weights of each pool: what a node's resources are worth.
type Dual [][]Weight

// Weight is what all of a resource of a node is worth.
type Weight struct {
	// Resource is an index into Certificate.Resources.
	Resource int `json:"resource"`
	// Steps is q of the dual-feasible function u(q) that is applied to shares of
	// the resource; 0 for the shares themselves.
	Steps int64 `json:"steps,omitempty"`
	// Worth is in dollars per hour, with at most 12 decimals.
	Worth string `json:"worth"`
}

// Window is a stretch of time, up to the next one's From.
type Window struct {
	// From is in nanoseconds since the start of the workload.
	From int64 `json:"from"`
	// Dual is an index into Proof.Duals; -1 for none.
	Dual int `json:"dual"`
}

// Stronger returns the one that assumes more: each adds to the one before.
func Stronger(a, b Assumption) Assumption {
	order := []Assumption{AssumesNothing, AssumesMaxWait, AssumesLifecycle}
	return order[max(slices.Index(order, a), slices.Index(order, b), 0)]
}

// Best returns the proof of the highest bound.
func (c *Certificate) Best() Proof {
	var best Proof
	for _, p := range c.Proofs {
		if best.Name == "" || p.dollars() > best.dollars() {
			best = p
		}
	}
	return best
}

// Dollars returns the highest bound of the proofs.
func (c *Certificate) Dollars() float64 { return c.Best().dollars() }

// DollarsAssuming returns the highest bound that assumes no more than a: nothing
// is less than MaxWait, which is less than Lifecycle.
func (c *Certificate) DollarsAssuming(a Assumption) float64 {
	var best float64
	for _, p := range c.Proofs {
		if Stronger(a, p.Assumes) == a {
			best = max(best, p.dollars())
		}
	}
	return best
}

func (p Proof) dollars() float64 {
	r, ok := new(big.Rat).SetString(p.Dollars)
	if !ok {
		return 0
	}
	f, _ := r.Float64()
	return f
}

// Write writes the certificate as gzipped JSON, the same bytes for the same
// certificate.
func (c *Certificate) Write(w io.Writer) error {
	zip := gzip.NewWriter(w)
	if err := json.NewEncoder(zip).Encode(c); err != nil {
		return fmt.Errorf("writing certificate: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("writing certificate: %w", err)
	}
	return nil
}
