// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// release measures how fast many pods that are held on one Secret are bound once it is written, against as many that were
// never held.
func (b *bench) release(ctx context.Context) ([]measure.Entry, error) {
	if _, err := b.start(ctx); err != nil {
		return nil, err
	}
	measures := [2]func(context.Context) (float64, error){
		func(ctx context.Context) (float64, error) {
			r, err := b.boundPerSecond(ctx, b.plan.release, 0, func(int) string { return releaseNamespace })
			return r.rate, err
		},
		b.releasedPerSecond,
	}
	rates := [2][]float64{} // never held, released
	for pair := range b.releasePairs {
		for i := range measures {
			which := (i + pair) % 2
			rate, err := measures[which](ctx)
			if err != nil {
				return nil, err
			}
			b.progress.Step("%s: %.0f pods/s", [2]string{"never held", "released"}[which], rate)
			rates[which] = append(rates[which], rate)
		}
	}
	suffix, never, released := fmt.Sprintf("/held=%d", b.plan.release), rates[0], rates[1]
	return []measure.Entry{
		newEntry("release_throughput_ratio"+suffix, "", medianOf(ratios(released, never)), len(never)).Against(1),
		newEntry("release_throughput"+suffix, "pods/s", medianOf(released), len(released)).Against(medianOf(never).value),
	}, nil
}

// releasedPerSecond has a fresh scheduler hold pods on one Secret and then writes it. The time runs from the answer to that
// request until the last pod is bound.
func (b *bench) releasedPerSecond(ctx context.Context) (rate float64, err error) {
	c := b.cluster
	ca, err := newAuthority()
	if err != nil {
		return 0, err
	}
	if err := c.holdLease(ctx); err != nil {
		return 0, err
	}
	batch := b.nextBatch("released")
	pods := make([]*corev1.Pod, b.plan.release)
	for i := range pods {
		pods[i] = newPod(releaseNamespace, batch, fmt.Sprintf("%s-%05d", batch, i), batch)
	}
	defer func() { err = errors.Join(err, b.deleteBatch(ctx, batch)) }()
	if err := b.createPods(ctx, pods); err != nil {
		return 0, err
	}
	s, err := c.startScheduler(ctx, schedulerOptions{standby: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.awaitQueue(ctx, 0, len(pods)); err != nil {
		return 0, err
	}
	if err := c.releaseLease(ctx); err != nil {
		return 0, err
	}
	canary := newPod(canaryNamespace, batch, batch+"-canary", "")
	leads := c.bound.expect(canary)
	if err := b.createPod(ctx, canary); err != nil {
		return 0, err
	}
	if _, err := leads.last(ctx); err != nil {
		return 0, err
	}
	bound := c.bound.expect(pods...)
	secret, err := ca.secret(releaseNamespace, batch, batch, 0, false)
	if err != nil {
		return 0, err
	}
	_, written, err := b.createSecret(ctx, secret)
	if err != nil {
		return 0, err
	}
	last, err := bound.last(ctx)
	if err != nil {
		return 0, err
	}
	return perSecond(len(pods), last, written), nil
}
