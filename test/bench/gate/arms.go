// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
)

// arm is what is held beside the undeclared pods of a measurement.
type arm int

const (
	armNone  arm = iota // nothing
	armHeld             // pods that CertGate holds
	armGated            // as many that the scheduling gates of Kubernetes itself hold
	armCount
)

// String names the arm for people.
func (a arm) String() string {
	return [...]string{"none held", "held by CertGate", "held by spec.schedulingGates"}[a]
}

// armOrders are all orders of the arms, each followed by its reverse: over two rounds what changes steadily counts for all arms
// alike, and over six each arm comes equally often in each place and after each other arm. A round that begins with the arm
// that the last one ended with needs no new pods.
var armOrders = [][]arm{
	{armNone, armHeld, armGated}, {armGated, armHeld, armNone},
	{armNone, armGated, armHeld}, {armHeld, armGated, armNone},
	{armHeld, armNone, armGated}, {armGated, armNone, armHeld},
}

// schedulingGate is on the pods of armGated.
const schedulingGate = "bench.tollgate.dev/gate"

// gate puts scheduling gates on pods.
func gate(pods []*corev1.Pod) {
	for _, pod := range pods {
		pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: schedulingGate}}
	}
}

// background is what is in the cluster beside the measured pods.
type background struct {
	arm   arm
	batch string // of its pods; "" if there are none
}

// become replaces the pods of one arm by those of another.
func (g *background) become(ctx context.Context, b *bench, next arm) error {
	if g.arm == next {
		return nil
	}
	if err := g.end(ctx, b); err != nil || next == armNone {
		return err
	}
	g.arm, g.batch = next, b.nextBatch("held")
	pods := newPods(g.batch, b.background, next == armHeld)
	if next == armGated {
		gate(pods)
	}
	return b.createPods(ctx, pods)
}

// end deletes the pods.
func (g *background) end(ctx context.Context, b *bench) error {
	batch := g.batch
	*g = background{}
	if batch == "" {
		return nil
	}
	return b.deleteBatch(ctx, batch)
}
