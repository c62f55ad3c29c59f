// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// throughput measures how fast undeclared pods are bound with none held, with pods that CertGate holds, and with as many that
// the scheduling gates of Kubernetes hold. The last are what any held pods cost, whoever holds them. All three are measured in
// each round, in an order that changes from round to round, and compared round by round.
func (b *bench) throughput(ctx context.Context) (entries []measure.Entry, err error) {
	if _, err := b.start(ctx); err != nil {
		return nil, err
	}
	var rates, cpus [armCount][]float64
	beside := &background{}
	defer func() { err = errors.Join(err, beside.end(ctx, b)) }()
	for round := range b.pairs {
		for _, arm := range armOrders[round%len(armOrders)] {
			if err := beside.become(ctx, b, arm); err != nil {
				return nil, err
			}
			held := b.background
			if arm == armNone {
				held = 0
			}
			r, err := b.boundPerSecond(ctx, b.batch, held, namespaceOf)
			if err != nil {
				return nil, err
			}
			b.progress.Step("round %d, %s: %.0f undeclared pods/s, %.0f µs of processor each", round+1, arm, r.rate, r.cpu)
			rates[arm], cpus[arm] = append(rates[arm], r.rate), append(cpus[arm], r.cpu)
		}
	}
	return append(throughputEntries("undeclared_throughput", "pods/s", b.background, rates),
		throughputEntries("undeclared_cpu", "µs/pod", b.background, cpus)...), nil
}

// throughputEntries compares, round by round, what was measured beside held pods to what was measured without, and what was
// measured beside those of CertGate to what was measured beside those of scheduling gates.
func throughputEntries(name, unit string, n int, measured [armCount][]float64) []measure.Entry {
	free, held, gated := measured[armNone], measured[armHeld], measured[armGated]
	byGate, byOwn := fmt.Sprintf("/held=%d", n), fmt.Sprintf("/gated=%d", n)
	ratio := func(name string, values, baselines []float64) measure.Entry {
		return newEntry(name, "", medianOf(ratios(values, baselines)), len(values)).Against(1)
	}
	absolute := func(name string, values []float64) measure.Entry {
		return newEntry(name, unit, medianOf(values), len(values)).Against(medianOf(free).value)
	}
	return []measure.Entry{
		ratio(name+"_ratio"+byGate, held, free),
		absolute(name+byGate, held),
		ratio(name+"_ratio"+byOwn, gated, free),
		absolute(name+byOwn, gated),
		ratio(name+"_ratio_to_gates"+byGate, held, gated),
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
