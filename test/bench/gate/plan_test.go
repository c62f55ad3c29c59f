// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlan(t *testing.T) {
	p, err := parsePlan(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"preenqueue", "queue", "latency", "release", "throughput", "memory"}, p.parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	if !slices.Equal(p.held, []int{1, 1000, 10000}) || p.samples < 300 || p.pairs < 10 || p.background != 10000 || p.secrets != 50000 {
		t.Errorf("the defaults are smaller than what is promised: %+v", p)
	}

	p, err = parsePlan([]string{"-smoke", "-pairs", "3", "-parts", "memory,latency"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.parts, []string{"latency", "memory"}) || p.pairs != 3 || p.samples != 20 || !slices.Equal(p.held, []int{1, 100}) {
		t.Errorf("smoke with two parts and three pairs: %+v", p)
	}
}

func TestPlanRefuses(t *testing.T) {
	for _, c := range []struct {
		args, want string
	}{
		{"-parts latencies", `there is no part "latencies"; the parts are preenqueue, queue, latency`},
		{"-held 1,many", `reading -held: "many" is no number`},
		{"-held 0", "0 has to be 1 at least"},
		{"-pairs 0 -samples -1", "-pairs has to be 1 at least, it is 0\n-samples has to be 1 at least, it is -1"},
		{"-warm-up -1", "-warm-up has to be 0 at least"},
		{"-nodes 10", "10000 pods do not fit on 10 nodes of 250; raise -nodes"},
	} {
		if _, err := parsePlan(strings.Fields(c.args), io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.args, err, c.want)
		}
	}
}

func TestSmokeNamesFlags(t *testing.T) {
	if _, err := parsePlan([]string{"-smoke"}, io.Discard); err != nil {
		t.Error(err)
	}
}
