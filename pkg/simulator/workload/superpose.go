// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// densePermille is the share of pods that arrive in the dense window.
const densePermille = 995

// DenseWindow is the part of a trace in which nearly all happens: the shortest
// window that ends with the last arrival and holds 99.5% of the arrivals. It
// returns when it begins, and its length; both are 0 for no pods. Traces of
// clusters begin with the few old pods that were there already, each at its own
// creation, months apart.
//
// Details: of n pods in order of arrival, floor(n/200) come before the window.
// It begins with the arrival of the next, and ends 1 s after the last.
func DenseWindow(w *Workload) (start, length time.Duration) {
	n := len(w.Pods)
	if n == 0 {
		return 0, 0
	}
	start = w.Pods[n*(1000-densePermille)/1000].Arrives
	return start, w.Pods[n-1].Arrives - start + time.Second
}

// Superpose returns copies of a trace's dense window on top of each other, to
// make a busy cluster of a quiet one. Each copy is turned around by a random
// time, in whole seconds: arrival = (arrival - start + shift) mod length. So
// lifetimes and bursts stay as they are, and no time is busier than another for
// the copies' sake.
//
// Pods that arrive before the window are left out. Lifetimes are cut to the
// length of the window. A pod that arrives late runs on after the window, alone
// in the end: see Clip.
//
// The pods of copy k are called <name>-<k>. They share with each other, and
// with w, everything but their metadata and the top of their spec: nobody may
// change containers, labels or affinity of one of them. There is always one copy
// at least. The result is the same for the same seed.
func Superpose(w *Workload, copies int, seed uint64) *Workload {
	copies = max(1, copies)
	start, length := DenseWindow(w)
	first := len(w.Pods)
	for i := range w.Pods {
		if w.Pods[i].Arrives >= start {
			first = i
			break
		}
	}
	dense := w.Pods[first:]
	out := &Workload{
		Name: fmt.Sprintf("%s x %d", w.Name, copies), Start: w.Start,
		Pods:       make([]Pod, 0, copies*len(dense)),
		DaemonSets: w.DaemonSets, Nodes: w.Nodes, LeftOut: slices.Clone(w.LeftOut),
	}
	random := rand.New(rand.NewPCG(seed, 0x73_75_70_65_72)) //nolint:gosec // reproducible chance is what is wanted
	cut := 0
	for k := 1; k <= copies && len(dense) > 0; k++ {
		shift := seconds(random.Int64N(int64(length / time.Second)))
		suffix := "-" + strconv.Itoa(k)
		for i := range dense {
			p := &dense[i]
			object := *p.Object
			object.Name += suffix
			object.UID = uidOf(object.Namespace, object.Name)
			out.Pods = append(out.Pods, Pod{
				Object:   &object,
				Arrives:  (p.Arrives - start + shift) % length,
				Lifetime: min(p.Lifetime, length),
				Source:   p.Source,

				Unscheduled: p.Unscheduled,
			})
			if k == 1 && p.Lifetime > length {
				cut++
			}
		}
	}
	sortPods(out.Pods)
	if first > 0 {
		out.LeftOut = append(out.LeftOut, fmt.Sprintf("The first %d of %d pods are not simulated: they arrive before the %s that are repeated, in which all others do.", first, len(w.Pods), length))
	}
	if cut > 0 {
		out.LeftOut = append(out.LeftOut, fmt.Sprintf("The lifetimes of %d pods in each copy are cut to %s, the length of what is repeated.", cut, length))
	}
	return out
}
