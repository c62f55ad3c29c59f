// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// writeWords says what the table leaves out: the bound, the world, and for the
// bundled example what it shows.
func (r *SimulateReport) writeWords(w io.Writer, command string, isExample bool) error {
	lines := []string{""}
	if r.Bound != nil {
		lines = append(lines, r.Bound.words())
	}
	if price := r.Workload.HourlyPriceMicroDollars; price != nil {
		hours := r.Workload.DurationSeconds / 3600
		lines = append(lines, fmt.Sprintf("As it is, the cluster costs %s per hour, %s in %s.",
			hourly(price), monthly(microDollars(float64(*price)/1e6*hours)), span(r.Workload.DurationSeconds)))
	}
	lines = append(lines, r.World.words(&r.Workload))
	if isExample {
		lines = append(lines, "", r.shows(), fmt.Sprintf("Try it on your cluster, which is only read: %s; %s simulate cluster.json", clusterDumpCommand, command))
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return wrap("writing the table", err)
}

func (b *SimulateBound) words() string {
	able := "free migration and foresight"
	if bound.Assumption(b.Assumes) == bound.AssumesLifecycle {
		able = "foresight" // pods that are moved are interrupted
	}
	text := "No scheduler, even with " + able + ", can pay less than " + monthlyDown(b.MicroDollars) + " in this world"
	if n := len(b.Seeds); n > 1 {
		text += fmt.Sprintf(", as the mean of the %d seeds", n)
	}
	switch bound.Assumption(b.Assumes) {
	case bound.AssumesMaxWait:
		text += ", if every pod ends at most " + b.late()
	case bound.AssumesLifecycle:
		text += ", if every pod ends at most " + b.late() + " and none is interrupted"
	case bound.AssumesNothing:
	}
	return text + "."
}

// late says by how much a pod may be late. Each seed has a bound for the longest
// delay of its own runs, which says nothing about longer ones.
func (b *SimulateBound) late() string {
	least := b.MaxWaitSeconds
	for _, s := range b.Seeds {
		least = min(least, s.MaxWaitSeconds)
	}
	if from, to := secondsDown(least), secondsDown(b.MaxWaitSeconds); from != to {
		return from + " to " + to + " late (by seed)"
	}
	return secondsDown(b.MaxWaitSeconds) + " late"
}

// secondsDown rounds down: what was proven for a delay holds for shorter ones.
func secondsDown(s float64) string { return seconds(math.Floor(s)) }

// monthlyDown rounds down: a bound may not be overstated.
func monthlyDown(microDollars int64) string {
	return monthly(microDollars - microDollars%10_000)
}

func (w *SimulateWorld) words(in *SimulateWorkload) string {
	pools := plural(w.Pools, "node pool", "node pools")
	var world string
	switch {
	case w.Kind == "cluster":
		world = fmt.Sprintf("the %s of the cluster's %s", pools, plural(in.Nodes, "node", "nodes"))
	case w.Capacity == "":
		world = fmt.Sprintf("the %s of %s", pools, w.Name)
	default:
		world = fmt.Sprintf("%s of %s, %s", pools, w.Cloud, w.Capacity)
	}
	text := fmt.Sprintf("World: %s; scale-up %s", world, w.ScaleUp)
	if w.Consolidation {
		text += " with consolidation"
	}
	text += fmt.Sprintf(", nodes boot in %s and stay %s empty. Workload: %s, %s in %s",
		seconds(w.BootSeconds), seconds(w.EmptyDelaySeconds), in.Name, plural(in.Pods, "pod", "pods"), span(in.DurationSeconds))
	if w.Seeds > 1 {
		text += fmt.Sprintf("; means of %d seeds with 95%% confidence intervals", w.Seeds)
	}
	return text + "."
}

// shows says in a sentence what came of the example.
func (r *SimulateReport) shows() string {
	text := "The same pods, on nodes at list prices, cost what the scheduler makes of them"
	var ours, theirs *SimulateRow
	for i := range r.Profiles {
		switch r.Profiles[i].Profile {
		case profiles.DominantShare:
			ours = &r.Profiles[i]
		case profiles.Default:
			theirs = &r.Profiles[i]
		}
	}
	if ours == nil || theirs == nil || r.Baseline != profiles.MostAllocated || ours.VersusBaselinePercent == nil {
		return text + "."
	}
	versusDefault := excess(float64(ours.MicroDollars), float64(theirs.MicroDollars))
	text += fmt.Sprintf(": the profile that Tollgate ships, DominantShare, pays %s than kube-scheduler's default and %s than MostAllocated",
		moreOrLess(versusDefault), moreOrLess(*ours.VersusBaselinePercent))
	if ours.AboveBoundPercent != nil {
		text += fmt.Sprintf(", and is %s%% above what is proven to be the least", tenths(*ours.AboveBoundPercent))
	}
	return text + "."
}

func moreOrLess(percent float64) string {
	if percent < 0 {
		return tenths(-percent) + "% less"
	}
	return tenths(percent) + "% more"
}

// notes say what is not in the numbers. What is left out of the bundled example
// its README says, and so does its JSON.
func (r *SimulateReport) notes(isExample bool) []string {
	var notes []string
	for _, text := range r.Workload.LeftOut {
		if !isExample {
			notes = append(notes, strings.TrimSuffix(strings.ToLower(text[:1])+text[1:], "."))
		}
	}
	notes = append(notes, r.extra...)
	for i := range r.Profiles {
		row := &r.Profiles[i]
		if row.Unschedulable > 0 {
			notes = append(notes, fmt.Sprintf("profile %s found no node for %s, which are not in its bill, so that it cannot be compared: %s",
				row.Profile, plural(row.Unschedulable, "pod", "pods"), strings.Join(row.UnschedulablePods, "; ")))
		}
	}
	return notes
}

// span is a long time: in days with one decimal from two days on.
func span(s float64) string {
	const day = 24 * 3600
	if s < 2*day {
		return seconds(s)
	}
	return tenths(s/day) + " days"
}
