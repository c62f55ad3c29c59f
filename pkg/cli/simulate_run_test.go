// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// A bound above a bill would be a fault of the bound: the bills are printed all
// the same, and whoever asked for a proof is told that there is none.
func TestReportWithoutBound(t *testing.T) {
	all := []*profiles.Profile{{Name: "gave-up"}, {Name: "whole"}}
	run := &seedRun{
		seed: 7, setting: &experiment.Setting{Workload: &workload.Workload{Name: "w"}},
		results:     []*simulator.Result{{Dollars: 1, UnschedulableCount: 1, Unschedulable: []string{"a/b: no"}}, {Dollars: 2}},
		certificate: &bound.Certificate{World: bound.World{MaxWait: 1e9}, Proofs: []bound.Proof{{Name: "fluid", Assumes: bound.AssumesNothing, Dollars: "2.000000"}}},
	}
	if err := run.refuted(all); err != nil {
		t.Fatalf("got %v of a bound that holds", err)
	}
	run.certificate.Proofs[0].Dollars = "2.500000"
	refuted := run.refuted(all)
	if refuted == nil || !strings.HasPrefix(refuted.Error(), "profile whole with seed 7: comparing with the bound: the bill of $2.000000 is below the bound of $2.500000") {
		t.Fatalf("got %v of a bound above a bill", refuted)
	}
	run.certificate = nil
	for _, certificate := range []string{"", "bound.json.gz"} {
		var out, errOut bytes.Buffer
		o := &simulateOptions{
			Env:    Env{IOStreams: genericiooptions.IOStreams{Out: &out, ErrOut: &errOut}, Clock: clocktesting.NewFakePassiveClock(time.Time{}), Name: "kubectl-tollgate"},
			output: "table", file: "w.csv", bound: true, certificate: certificate,
		}
		err := o.writeWithoutBound(o.report(&source{}, all, []*seedRun{run}), refuted)
		if !strings.Contains(out.String(), "whole       $2.00") || strings.Contains(out.String(), "BOUND") || strings.Contains(out.String(), "No scheduler") {
			t.Errorf("got the report\n%s", out.String())
		}
		said := errOut.String()
		if err != nil {
			said = err.Error()
		}
		if (err != nil) != (certificate != "") || !strings.Contains(said, refuted.Error()) {
			t.Errorf("with certificate %q: got error %v and on stderr %s", certificate, err, errOut.String())
		}
	}
}

func TestCountable(t *testing.T) {
	for dollars, want := range map[float64]bool{0: true, 9e12: true, 1e13: false} {
		if err := countable(&simulator.Result{Dollars: dollars}, "p"); (err == nil) != want {
			t.Errorf("%v dollars: got error %v", dollars, err)
		}
	}
}
