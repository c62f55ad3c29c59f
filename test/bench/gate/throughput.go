// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// throughput measures how fast undeclared pods are bound with and without held ones, in pairs. The order is without, with,
// with, without, and so on, so that what changes slowly changes both alike.
func (b *bench) throughput(ctx context.Context) (entries []measure.Entry, err error) {
	if _, err := b.start(ctx); err != nil {
		return nil, err
	}
	var rates, cpus [2][]float64 // without, with
	batch := ""                  // of the held pods there are
	defer func() {
		if batch != "" {
			err = errors.Join(err, b.deleteBatch(ctx, batch))
		}
	}()
	for pair := range b.pairs {
		order := []int{0, 1}
		if pair%2 == 1 {
			slices.Reverse(order)
		}
		for _, with := range order {
			held := 0
			switch {
			case with == 1 && batch == "":
				batch = b.nextBatch("held")
				err = b.createPods(ctx, newPods(batch, b.background, true))
			case with == 0 && batch != "":
				err, batch = b.deleteBatch(ctx, batch), ""
			}
			if err != nil {
				return nil, err
			}
			if with == 1 {
				held = b.background
			}
			r, err := b.boundPerSecond(ctx, b.batch, held, namespaceOf)
			if err != nil {
				return nil, err
			}
			b.progress.Step("%d held: %.0f undeclared pods/s, %.0f µs of processor each", held, r.rate, r.cpu)
			rates[with], cpus[with] = append(rates[with], r.rate), append(cpus[with], r.cpu)
		}
	}
	return append(throughputEntries("undeclared_throughput", "pods/s", b.background, rates),
		throughputEntries("undeclared_cpu", "µs/pod", b.background, cpus)...), nil
}

// throughputEntries compares what was measured with held pods to what was measured without, pair by pair.
func throughputEntries(name, unit string, held int, measured [2][]float64) []measure.Entry {
	suffix, without, with := fmt.Sprintf("/held=%d", held), measured[0], measured[1]
	return []measure.Entry{
		newEntry(name+"_ratio"+suffix, "", medianOf(ratios(with, without)), len(with)).Against(1),
		newEntry(name+suffix, unit, medianOf(with), len(with)).Against(medianOf(without).value),
	}
}

// result is one measurement of throughput.
type result struct {
	rate float64 // pods bound per second
	cpu  float64 // processor time of the scheduler, in microseconds per pod
}

// boundPerSecond has a fresh scheduler bind n undeclared pods that are all in its queue when it begins, beside those that it
// holds. The time runs from its getting the lease until the last pod is bound. It begins when the servers have nothing left to
// do of what was before.
func (b *bench) boundPerSecond(ctx context.Context, n, held int, namespace func(int) string) (r result, err error) {
	c := b.cluster
	if err := c.holdLease(ctx); err != nil {
		return r, err
	}
	batch := b.nextBatch("undeclared")
	pods := make([]*corev1.Pod, n)
	for i := range pods {
		pods[i] = newPod(namespace(i), batch, fmt.Sprintf("%s-%05d", batch, i), "")
	}
	defer func() { err = errors.Join(err, b.deleteBatch(ctx, batch)) }()
	if err := b.createPods(ctx, pods); err != nil {
		return r, err
	}
	bound := c.bound.expect(pods...)
	s, err := c.startScheduler(ctx, schedulerOptions{standby: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.awaitQueue(ctx, n, held); err != nil {
		return r, err
	}
	if early := bound.count(); early > 0 {
		return r, fmt.Errorf("%d pods were bound by a scheduler that does not have the lease", early)
	}
	if err := awaitIdle(ctx); err != nil {
		return r, err
	}
	before, err := measure.CPUTime(s.process.Pid())
	if err != nil {
		return r, err
	}
	if err := c.releaseLease(ctx); err != nil {
		return r, err
	}
	last, err := bound.last(ctx)
	if err != nil {
		return r, err
	}
	begin, err := c.acquired(ctx)
	if err != nil {
		return r, err
	}
	after, err := measure.CPUTime(s.process.Pid())
	if err != nil {
		return r, err
	}
	return result{rate: perSecond(n, last, begin), cpu: float64((after - before).Microseconds()) / float64(n)}, nil
}

// perSecond uses the wall clock, as begin may be of another process.
func perSecond(n int, last, begin time.Time) float64 {
	return float64(n) / last.Round(0).Sub(begin.Round(0)).Seconds()
}
