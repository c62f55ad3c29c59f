// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/tollgate-dev/tollgate/pkg/controller/certificate"
	"github.com/tollgate-dev/tollgate/pkg/controller/issuer"
	"github.com/tollgate-dev/tollgate/pkg/controller/metrics"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/http01"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// HTTPRoutes lead http-01 challenges to the controller where an issuer says so.
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=list;create;update;delete

// addIssuance adds what obtains certificates: issuers, certificates, and the answers to challenges.
func addIssuance(mgr manager.Manager, client kubernetes.Interface, secrets *tlssecrets.Source, o *options) error {
	clk := clock.RealClock{}
	store, err := http01.NewStore(client)
	if err != nil {
		return err
	}
	server := &http01.Server{Address: o.http01BindAddress, Answers: store}
	replicas := &http01.Replicas{
		Reader: mgr.GetAPIReader(), Writer: mgr.GetClient(), Namespace: o.namespace,
		AdvertiseAddress: o.http01AdvertiseAddress, Port: server.Port, Ready: store.Synced, Needed: store.Any, Clock: clk,
	}
	objects := &http01.Objects{
		Reader: mgr.GetAPIReader(), Writer: mgr.GetClient(),
		AdvertiseAddress: o.http01AdvertiseAddress, Port: server.Port, Replicas: replicas,
		Gateway: http01.NewGatewayAPI(client.Discovery(), clk),
	}
	keeper := &http01.Keeper{Objects: objects, Orders: store, Clock: clk}
	clients := acme.NewClients(clk)
	clients.Observe = metrics.ACMERequest
	accounts := &acme.Accounts{Reader: mgr.GetAPIReader(), Writer: mgr.GetClient(), Clients: clients, Clock: clk}
	issuers := &issuer.Wakeups{}
	if err := issuer.Add(mgr, issuer.Options{Accounts: accounts, Clock: clk, Namespace: o.namespace, Wakeups: issuers}); err != nil {
		return err
	}
	secrets.OnChange(issuers.Secret)
	executor := &acme.Executor{
		Reader:       mgr.GetAPIReader(),
		Writer:       mgr.GetClient(),
		Clients:      clients,
		Accounts:     accounts,
		Responder:    server,
		Presenter:    objects,
		Clock:        clk,
		Reach:        http01.NewReach(nil),
		ReachTimeout: o.http01SelfCheckTimeout,
		DNS01:        o.dns01Solvers(mgr.GetAPIReader(), clk),
		Checker:      o.dns01Checker(),
		Namespace:    o.namespace,
		Recorder:     mgr.GetEventRecorder("tollgate-controller"),
	}
	wakeups, err := certificate.Add(mgr, &certificate.Reconciler{
		Reader:    mgr.GetAPIReader(),
		Facts:     secrets,
		Writer:    mgr.GetClient(),
		Executor:  executor,
		Orders:    store,
		Recorder:  mgr.GetEventRecorder("tollgate-controller"),
		Clock:     clk,
		Namespace: o.namespace,
	})
	if err != nil {
		return err
	}
	secrets.OnChange(wakeups.Secret)
	if err := store.OnChange(wakeups.Certificate); err != nil {
		return fmt.Errorf("watching challenges: %w", err)
	}
	for _, runnable := range []manager.Runnable{store, server, replicas, keeper, executor} {
		if err := mgr.Add(runnable); err != nil {
			return fmt.Errorf("adding the answers to challenges: %w", err)
		}
	}
	return nil
}
