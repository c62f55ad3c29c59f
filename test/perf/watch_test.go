// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/component-base/metrics/testutil"
	schedmetrics "k8s.io/kubernetes/pkg/scheduler/metrics"

	"github.com/tollgate-dev/tollgate/test/perf/suite"
)

// watch follows a run from outside of scheduler_perf: which collects histograms from the start of the run, or of the process, and
// processor time not at all.
type watch struct {
	first, measured float64 // pods: those before, and those that are measured

	begin  float64 // pods that other runs have bound
	points []point
	// from and to are the scheduler's histograms around the measured pods.
	from, to snapshot
}

// point is a time at which so many pods of the run were bound.
type point struct {
	bound float64
	at    time.Time
	used  time.Duration // of processors, by the process: scheduler, API server and informers, but not etcd
}

// watchEvery is how often it looks. The scheduler's own metric is cheap to read, all metrics of the process are not.
const watchEvery = 20 * time.Millisecond

// startWatch reports what it sees when the run is over.
func startWatch(b *testing.B, s suite.Suite) {
	w := &watch{first: float64(s.First), measured: float64(s.Measured), begin: boundSoFar()}
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { w.run(ctx) })
	b.Cleanup(func() {
		stop()
		done.Wait()
		w.report(b)
	})
}

func (w *watch) run(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look()
		}
	}
}

func (w *watch) look() {
	bound := boundSoFar() - w.begin
	w.points = append(w.points, point{bound, time.Now(), cpuTime()})
	if bound >= w.first && w.from == nil {
		w.from = takeSnapshot()
	}
	if bound >= w.first+w.measured && w.to == nil {
		w.to = takeSnapshot()
	}
}

// report adds what was seen to the benchmark's results.
func (w *watch) report(b *testing.B) {
	b.ReportMetric(w.measured, "pods")
	// Without the first and the last tenth of the pods, where creating them and waiting for them take part.
	from, ok := w.pointAt(w.first + 0.1*w.measured)
	to, also := w.pointAt(w.first + 0.9*w.measured)
	if ok && also && to.at.After(from.at) {
		pods := 0.8 * w.measured
		b.ReportMetric(pods/to.at.Sub(from.at).Seconds(), "steady-pods/s")
		b.ReportMetric(milliseconds(to.used-from.used)/pods, "cpu-ms/pod")
	}
	if w.from == nil || w.to == nil {
		return
	}
	for name, h := range w.to {
		d := h.minus(w.from[name])
		if d.count == 0 {
			continue
		}
		b.ReportMetric(d.mean(), name+"-ms/mean")
		b.ReportMetric(d.quantile(0.5), name+"-ms/p50")
		b.ReportMetric(d.quantile(0.99), name+"-ms/p99")
	}
}

// pointAt interpolates.
func (w *watch) pointAt(bound float64) (point, bool) {
	for i := 1; i < len(w.points); i++ {
		before, after := w.points[i-1], w.points[i]
		if before.bound <= bound && bound < after.bound {
			part := (bound - before.bound) / (after.bound - before.bound)
			return point{
				bound: bound,
				at:    before.at.Add(time.Duration(part * float64(after.at.Sub(before.at)))),
				used:  before.used + time.Duration(part*float64(after.used-before.used)),
			}, true
		}
	}
	return point{}, false
}

// boundSoFar is how many pods the process has bound: the scheduler observes how many attempts each took.
func boundSoFar() float64 {
	count, err := testutil.GetHistogramMetricCount(schedmetrics.PodSchedulingAttempts.ObserverMetric)
	if err != nil {
		return 0 // the metric is not registered yet
	}
	return float64(count)
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // there is no other fault than a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
