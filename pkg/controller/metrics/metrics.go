// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics says in numbers how certificates and held pods are. What objects say of themselves is read from the
// manager's cache when somebody scrapes, so that nothing is kept in step and idle costs nothing; what only happens is counted.
//
// Values of labels are names of objects that exist, or reasons that Tollgate gives: of what is read there are never more
// series than objects, and counters have the names of issuers alone.
package metrics

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// subsystem begins the names of all metrics.
const subsystem = "tollgate"

// Options of the metrics. All are required.
type Options struct {
	// Held returns the pods that wait, from the cache. They are not changed.
	Held func(ctx context.Context, reader client.Reader) ([]corev1.Pod, error)
	// SecretsStatus returns nil while every TLS Secret can be judged.
	SecretsStatus func() error
}

// Add registers all metrics with the registry that the manager serves. Those about objects are told by the leader alone,
// since each replica would tell the same. Call it once in a process, before the manager starts.
func Add(mgr manager.Manager, o Options) error {
	if o.Held == nil || o.SecretsStatus == nil {
		return errors.New("adding the metrics: set Options.Held and Options.SecretsStatus")
	}
	if err := register(&collector{reader: mgr.GetClient(), options: o, elected: mgr.Elected()}); err != nil {
		return err
	}
	informer, err := mgr.GetCache().GetInformer(context.Background(), &v1alpha1.TLSCertificate{})
	if err != nil {
		return fmt.Errorf("watching TLSCertificates for the metrics: %w", err)
	}
	if _, err := informer.AddEventHandler(attempts(mgr.Elected())); err != nil {
		return fmt.Errorf("watching TLSCertificates for the metrics: %w", err)
	}
	return nil
}

func register(c *collector) error {
	c.Create(nil, c)
	if err := ctrlmetrics.Registry.Register(c); err != nil {
		return fmt.Errorf("registering the metrics of objects: %w", err)
	}
	for _, counter := range counters {
		counter.Create(nil)
		if err := ctrlmetrics.Registry.Register(counter); err != nil {
			return fmt.Errorf("registering metric %s: %w", counter.FQName(), err)
		}
	}
	return nil
}

// leads reports whether this replica leads: the channel is closed once it does.
func leads(elected <-chan struct{}) bool {
	select {
	case <-elected:
		return true
	default:
		return false
	}
}
