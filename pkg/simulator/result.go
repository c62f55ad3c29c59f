// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import "time"

// Result is what a simulation came to.
type Result struct {
	// Dollars is the whole bill, prepaid nodes included.
	Dollars float64 `json:"dollars"`
	// PrepaidDollars is the part of Dollars that is owed in any case.
	PrepaidDollars float64 `json:"prepaidDollars"`
	// EndDollarsPerHour is what the nodes there cost just before
	// Workload.Duration, prepaid nodes at their list price, used or not: the
	// same instant for all policies.
	EndDollarsPerHour float64 `json:"endDollarsPerHour"`
	// NodeHours is by capacity type: on-demand, spot, unknown, prepaid.
	NodeHours map[string]float64 `json:"nodeHours"`
	// StrandedGPUHours is the time of free GPUs that the node has no cpu or
	// memory left for.
	StrandedGPUHours float64 `json:"strandedGPUHours"`
	// GPUHours is the time of all GPUs.
	GPUHours float64 `json:"gpuHours"`
	// Placements is how often a pod was bound, Evictions how often one was
	// evicted by consolidation.
	Placements int `json:"placements"`
	Evictions  int `json:"evictions"`
	// NodesBought is how many nodes were requested, PeakNodes how many there
	// were at most.
	NodesBought int `json:"nodesBought"`
	PeakNodes   int `json:"peakNodes"`
	// WaitP50, WaitP99 and WaitMax are over all pods, from the arrival to the
	// first binding.
	WaitP50 time.Duration `json:"waitP50Nanoseconds"`
	WaitP99 time.Duration `json:"waitP99Nanoseconds"`
	WaitMax time.Duration `json:"waitMaxNanoseconds"`
	// DelayMax is the longest time that a pod ended later than it would have
	// without any wait: its first and those after evictions.
	DelayMax time.Duration `json:"delayMaxNanoseconds"`
	// Unschedulable names the pods that nodes were bought for five times and
	// that the scheduler put on none of them, ten at most, with its reason; what
	// was bought is part of the bill. UnschedulableCount is how many there are.
	Unschedulable      []string `json:"unschedulable,omitempty"`
	UnschedulableCount int      `json:"unschedulableCount,omitempty"`
}
