// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package demo tells Tollgate's story on the sandbox: nodes of real types and prices, pods placed where they cost least, and a
// web server that is held until its certificate has been issued. Every promise is checked against what the apiserver says.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// stepTimeout bounds the wait for any one thing that was promised. The whole demo takes some fifteen seconds; a loaded machine is slow,
// not broken.
const stepTimeout = 2 * time.Minute

const namespace = "shop"

type demo struct {
	out    io.Writer
	client client.WithWatch
	sb     *sandbox.Sandbox
	seen   *observer
	start  time.Time
	// ended is closed, with a cause, when the scheduler or the controller has ended.
	ended context.Context
	end   context.CancelCauseFunc
}

// Run starts a sandbox, tells the story on out and stops the sandbox. The error says which promise was broken.
func Run(ctx context.Context, out io.Writer) (err error) {
	fmt.Fprintln(out, "Starting etcd, kube-apiserver, kube-controller-manager, KWOK and Pebble on loopback.")
	sb, err := sandbox.Start(ctx, sandbox.Options{ACME: true, KWOK: true, ControllerManager: true, Out: io.Discard})
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := sb.Stop(); err == nil && stopErr != nil {
			err = fmt.Errorf("stopping the sandbox: %w", stopErr)
		}
		if err == nil {
			err = os.RemoveAll(sb.Dir())
		} else {
			fmt.Fprintf(out, "Logs of all processes are in %s\n", sb.LogDir())
		}
	}()

	c, err := stack.NewClient(sb)
	if err != nil {
		return err
	}
	d := &demo{out: out, client: c, sb: sb, start: time.Now()}
	d.ended, d.end = context.WithCancelCause(ctx)
	defer d.end(nil)
	go func() {
		if err := sb.Wait(d.ended); err != nil {
			d.end(err)
		}
	}()
	return d.run(ctx)
}

func (d *demo) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := d.startTollgate(ctx); err != nil {
		return err
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if err := d.client.Create(ctx, ns); err != nil {
		return fmt.Errorf("creating namespace %s: %w", namespace, err)
	}
	nodes := awsNodes()
	for _, n := range nodes {
		if err := d.client.Create(ctx, n.DeepCopy()); err != nil {
			return fmt.Errorf("creating node %s: %w", n.Name, err)
		}
	}
	seen, err := observe(ctx, d.client, d.say)
	if err != nil {
		return err
	}
	d.seen = seen
	if err := d.awaitNodes(nodes); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\n%d nodes of real AWS types, prices of us-east-1 from the built-in catalog:\n", len(nodes))
	printNodes(d.out, nodes)

	fmt.Fprintf(d.out, "\nA web server that requires a certificate which nobody has issued yet:\n")
	if err := d.client.Create(ctx, webDeployment()); err != nil {
		return fmt.Errorf("creating deployment web: %w", err)
	}
	if err := d.wait(ctx, "both pods of web are held with a reason", func() bool { return seen.held("web-") == webReplicas }); err != nil {
		return err
	}

	fmt.Fprintf(d.out, "\nMeanwhile a batch of CPU pods and one GPU pod, which declare nothing:\n")
	placements := newReplay(nodes)
	for _, p := range batchPods() {
		if err := d.client.Create(ctx, p.DeepCopy()); err != nil {
			return fmt.Errorf("creating pod %s: %w", p.Name, err)
		}
		if err := d.wait(ctx, "pod "+p.Name+" is bound", func() bool { return seen.bound(p.Name) != "" }); err != nil {
			return err
		}
		placements.place(seen.pod(p.Name), time.Now())
	}
	if n := seen.held("web-"); n != webReplicas {
		return fmt.Errorf("%d of %d pods of web are still held while nobody has issued their certificate", n, webReplicas)
	}
	if pod := seen.unschedulable("web-"); pod != "" {
		return fmt.Errorf("held pod %s carries PodScheduled=False/Unschedulable, so autoscalers would buy a node for it", pod)
	}

	fmt.Fprintf(d.out, "\nNow somebody asks for the certificate:\n")
	if err := d.client.Create(ctx, webCertificate()); err != nil {
		return fmt.Errorf("creating TLSCertificate web: %w", err)
	}
	if err := d.wait(ctx, "the pods of web are released and bound", func() bool { return len(seen.boundWith("web-")) == webReplicas }); err != nil {
		return err
	}
	for _, p := range seen.boundWith("web-") {
		placements.place(p, time.Now())
	}
	if err := d.wait(ctx, "condition TLSReady of the pods of web becomes True", func() bool { return seen.released("web-") == webReplicas }); err != nil {
		return err
	}
	// Pods and Secrets are watched separately: what came first may be heard of last.
	if err := d.wait(ctx, "Secret "+webSecret+" is written", func() bool { return seen.happened(secretWritten) }); err != nil {
		return err
	}

	fmt.Fprintf(d.out, "\nWhere each pod went, what it costs there, and the runner-up:\n")
	placements.print(d.out)
	fmt.Fprintf(d.out, "\nThe life of the held pods, in seconds since they were created:\n")
	seen.printLife(d.out, "web-")
	return d.check(ctx, placements)
}

// check holds the promises against the state of the cluster.
func (d *demo) check(ctx context.Context, placements *replay) error {
	fmt.Fprintln(d.out)
	for _, promise := range []struct {
		text  string
		check func() error
	}{
		{"every pod is on the node where it cost least when it was placed", placements.checkCheapest},
		{"no CPU pod took the GPU node", placements.checkGPU},
		{"the certificate verifies against the CA's root for " + webHost, func() error { return d.checkCertificate(ctx) }},
		{"no held pod was bound before its Secret was written", func() error { return d.seen.checkOrder("web-") }},
	} {
		if err := promise.check(); err != nil {
			return fmt.Errorf("broken promise: %s: %w", promise.text, err)
		}
		fmt.Fprintf(d.out, "kept: %s\n", promise.text)
	}
	return nil
}

func (d *demo) awaitNodes(nodes []*corev1.Node) error {
	ctx, cancel := context.WithTimeout(d.ended, stepTimeout)
	defer cancel()
	err := stack.AwaitNodes(ctx, d.sb, "tollgate", nodes...)
	if err != nil && d.ended.Err() != nil {
		err = context.Cause(d.ended)
	}
	return err
}

func (d *demo) wait(ctx context.Context, promise string, done func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepTimeout, fmt.Errorf("not within %s", stepTimeout))
	defer cancel()
	for {
		changed := d.seen.changed()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-d.ended.Done():
			return fmt.Errorf("broken promise: %s: %w", promise, context.Cause(d.ended))
		case <-ctx.Done():
			return fmt.Errorf("broken promise: %s: %w", promise, context.Cause(ctx))
		}
	}
}

func (d *demo) say(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	fmt.Fprintf(d.out, "%7.2fs  %s\n", time.Since(d.start).Seconds(), text)
}
