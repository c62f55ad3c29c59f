// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// trace has a pod for each arrival, in seconds, that lives for 10 s.
func trace(arrivals ...int) *workload.Workload {
	w := &workload.Workload{Name: "t"}
	for i, at := range arrivals {
		name := fmt.Sprintf("p%d", i)
		w.Pods = append(w.Pods, workload.Pod{
			Object:  &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)}},
			Arrives: time.Duration(at) * time.Second, Lifetime: 10 * time.Second, Source: "t:1",
		})
	}
	return w
}

func TestDenseWindow(t *testing.T) {
	if start, length := workload.DenseWindow(trace()); start != 0 || length != 0 {
		t.Errorf("no pods: got %s, %s", start, length)
	}
	if start, length := workload.DenseWindow(trace(5)); start != 5*time.Second || length != time.Second {
		t.Errorf("one pod: got %s, %s", start, length)
	}
	// 400 pods: 2 may be before the window.
	arrivals := []int{0, 1000, 5000}
	for i := range 397 {
		arrivals = append(arrivals, 5001+i)
	}
	if start, length := workload.DenseWindow(trace(arrivals...)); start != 5000*time.Second || length != 398*time.Second {
		t.Errorf("400 pods: got %s, %s", start, length)
	}
}

func TestSuperposeDropsAndCuts(t *testing.T) {
	arrivals := []int{0}
	for i := range 199 {
		arrivals = append(arrivals, 5000+i/100)
	}
	w := trace(arrivals...)
	out := workload.Superpose(w, 2, 7)
	mustCheck(t, out)
	if len(out.Pods) != 2*199 || out.Name != "t x 2" {
		t.Errorf("got %d pods of %q", len(out.Pods), out.Name)
	}
	for _, p := range out.Pods {
		if p.Lifetime != 2*time.Second || p.Arrives >= 2*time.Second {
			t.Fatalf("%s: %s+%s", p.Object.Name, p.Arrives, p.Lifetime)
		}
	}
	want := []string{
		"The first 1 of 200 pods are not simulated: they arrive before the 2s that are repeated, in which all others do.",
		"The lifetimes of 199 pods in each copy are cut to 2s, the length of what is repeated.",
	}
	if diff := cmp.Diff(want, out.LeftOut); diff != "" {
		t.Errorf("LeftOut (-want, +got):\n%s", diff)
	}
	if len(w.LeftOut) > 0 || w.Pods[0].Object.Name != "p0" {
		t.Error("the trace was changed")
	}
}

func TestSuperposeIsDecidedByTheSeed(t *testing.T) {
	w, err := workload.Open("testdata/openb_head.csv.gz", workload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := workload.Superpose(w, 8, 1)
	mustCheck(t, a)
	if diff := cmp.Diff(lines(a), lines(workload.Superpose(w, 8, 1))); diff != "" {
		t.Errorf("the same seed gives another workload:\n%s", diff)
	}
	if lines(a) == lines(workload.Superpose(w, 8, 2)) {
		t.Error("another seed gives the same workload")
	}
	if got := workload.Superpose(trace(), 8, 1); len(got.Pods) != 0 {
		t.Errorf("no pods became %d", len(got.Pods))
	}
}

// Each copy has each dense pod once, with its lifetime, turned around by the
// same time as the copy's others.
func TestSuperposeTurnsCopies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 30).Draw(t, "gaps")
		copies, seed := rapid.IntRange(1, 4).Draw(t, "copies"), rapid.Uint64().Draw(t, "seed")
		arrivals, at := []int{}, 0
		for _, g := range gaps {
			at += g
			arrivals = append(arrivals, at)
		}
		w := trace(arrivals...)
		start, length := workload.DenseWindow(w)
		byName := map[string]workload.Pod{}
		out := workload.Superpose(w, copies, seed)
		for _, p := range out.Pods {
			byName[p.Object.Name] = p
		}
		if err := check(out); err != nil || len(out.Pods) != copies*len(arrivals) {
			t.Fatalf("%d copies of %d pods are %d: %v", copies, len(arrivals), len(out.Pods), err)
		}
		for k := 1; k <= copies; k++ {
			var shift time.Duration
			for i, p := range w.Pods {
				got := byName[fmt.Sprintf("%s-%d", p.Object.Name, k)]
				turned := (got.Arrives - (p.Arrives - start) + length) % length
				if i == 0 {
					shift = turned
				}
				if turned != shift || got.Arrives >= length || got.Lifetime != min(p.Lifetime, length) {
					t.Fatalf("%s: %s+%s, turned by %s and not %s", got.Object.Name, got.Arrives, got.Lifetime, turned, shift)
				}
			}
		}
	})
}

func TestClipAndHead(t *testing.T) {
	w := trace(0, 5, 20, 21)
	clipped := workload.Clip(w, 20*time.Second)
	if want := "default/p0 0s+10s\ndefault/p1 5s+10s\n"; lines(clipped) != want {
		t.Errorf("got\n%swant\n%s", lines(clipped), want)
	}
	if got := workload.Clip(w, 25*time.Second); got.Duration() != 25*time.Second || got.LeftOut[0] != "What is after 25s is not simulated; pods that would arrive later: 0, that would run longer: 2." {
		t.Errorf("got %s, %q", got.Duration(), got.LeftOut)
	}
	if got := workload.Clip(w, time.Hour); lines(got) != lines(w) || got.LeftOut != nil {
		t.Errorf("got\n%s%q", lines(got), got.LeftOut)
	}
	if got := workload.Head(w, 1); lines(got) != "default/p0 0s+10s\n" || got.LeftOut[0] != "Only the first 1 of 4 pods are simulated." {
		t.Errorf("got\n%s%q", lines(got), got.LeftOut)
	}
	if got := workload.Head(w, 9); lines(got) != lines(w) || got.LeftOut != nil {
		t.Errorf("got\n%s%q", lines(got), got.LeftOut)
	}
	if w.Duration() != 31*time.Second || len(w.Pods) != 4 {
		t.Error("the trace was changed")
	}
}
