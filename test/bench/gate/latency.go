// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// latencies measures how soon a pod is bound after its Secret was written, while a number of others is held.
func (b *bench) latencies(ctx context.Context) ([]measure.Entry, error) {
	var entries []measure.Entry
	for _, held := range b.held {
		times, err := b.latency(ctx, held)
		if err != nil {
			return nil, fmt.Errorf("with %d held pods: %w", held, err)
		}
		entries = append(entries, times.entries(held)...)
	}
	return entries, nil
}

// latencyTimes are in milliseconds.
type latencyTimes struct {
	// secret is from the answer to the request that wrote the Secret until the pod was seen bound, secretRequest from its
	// beginning.
	secret, secretRequest []float64
	// pod and podRequest are the same for a pod that declares nothing, from its creation.
	pod, podRequest []float64
}

func (t *latencyTimes) entries(held int) []measure.Entry {
	var entries []measure.Entry
	for _, from := range []struct {
		name            string
		value, baseline []float64
	}{
		{"secret_to_bound", t.secret, t.pod},
		{"secret_request_to_bound", t.secretRequest, t.podRequest},
	} {
		for _, quantile := range []struct {
			name string
			q    float64
		}{{"p50", 0.5}, {"p99", 0.99}} {
			name := fmt.Sprintf("%s_%s_ms/held=%d", from.name, quantile.name, held)
			e := newEntry(name, "ms", quantileOf(from.value, quantile.q), len(from.value))
			entries = append(entries, e.Against(quantileOf(from.baseline, quantile.q).value))
		}
	}
	return entries
}

func (b *bench) latency(ctx context.Context, held int) (times *latencyTimes, err error) {
	c, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	s, err := c.startScheduler(ctx, schedulerOptions{})
	if err != nil {
		return nil, err
	}
	batch := b.nextBatch("latency")
	defer func() { err = errors.Join(err, s.stop(), b.deleteBatch(ctx, batch)) }()
	b.progress.Step("%d held pods, each on a Secret of its own", held)
	pool := newPods(batch, held, true)
	if err := b.createPods(ctx, pool); err != nil {
		return nil, err
	}
	if err := s.awaitQueue(ctx, 0, held); err != nil {
		return nil, err
	}
	times = &latencyTimes{}
	random := rand.New(rand.NewPCG(1, uint64(held))) //nolint:gosec // the same pods in each run
	done, stop := b.progress.Counter("Secrets written", b.warmUp+b.samples)
	defer stop()
	for i := range b.warmUp + b.samples {
		at := random.IntN(held)
		one, err := b.latencySample(ctx, ca, batch, i, pool[at])
		if err == nil {
			// A new pod takes its place, so that as many are held all the time.
			name := fmt.Sprintf("%s-new-%05d", batch, i)
			pool[at] = newPod(pool[at].Namespace, batch, name, name)
			err = b.createPod(ctx, pool[at])
		}
		if err != nil {
			return nil, err
		}
		if done.Add(1); i >= b.warmUp {
			times.secret, times.secretRequest = append(times.secret, one.secret), append(times.secretRequest, one.secretRequest)
			times.pod, times.podRequest = append(times.pod, one.pod), append(times.podRequest, one.podRequest)
		}
	}
	return times, nil
}

type latencySample struct{ secret, secretRequest, pod, podRequest float64 }

// latencySample releases one pod. Before that it has a pod bound that declares nothing, which is what the time is compared
// with. It is also proof that the scheduler has seen all pods that were created earlier, among them the held one: they come
// to it over one watch, in order.
func (b *bench) latencySample(ctx context.Context, ca *authority, batch string, i int, held *corev1.Pod) (latencySample, error) {
	var s latencySample
	plain := newPod(held.Namespace, batch, fmt.Sprintf("%s-plain-%05d", batch, i), "")
	bound := b.cluster.bound.expect(plain)
	begun := time.Now()
	if err := b.createPod(ctx, plain); err != nil {
		return s, err
	}
	created := time.Now()
	at, err := bound.last(ctx)
	if err != nil {
		return s, err
	}
	s.pod, s.podRequest = milliseconds(at.Sub(created)), milliseconds(at.Sub(begun))

	secret, err := ca.secret(held.Namespace, batch, held.Name, i, false)
	if err != nil {
		return s, err
	}
	bound = b.cluster.bound.expect(held)
	begun, written, err := b.createSecret(ctx, secret)
	if err != nil {
		return s, err
	}
	if at, err = bound.last(ctx); err != nil {
		return s, err
	}
	s.secret, s.secretRequest = milliseconds(at.Sub(written)), milliseconds(at.Sub(begun))
	return s, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
