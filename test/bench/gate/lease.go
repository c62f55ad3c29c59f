// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

const (
	leaseName = "tollgate-scheduler"
	holder    = "bench-gate"
)

// The lease is the starting line. A scheduler on standby has its caches and its queue filled and schedules nothing; it
// begins when it gets the lease. So a batch of pods can be created before the clock runs, without a request for each
// pod when it does, without stopping the process and without a change to what is measured.

// holdLease takes the lease from a scheduler that has ended. None may be running.
func (c *cluster) holdLease(ctx context.Context) error {
	leases := c.client.CoordinationV1().Leases(stack.Namespace)
	now := metav1.NowMicro()
	spec := coordinationv1.LeaseSpec{HolderIdentity: ptr.To(holder), LeaseDurationSeconds: ptr.To[int32](3600), AcquireTime: &now, RenewTime: &now}
	lease, err := leases.Get(ctx, leaseName, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: leaseName, Namespace: stack.Namespace}, Spec: spec}
		_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
	case err == nil:
		lease.Spec = spec
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("taking the lease: %w", err)
	}
	return nil
}

// releaseLease lets the scheduler on standby begin.
func (c *cluster) releaseLease(ctx context.Context) error {
	leases := c.client.CoordinationV1().Leases(stack.Namespace)
	lease, err := leases.Get(ctx, leaseName, metav1.GetOptions{})
	if err == nil {
		lease.Spec.HolderIdentity = ptr.To("")
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("releasing the lease: %w", err)
	}
	return nil
}

// acquired returns when the scheduler took the lease, by its own word.
func (c *cluster) acquired(ctx context.Context) (time.Time, error) {
	lease, err := c.client.CoordinationV1().Leases(stack.Namespace).Get(ctx, leaseName, metav1.GetOptions{})
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the lease: %w", err)
	}
	if by := ptr.Deref(lease.Spec.HolderIdentity, ""); by == "" || by == holder || lease.Spec.AcquireTime == nil {
		return time.Time{}, fmt.Errorf("reading the lease: no scheduler holds it, but %q", by)
	}
	return lease.Spec.AcquireTime.Time, nil
}
