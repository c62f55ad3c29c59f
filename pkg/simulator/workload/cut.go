// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"slices"
	"time"
)

// Clip returns the workload until end, since its start: pods that would arrive
// then or later are left out, and those that would run longer end. It shares
// pods with w.
func Clip(w *Workload, end time.Duration) *Workload {
	out := *w
	out.Pods = nil
	cut := 0
	for _, p := range w.Pods {
		if p.Arrives >= end {
			continue
		}
		if p.Lifetime > end-p.Arrives {
			p.Lifetime = end - p.Arrives
			cut++
		}
		out.Pods = append(out.Pods, p)
	}
	out.LeftOut = slices.Clone(w.LeftOut)
	if late := len(w.Pods) - len(out.Pods); late+cut > 0 {
		out.LeftOut = append(out.LeftOut, fmt.Sprintf("What is after %s is not simulated; pods that would arrive later: %d, that would run longer: %d.", end, late, cut))
	}
	return &out
}

// Head returns the workload with its first n pods only. It shares pods with w.
func Head(w *Workload, n int) *Workload {
	n = min(max(n, 0), len(w.Pods))
	out := *w
	out.Pods = slices.Clip(w.Pods[:n])
	out.LeftOut = slices.Clone(w.LeftOut)
	if n < len(w.Pods) {
		out.LeftOut = append(out.LeftOut, fmt.Sprintf("Only the first %d of %d pods are simulated.", n, len(w.Pods)))
	}
	return &out
}
