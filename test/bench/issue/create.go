// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// certificateKey names the i-th TLSCertificate.
func certificateKey(i int) types.NamespacedName {
	return types.NamespacedName{Namespace: namespaceOf(i), Name: fmt.Sprintf("cert-%05d", i)}
}

// newCertificate has one name that no other has, and the default key.
func newCertificate(i int) *v1alpha1.TLSCertificate {
	key := certificateKey(i)
	return &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
		Spec: v1alpha1.TLSCertificateSpec{
			SecretName: key.Name + "-tls",
			DNSNames:   []string{key.Name + "." + key.Namespace + ".example.com"},
			IssuerRef:  v1alpha1.IssuerReference{Name: issuerName, Kind: v1alpha1.KindClusterCertIssuer},
		},
	}
}

// create creates the TLSCertificates from to to-1 as fast as the API server takes them, and returns when the request for each
// was begun.
func (b *bench) create(ctx context.Context, c *cluster, from, to int) ([]time.Time, error) {
	begun := make([]time.Time, to-from)
	done, stop := b.progress.Counter("TLSCertificates created", len(begun))
	defer stop()
	err := each(ctx, len(begun), done, func(ctx context.Context, i int) error {
		begun[i] = time.Now()
		if err := c.client.Create(ctx, newCertificate(from+i)); err != nil {
			return fmt.Errorf("creating a TLSCertificate: %w", err)
		}
		return nil
	})
	return begun, err
}

// each calls do for 0 to n-1, several at a time, and counts in done.
func each(ctx context.Context, n int, done *atomic.Int64, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(n, parallel) {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := do(ctx, i); err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		})
	}
	return group.Wait()
}
