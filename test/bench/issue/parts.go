// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

func caSpec(*sandbox.Sandbox) v1alpha1.IssuerSpec {
	return v1alpha1.IssuerSpec{CA: &v1alpha1.CAIssuer{SecretName: "bench-ca", SelfSigned: &v1alpha1.SelfSignedCA{CommonName: "Benchmark"}}}
}

func acmeSpec(sb *sandbox.Sandbox) v1alpha1.IssuerSpec {
	return v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{
		Server: sb.ACME().DirectoryURL, CABundle: sb.ACME().CABundle, TermsOfServiceAgreed: true,
		PrivateKeySecretRef: v1alpha1.LocalSecretReference{Name: "bench-account"},
		Solvers:             []v1alpha1.Solver{{HTTP01: &v1alpha1.HTTP01Solver{}}},
	}}
}

// startCA starts the cluster of the parts with the internal CA, and a controller, for the first part that needs them.
func (b *bench) startCA(ctx context.Context) error {
	if b.cluster != nil {
		return nil
	}
	b.progress.Say("starting etcd, kube-apiserver and the controller")
	var err error
	if b.cluster, err = startCluster(ctx, sandbox.Options{}, caSpec); err != nil {
		return err
	}
	if b.controller, err = b.startController(ctx, b.cluster); err != nil {
		return err
	}
	return b.controller.awaitPrepared(ctx, b.quiet)
}

// ca measures certificates of an internal CA.
func (b *bench) ca(ctx context.Context) ([]measure.Entry, error) {
	if err := b.startCA(ctx); err != nil {
		return nil, err
	}
	times, err := b.issue(ctx, b.controller, b.certs)
	if err != nil {
		return nil, err
	}
	b.created = b.certs
	return times.entries("ca", certManager), nil
}

// fill has so many TLSCertificates issued that there are as many as the steady state is measured with.
func (b *bench) fill(ctx context.Context) error {
	if err := b.startCA(ctx); err != nil {
		return err
	}
	if b.created == b.steady {
		return nil
	}
	b.progress.Say("creating TLSCertificates up to %d", b.steady)
	if _, err := b.create(ctx, b.cluster, b.created, b.steady); err != nil {
		return err
	}
	b.created = b.steady
	return b.awaitReady(ctx, b.cluster, b.created)
}

// steadyState measures what certificates cost that need nothing.
func (b *bench) steadyState(ctx context.Context) ([]measure.Entry, error) {
	if err := b.fill(ctx); err != nil {
		return nil, err
	}
	if _, err := b.controller.awaitIdle(ctx, b.quiet); err != nil {
		return nil, err
	}
	b.progress.Say("idle for %s", b.idle)
	before, err := b.controller.usage(ctx)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(b.idle):
	}
	after, err := b.controller.usage(ctx)
	if err != nil {
		return nil, err
	}
	took, asked := time.Since(begin), after.requests.minus(before.requests)
	b.progress.Say("requests per minute: %s", asked.describe(took.Minutes()))
	condition := fmt.Sprintf("/certs=%d", b.created)
	return []measure.Entry{
		newEntry("steady/rss_mib"+condition, "MiB", after.memory.Now, 1),
		newEntry("steady/peak_rss_mib"+condition, "MiB", after.memory.Peak, 1),
		newEntry("steady/cpu_percent"+condition, "%", 100*(after.cpu-before.cpu).Seconds()/took.Seconds(), 1),
		newEntry("steady/requests_per_minute"+condition, "1/min", asked.all/took.Minutes(), 1),
		newEntry("steady/writes_per_minute"+condition, "1/min", asked.writes/took.Minutes(), 1),
	}, nil
}

// restart measures what a new controller does with certificates that need nothing.
func (b *bench) restart(ctx context.Context) ([]measure.Entry, error) {
	if err := b.fill(ctx); err != nil {
		return nil, err
	}
	err := b.controller.stop()
	if err != nil {
		return nil, err
	}
	if b.controller, err = b.startController(ctx, b.cluster); err != nil {
		return nil, err
	}
	// The API server may let it wait for its lists longer than a moment.
	idle, err := b.controller.awaitIdle(ctx, 2*b.quiet)
	if err != nil {
		return nil, err
	}
	used, err := b.controller.usage(ctx)
	if err != nil {
		return nil, err
	}
	b.progress.Say("idle after %s; requests: %s", idle.Sub(b.controller.started).Round(time.Millisecond), used.requests.describe(1))
	condition := fmt.Sprintf("/certs=%d", b.created)
	return []measure.Entry{
		newEntry("restart/idle_s"+condition, "s", idle.Sub(b.controller.started).Seconds(), 1),
		newEntry("restart/requests"+condition, "", used.requests.all, 1),
		newEntry("restart/writes"+condition, "", used.requests.writes, 1),
		newEntry("restart/cpu_seconds"+condition, "s", used.cpu.Seconds(), 1),
		newEntry("restart/peak_rss_mib"+condition, "MiB", used.memory.Peak, 1),
	}, nil
}

// acme measures certificates of Pebble, by http-01.
func (b *bench) acme(ctx context.Context) (entries []measure.Entry, err error) {
	if err := b.stop(); err != nil {
		return nil, err
	}
	b.progress.Say("starting etcd, kube-apiserver, Pebble and the controller")
	c, err := startCluster(ctx, sandbox.Options{ACME: true, ACMEEnv: []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=5"}}, acmeSpec)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	p, err := b.startController(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := p.awaitPrepared(ctx, b.quiet); err != nil {
		return nil, err
	}
	times, err := b.issue(ctx, p, b.certs)
	if err != nil {
		return nil, err
	}
	issued, err := issuedBy(c.sb.LogDir() + "/pebble.log")
	if err != nil {
		return nil, err
	}
	if issued != b.certs {
		return nil, fmt.Errorf("counting certificates: the CA issued %d for %d TLSCertificates", issued, b.certs)
	}
	return times.entries("acme", nil), nil
}

// issuedBy counts the certificates in Pebble's log.
func issuedBy(log string) (int, error) {
	raw, err := os.ReadFile(log)
	if err != nil {
		return 0, fmt.Errorf("reading the CA's log: %w", err)
	}
	return len(regexp.MustCompile(`Issued certificate serial`).FindAll(raw, -1)), nil
}
