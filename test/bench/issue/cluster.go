// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// cluster is etcd and kube-apiserver with Tollgate's kinds and roles, and for ACME Pebble. Nothing else is at work in it, so that
// the API server's counters tell what the controller asks for.
type cluster struct {
	sb       *sandbox.Sandbox
	client   client.WithWatch
	metrics  kubernetes.Interface
	ready    *readyWatch
	endWatch context.CancelFunc
}

const (
	// parallel is how many requests the benchmark makes at a time.
	parallel = 16

	namespaceCount = 20
	issuerName     = "bench"
)

func namespaceOf(i int) string { return fmt.Sprintf("bench-%02d", i%namespaceCount) }

// startCluster starts a cluster with one issuer, ClusterCertIssuer bench.
func startCluster(ctx context.Context, o sandbox.Options, spec func(*sandbox.Sandbox) v1alpha1.IssuerSpec) (*cluster, error) {
	sb, err := sandbox.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	c := &cluster{sb: sb, endWatch: func() {}}
	if err := c.prepare(ctx, spec(sb)); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *cluster) prepare(ctx context.Context, spec v1alpha1.IssuerSpec) error {
	var err error
	if c.metrics, err = kubernetes.NewForConfig(c.sb.Config()); err != nil {
		return fmt.Errorf("creating a client: %w", err)
	}
	if err := stack.Install(ctx, c.sb); err != nil {
		return err
	}
	if c.client, err = stack.NewClient(c.sb); err != nil {
		return err
	}
	for i := range namespaceCount {
		if err := c.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespaceOf(i)}}); err != nil {
			return fmt.Errorf("creating a namespace: %w", err)
		}
	}
	err = c.client.Create(ctx, &v1alpha1.ClusterCertIssuer{
		ObjectMeta: metav1.ObjectMeta{Name: issuerName},
		Spec:       v1alpha1.ClusterIssuerSpec{IssuerSpec: spec, Allow: []v1alpha1.AllowRule{{DNSNames: []string{"**.example.com"}}}},
	})
	if err != nil {
		return fmt.Errorf("creating the issuer: %w", err)
	}
	watchCtx, end := context.WithCancel(context.Background())
	c.endWatch = end
	c.ready, err = watchReady(watchCtx, c.client)
	return err
}

func (c *cluster) stop() error {
	c.endWatch()
	return c.sb.Stop()
}

// issuerReady reports whether the controller has prepared the issuer.
func (c *cluster) issuerReady(ctx context.Context) bool {
	var issuer v1alpha1.ClusterCertIssuer
	err := c.client.Get(ctx, client.ObjectKey{Name: issuerName}, &issuer)
	return err == nil && meta.IsStatusConditionTrue(issuer.Status.Conditions, v1alpha1.ConditionReady)
}
