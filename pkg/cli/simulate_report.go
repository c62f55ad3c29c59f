// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import "time"

// SimulateSchema names the fields of SimulateReport.
const SimulateSchema = "tollgate.dev/simulate/v1"

// SimulateReport is the JSON of kubectl tollgate simulate. With several seeds
// all amounts are means, and those that end in CI95 half of the 95% confidence
// interval, 0 for one seed.
type SimulateReport struct {
	// Schema is SimulateSchema.
	Schema string `json:"schema"`
	// Currency is the ISO 4217 code of all amounts.
	Currency string `json:"currency"`
	// Time is when the report was made.
	Time time.Time `json:"time"`
	// Workload is what ran; with several seeds that of the first.
	Workload SimulateWorkload `json:"workload"`
	// World is what it ran in.
	World SimulateWorld `json:"world"`
	// Baseline is the profile that versusBaselinePercent compares with.
	Baseline string `json:"baseline"`
	// Bound is what no scheduler can pay less than; null if it was not asked
	// for, or turned out above a bill, which is a fault of it.
	Bound *SimulateBound `json:"bound"`
	// Profiles are in the order of --profile.
	Profiles []SimulateRow `json:"profiles"`

	baselineColumn string
	extra          []string // notes
}

// SimulateWorkload is what ran.
type SimulateWorkload struct {
	// Name is that of the file.
	Name string `json:"name"`
	// Pods is how many; those of DaemonSets are not counted.
	Pods int `json:"pods"`
	// Nodes is how many nodes there are at the beginning.
	Nodes int `json:"nodes"`
	// DurationSeconds is when the last pod would end if none waited.
	DurationSeconds float64 `json:"durationSeconds"`
	// LeftOut says what of the input is not simulated.
	LeftOut []string `json:"leftOut,omitempty"`
	// HourlyPriceMicroDollars is what the nodes cost per hour as they are, in
	// millionths of a dollar; null for a trace.
	HourlyPriceMicroDollars *int64 `json:"hourlyPriceMicroDollars"`
}

// SimulateWorld is what workloads ran in.
type SimulateWorld struct {
	// Kind is trace or cluster.
	Kind string `json:"kind"`
	// Name is <cloud>/<scale-up>/<capacity>, the file of pools, or cluster.
	Name string `json:"name"`
	// Cloud and Capacity are left out where they say nothing.
	Cloud    string `json:"cloud,omitempty"`
	Capacity string `json:"capacity,omitempty"`
	// Pools is how many node pools there are.
	Pools int `json:"pools"`
	// ScaleUp and the rest are how the autoscaler goes about it.
	ScaleUp             string  `json:"scaleUp"`
	Consolidation       bool    `json:"consolidation"`
	BootSeconds         float64 `json:"bootSeconds"`
	ScanIntervalSeconds float64 `json:"scanIntervalSeconds"`
	EmptyDelaySeconds   float64 `json:"emptyDelaySeconds"`
	// Copies of the trace ran at once; 0 for the trace as it is.
	Copies int `json:"copies"`
	// FirstSeed and the next ones, Seeds in all, were run.
	FirstSeed uint64 `json:"firstSeed"`
	Seeds     int    `json:"seeds"`
}

// SimulateBound is the lower bound; with several seeds their mean.
type SimulateBound struct {
	// MicroDollars is in millionths of a dollar.
	MicroDollars     int64 `json:"microDollars"`
	MicroDollarsCI95 int64 `json:"microDollarsCI95"`
	// Assumes is Nothing, MaxWait or Lifecycle, and Proof the name of the proof;
	// with several seeds of the one that assumes most.
	Assumes string `json:"assumes"`
	Proof   string `json:"proof"`
	// MaxWaitSeconds is by how much later than without waits a pod ends at most;
	// with several seeds the longest of them.
	MaxWaitSeconds float64 `json:"maxWaitSeconds"`
	// AssumingNothingMicroDollars is the bound for any schedule at all.
	AssumingNothingMicroDollars int64 `json:"assumingNothingMicroDollars"`
	// Seeds has the bound of each seed.
	Seeds []SimulateBoundSeed `json:"seeds"`
}

// SimulateBoundSeed is the lower bound of one seed, for its own MaxWaitSeconds.
type SimulateBoundSeed struct {
	Seed           uint64  `json:"seed"`
	MicroDollars   int64   `json:"microDollars"`
	Assumes        string  `json:"assumes"`
	Proof          string  `json:"proof"`
	MaxWaitSeconds float64 `json:"maxWaitSeconds"`
}

// SimulateRow is what came of one profile.
type SimulateRow struct {
	// Profile is the name, or <file>#<schedulerName>.
	Profile string `json:"profile"`
	// MicroDollars is the bill in millionths of a dollar, prepaid nodes included,
	// and PrepaidMicroDollars their part.
	MicroDollars        int64 `json:"microDollars"`
	MicroDollarsCI95    int64 `json:"microDollarsCI95"`
	PrepaidMicroDollars int64 `json:"prepaidMicroDollars"`
	// AboveBoundPercent is by how much the bill is above the bound; null if not
	// known.
	AboveBoundPercent     *float64 `json:"aboveBoundPercent"`
	AboveBoundPercentCI95 float64  `json:"aboveBoundPercentCI95"`
	// VersusBaselinePercent is by how much the bill is above that of the
	// baseline, seed by seed; below 0 if it is cheaper, and null if not known,
	// such as where one of the two gave pods up.
	VersusBaselinePercent     *float64 `json:"versusBaselinePercent"`
	VersusBaselinePercentCI95 float64  `json:"versusBaselinePercentCI95"`
	// HourlyAtEndMicroDollars is what the nodes cost per hour when the last pod
	// is about to end.
	HourlyAtEndMicroDollars int64 `json:"hourlyAtEndMicroDollars"`
	// NodeHours is by how nodes are bought.
	NodeHours SimulateNodeHours `json:"nodeHours"`
	// GPUHours is the time of all GPUs, and StrandedGPUHours that of free ones
	// that their node has no cpu or memory left for.
	GPUHours         float64 `json:"gpuHours"`
	StrandedGPUHours float64 `json:"strandedGPUHours"`
	// Waits are from the arrival of a pod to its first binding.
	WaitP50Seconds float64 `json:"waitP50Seconds"`
	WaitP99Seconds float64 `json:"waitP99Seconds"`
	WaitMaxSeconds float64 `json:"waitMaxSeconds"`
	// DelayMaxSeconds is the longest time that a pod ended later than without
	// any wait; with several seeds the longest of all.
	DelayMaxSeconds float64 `json:"delayMaxSeconds"`
	// Counts are means too.
	Evictions   float64 `json:"evictions"`
	Placements  float64 `json:"placements"`
	NodesBought float64 `json:"nodesBought"`
	PeakNodes   float64 `json:"peakNodes"`
	// Unschedulable is how many pods nodes were bought for in vain, in all seeds;
	// they are not part of the bill. UnschedulablePods names some, with the
	// scheduler's reason.
	Unschedulable     int      `json:"unschedulable"`
	UnschedulablePods []string `json:"unschedulablePods,omitempty"`
	// Seeds has the bill of each seed.
	Seeds []SimulateSeed `json:"seeds"`
}

// SimulateNodeHours is the time of nodes by how they are bought.
type SimulateNodeHours struct {
	OnDemand float64 `json:"onDemand"`
	Spot     float64 `json:"spot"`
	Unknown  float64 `json:"unknown"`
	Prepaid  float64 `json:"prepaid"`
}

// SimulateSeed is what came of one profile with one seed.
type SimulateSeed struct {
	Seed         uint64 `json:"seed"`
	MicroDollars int64  `json:"microDollars"`
	// BoundMicroDollars is null where there is no bound.
	BoundMicroDollars *int64 `json:"boundMicroDollars"`
}
