// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/tollgate-dev/tollgate/pkg/controller/deadlock"
	"github.com/tollgate-dev/tollgate/pkg/controller/metrics"
	"github.com/tollgate-dev/tollgate/pkg/controller/podcertificates"
	"github.com/tollgate-dev/tollgate/pkg/controller/podstatus"
	"github.com/tollgate-dev/tollgate/pkg/controller/producers"
	"github.com/tollgate-dev/tollgate/pkg/controller/schedulinggate"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// Authorities that pods declare as trust are read when they are needed.
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get
// +kubebuilder:rbac:groups=certificates.k8s.io,resources=clustertrustbundles,verbs=get

// addPods adds what is said and done about pods that declare TLS Secrets.
func addPods(mgr manager.Manager, config *rest.Config, discovery discovery.DiscoveryInterface, secrets *tlssecrets.Source, o *options) error {
	clk, exempt := clock.RealClock{}, o.exemptions()
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making the client for the kinds of others: %w", err)
	}
	others := producers.New(objects, discovery, clk)
	if err := mgr.Add(others); err != nil {
		return fmt.Errorf("adding the watch of those who make Secrets: %w", err)
	}
	deadlocks, err := deadlock.Add(mgr, deadlock.Options{Secrets: secrets, Waiting: podstatus.Waiting, Exempt: exempt, Clock: clk})
	if err != nil {
		return err
	}
	if err := podstatus.Add(mgr, podstatus.Options{
		Secrets: secrets, Clock: clk, Exemptions: exempt, GatedSchedulers: o.gatedSchedulers, Producers: others, Deadlocks: deadlocks,
	}); err != nil {
		return fmt.Errorf("adding the pod status controller: %w", err)
	}
	if err := schedulinggate.Add(mgr, schedulinggate.Options{Secrets: secrets, Exemptions: exempt, Clock: clk}); err != nil {
		return fmt.Errorf("adding the scheduling gate controller: %w", err)
	}
	if err := metrics.Add(mgr, metrics.Options{Held: podstatus.Waiting, SecretsStatus: secrets.Status}); err != nil {
		return err
	}
	if !o.podCertificates {
		return nil
	}
	return podcertificates.Add(mgr, podcertificates.Options{Clock: clk})
}
