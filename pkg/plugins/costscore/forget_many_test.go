// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/component-base/metrics/testutil"
	"k8s.io/klog/v2/ktesting"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// The deletion of one of many nodes does not look at all the others, but what
// is remembered never outgrows the nodes that there are.
func TestForgetNode(t *testing.T) {
	const count = 1000
	remembered, there, looked := map[string]int{}, map[string]bool{}, 0
	for i := range count {
		name := fmt.Sprint("n", i)
		remembered[name], there[name] = i, true
	}
	gone := func(name string) bool {
		looked++
		return !there[name]
	}
	for i := range count / 2 {
		name := fmt.Sprint("n", i)
		delete(there, name)
		forgetNode(remembered, name, len(there), gone)
		if _, ok := remembered[name]; ok {
			t.Fatalf("node %s is remembered", name)
		}
	}
	if looked != 0 || len(remembered) != count/2 {
		t.Errorf("looked at %d nodes and remember %d, want 0 and %d", looked, len(remembered), count/2)
	}
	remembered["n0"] = 0 // by a cycle with the old snapshot
	delete(there, "n600")
	forgetNode(remembered, "n600", len(there), gone)
	if _, ok := remembered["n0"]; ok || len(remembered) != len(there) {
		t.Errorf("remember %d nodes, want %d, and n0 gone", len(remembered), len(there))
	}
}

// A node that is created again under the name of another is news.
func TestProblemOfNodeCreatedAgain(t *testing.T) {
	first, second := node("n", "wrong"), node("n", "wrong")
	second.UID = "another"
	c := newCluster(t, []*v1.Node{first}, nil)
	for _, n := range []*v1.Node{first, first, second, second} {
		c.plugin.nodes.price(n)
	}
	if got := len(c.recorder.Events); got != 2 {
		t.Errorf("got %d events, want 2", got)
	}
}

// The API server refuses events with longer notes.
func TestNotesAreNotTooLong(t *testing.T) {
	c := newCluster(t, nil, nil)
	n := node("n", "0.1")
	price := pricing.Price{Source: pricing.SourceRule, Detail: "prices[0]", Problem: strings.Repeat("ö", maxNote)}
	c.plugin.problems.report(n, price)
	got := <-c.recorder.Events
	note := strings.TrimPrefix(got, v1.EventTypeWarning+" "+EventReasonInvalidPrice+" ")
	if len(note) > 1024 || !strings.HasSuffix(note, "ö...; using $0.0000/h from prices[0]") {
		t.Errorf("got a note of %d bytes: %q", len(note), note)
	}
}

// The queue asks about one change for each pod that waits.
func TestFormerStateIsPricedOnce(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("n", "0.2")}, nil)
	logger, _ := ktesting.NewTestContext(t)
	was, is := node("n", "0.3"), node("n", "0.2")
	c.plugin.nodes.prime()
	c.plugin.nodes.set(is)
	lookups := func() float64 {
		got, err := testutil.GetCounterMetricValue(priceLookups.WithLabelValues(string(pricing.SourceAnnotation)))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	before := lookups()
	for range 5 {
		for limit, want := range map[string]fwk.QueueingHint{"0.1": fwk.QueueSkip, "0.25": fwk.Queue, "0.4": fwk.QueueSkip} {
			if got, err := c.plugin.isSchedulableAfterNodeChange(logger, limitedPod(limit, ""), was, is); err != nil || got != want {
				t.Errorf("limit %s: got %v (%v), want %v", limit, got, err, want)
			}
		}
	}
	if got := lookups() - before; got != 1 {
		t.Errorf("looked up %v prices, want 1", got)
	}
	if got, _ := c.plugin.isSchedulableAfterNodeChange(logger, limitedPod("0.25", ""), node("n", "0.1"), is); got != fwk.QueueSkip {
		t.Errorf("another former state: got %v, want %v", got, fwk.QueueSkip)
	}
}
