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
	begin           float64 // pods that other runs have bound
	// from is when the first pods were bound, and to when the measured ones were; nil before.
	from, to *moment
}

// moment is the state of the process at a time.
type moment struct {
	at         time.Time
	used       time.Duration // of processors: by scheduler, API server and informers, but not by etcd
	histograms snapshot
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
		w.look() // the last pods may have been bound since
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
	if bound >= w.first && w.from == nil {
		w.from = now()
	}
	if bound >= w.first+w.measured && w.to == nil {
		w.to = now()
	}
}

func now() *moment { return &moment{time.Now(), cpuTime(), takeSnapshot()} }

// report adds what was seen to the benchmark's results.
func (w *watch) report(b *testing.B) {
	b.ReportMetric(w.measured, "pods")
	if w.from == nil || w.to == nil {
		return
	}
	b.ReportMetric(milliseconds(w.to.used-w.from.used)/w.measured, "cpu-ms/pod")
	b.ReportMetric(w.measured/w.to.at.Sub(w.from.at).Seconds(), "whole-pods/s")
	for name, h := range w.to.histograms {
		d := h.minus(w.from.histograms[name])
		if d.count == 0 {
			continue
		}
		b.ReportMetric(d.mean(), name+"-ms/mean")
		b.ReportMetric(d.quantile(0.5), name+"-ms/p50")
		b.ReportMetric(d.quantile(0.99), name+"-ms/p99")
	}
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
