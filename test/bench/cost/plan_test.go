// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

func TestPlan(t *testing.T) {
	quick, err := newPlan(false, nil, nil, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(quick.cells) != len(quickCells) || len(quick.policies) != len(profiles.Names()) {
		t.Errorf("quick: %d cells and %d policies, want %d and all", len(quick.cells), len(quick.policies), len(quickCells))
	}
	if !strings.Contains(quick.describe(), "left out: 138 cells") {
		t.Errorf("quick does not say what it leaves out: %s", quick.describe())
	}
	full, err := newPlan(true, nil, nil, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(full.cells) != 2*3*3*2*4 || full.copies != 8 || full.seeds != 10 {
		t.Errorf("full: %d cells, %d copies, %d seeds", len(full.cells), full.copies, full.seeds)
	}
	some, err := newPlan(false, []string{"openb-default/gcp/random"}, []string{"default"}, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(some.cells) != 8 || some.policies[0] != profiles.MostAllocated {
		t.Errorf("%d cells, policies %v; want 8, and the baseline too", len(some.cells), some.policies)
	}
	for _, bad := range []struct {
		prefixes, policies []string
		copies             int
		want               string
	}{
		{[]string{"openb-defualt"}, nil, 0, "no cell begins with openb-defualt"},
		{nil, []string{"MostAlocated"}, 0, "did you mean"},
		{nil, nil, -1, "copies and seeds have to be 1 at least"},
	} {
		if _, err := newPlan(false, bad.prefixes, bad.policies, bad.copies, 0); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("newPlan(%v): error %v, want one with %q", bad, err, bad.want)
		}
	}
}

func TestStoreKeepsWholeRunsOfThisProgram(t *testing.T) {
	s, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if o, err := s.get("a/b"); o != nil || err != nil {
		t.Fatalf("get of nothing: %v, %v", o, err)
	}
	if err := s.put("a/b", &outcome{Seconds: 3}); err != nil {
		t.Fatal(err)
	}
	if o, err := s.get("a/b"); err != nil || o == nil || o.Seconds != 3 {
		t.Fatalf("get: %v, %v", o, err)
	}
	for name, data := range map[string]string{"another program's": `{"program":"x","seconds":3}`, "half a file": `{"program":"`} {
		if err := os.WriteFile(s.path("a/b"), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if o, err := s.get("a/b"); o != nil || err != nil {
			t.Errorf("%s: got %v, %v, want nothing", name, o, err)
		}
	}
}

func TestSummarize(t *testing.T) {
	p, err := newPlan(false, quickCells[:1], []string{profiles.MostAllocated, profiles.Default}, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	made := func(dollars ...float64) []*outcome {
		all := make([]*outcome, len(dollars))
		for i, d := range dollars {
			all[i] = &outcome{Result: &simulator.Result{Dollars: d}, Bound: 100, Fluid: 50}
		}
		return all
	}
	c := p.cells[0]
	r := results{c.name(): {profiles.MostAllocated: made(120, 140), profiles.Default: made(240, 210)}}
	e := summarize(p, c, profiles.Default, r)
	if e.Value != 225 || e.Baseline != 130 || e.Ratio != 1.75 || e.ExcessPct != 125 || math.Abs(e.ExcessRatio-125.0/30) > 1e-9 || e.ExcessFluidPct != 350 {
		t.Errorf("%+v", e)
	}
}

// The whole way, on two pods.
func TestRunIsResumed(t *testing.T) {
	p, err := newPlan(false, quickCells[:1], []string{profiles.MostAllocated}, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := p.trace("openb-default")
	if err != nil {
		t.Fatal(err)
	}
	trace.Pods = trace.Pods[len(trace.Pods)-2:]
	dir := t.TempDir()
	s, err := openStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := p.run(t.Context(), s, 1)
	if err != nil {
		t.Fatal(err)
	}
	path, err := writeEntries(dir, p, first)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var entries []entry
	if err := json.Unmarshal(data, &entries); err != nil || len(entries) != 1 || entries[0].Name != quickCells[0]+"/MostAllocated" || entries[0].Value <= 0 || entries[0].ExcessPct <= 0 {
		t.Errorf("cost.json: %v\n%s", err, data)
	}
	files, err := filepath.Glob(filepath.Join(dir, "cost", "*.json"))
	if err != nil || len(files) != 2 {
		t.Fatalf("finished runs: %v, %v; want the policy's and the bound", files, err)
	}
	// A second time nothing is simulated: a context that has ended would stop it.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.runJob(ended, s, job{p.cells[0], 1}); err != nil {
		t.Errorf("going on: %v", err)
	}
	// The bound that was kept is compared with whatever bills there are now.
	key := p.key(job{p.cells[0], 1}, profiles.MostAllocated)
	o, err := s.get(key)
	if err != nil {
		t.Fatal(err)
	}
	o.Result.Dollars /= 100
	if err := s.put(key, o); err != nil {
		t.Fatal(err)
	}
	if _, err := p.runJob(ended, s, job{p.cells[0], 1}); err == nil || !strings.Contains(err.Error(), "below the bound") {
		t.Errorf("a bill below the bound: got %v", err)
	}
}
