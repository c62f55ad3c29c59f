// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"math"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Seeds differ in what their best proof assumes, and in the delay that it is
// for: what is told of all of them must hold for each.
func TestBoundOfSeveralSeeds(t *testing.T) {
	run := func(seed uint64, wait int64, assumes bound.Assumption, dollars string) *seedRun {
		return &seedRun{
			seed: seed, setting: &experiment.Setting{Workload: &workload.Workload{}},
			certificate: &bound.Certificate{
				World: bound.World{MaxWait: wait * 1e9}, Proofs: []bound.Proof{{Name: string(assumes) + "-proof", Assumes: assumes, Dollars: dollars}},
			},
		}
	}
	nothing, wait, lifecycle := bound.AssumesNothing, bound.AssumesMaxWait, bound.AssumesLifecycle
	for name, tt := range map[string]struct {
		runs  []*seedRun
		proof string
		want  string
	}{
		"one": {
			[]*seedRun{run(1, 70, lifecycle, "2.50")}, "Lifecycle-proof",
			"No scheduler, even with foresight, can pay less than $2.50 in this world, if every pod ends at most 1m10s late and none is interrupted.",
		},
		"the first assumes least and waits least": {
			[]*seedRun{run(1, 60, nothing, "1"), run(2, 90, lifecycle, "2"), run(3, 70, wait, "3")}, "Lifecycle-proof",
			"No scheduler, even with foresight, can pay less than $2.00 in this world, as the mean of the 3 seeds, if every pod ends at most 1m to 1m30s late (by seed) and none is interrupted.",
		},
		"the first waits longest": {
			[]*seedRun{run(1, 90, wait, "1"), run(2, 60, nothing, "2")}, "MaxWait-proof",
			"No scheduler, even with free migration and foresight, can pay less than $1.50 in this world, as the mean of the 2 seeds, if every pod ends at most 1m to 1m30s late (by seed).",
		},
		"all wait alike": {
			[]*seedRun{run(1, 60, wait, "1"), run(2, 60, wait, "1")}, "MaxWait-proof",
			"No scheduler, even with free migration and foresight, can pay less than $1.00 in this world, as the mean of the 2 seeds, if every pod ends at most 1m late.",
		},
		"nothing is assumed": {
			[]*seedRun{run(1, 60, nothing, "1"), run(2, 70, nothing, "1")}, "Nothing-proof",
			"No scheduler, even with free migration and foresight, can pay less than $1.00 in this world, as the mean of the 2 seeds.",
		},
	} {
		b := boundOf(tt.runs)
		if got := b.words(); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, tt.want)
		}
		if b.Proof != tt.proof || len(b.Seeds) != len(tt.runs) {
			t.Errorf("%s: got proof %s and %d seeds, want %s and %d", name, b.Proof, len(b.Seeds), tt.proof, len(tt.runs))
		}
	}
}

func TestDelayOfABoundIsRoundedDown(t *testing.T) {
	if got := secondsDown(70.9); got != "1m10s" {
		t.Errorf("got %s, want 1m10s: nothing is proven for delays of 71s", got)
	}
}

func TestMicroDollars(t *testing.T) {
	for dollars, want := range map[float64]int64{0: 0, 1.5: 1_500_000, -0.0000014: -1, 1e30: maxMicroDollars, -1e30: -maxMicroDollars, math.Inf(1): maxMicroDollars} {
		if got := microDollars(dollars); got != want {
			t.Errorf("%v dollars are %d, want %d", dollars, got, want)
		}
	}
	if got := monthly(maxMicroDollars); got[0:2] != "$9" {
		t.Errorf("got %s", got)
	}
}
