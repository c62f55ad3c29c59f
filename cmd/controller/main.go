// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command tollgate-controller issues the certificates that pods wait for, and tells why a pod waits.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/version"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

func main() {
	o := newOptions()
	cmd := &cobra.Command{
		Use:           "tollgate-controller",
		Short:         "Issues TLS certificates into Secrets and tells why pods wait for them.",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: false,
		Version:       version.Get().GitVersion,
		RunE: func(*cobra.Command, []string) error {
			return run(ctrl.SetupSignalHandler(), o)
		},
	}
	o.addFlags(cmd.Flags())
	os.Exit(cli.Run(cmd))
}

// gcPercent makes the garbage collector run more often than by default (100): what this process costs is memory, not processor time.
// The environment variable GOGC chooses another.
const gcPercent = 40

// run wires the manager and blocks until ctx ends.
func run(ctx context.Context, o *options) error {
	ctrl.SetLogger(klog.Background())
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	klog.FromContext(ctx).Info("Starting tollgate-controller", "version", version.Get().GitVersion, "namespace", o.namespace)
	if err := o.validate(); err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the API server; set --kubeconfig: %w", err)
	}
	config.QPS, config.Burst = o.kubeAPIQPS, o.kubeAPIBurst
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return fmt.Errorf("registering types: %w", err)
		}
	}
	mgr, err := ctrl.NewManager(config, o.manager(scheme))
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making the client: %w", err)
	}
	if err := checkCRDs(client.Discovery()); err != nil {
		return err
	}
	secrets := tlssecrets.New(client, clock.RealClock{}, tlssecrets.Options{})
	if err := addIssuance(mgr, client, secrets, o); err != nil {
		return err
	}
	if err := addPods(mgr, config, client.Discovery(), secrets, o); err != nil {
		return err
	}
	if err := mgr.Add(everyReplica(func(ctx context.Context) error { secrets.Run(ctx); return nil })); err != nil {
		return fmt.Errorf("adding the watch of TLS Secrets: %w", err)
	}
	for _, add := range []func(string, healthz.Checker) error{mgr.AddHealthzCheck, mgr.AddReadyzCheck} {
		if err := add("ping", healthz.Ping); err != nil {
			return fmt.Errorf("adding health checks: %w", err)
		}
	}
	return start(ctx, mgr)
}

// everyReplica is a Runnable that does not wait for leadership.
type everyReplica func(context.Context) error

// Start implements manager.Runnable.
func (f everyReplica) Start(ctx context.Context) error { return f(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (everyReplica) NeedLeaderElection() bool { return false }
