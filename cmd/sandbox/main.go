// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command sandbox runs a control plane with simulated nodes and a certificate
// authority on loopback until it is interrupted.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

func main() {
	dir := flag.String("dir", "", "folder for data, credentials and logs; empty or missing (default: a fresh one under _output/sandbox)")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "Runs a Kubernetes control plane with KWOK and Pebble on 127.0.0.1 until Ctrl-C.\n\nUsage of sandbox:\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "sandbox: unexpected argument %q; run sandbox -h for the flags\n", flag.Arg(0))
		os.Exit(2)
	}

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// After the first signal, a second one ends the program at once.
	context.AfterFunc(ctx, cancel)
	if err := run(ctx, os.Stdout, *dir); err != nil {
		fmt.Fprintf(os.Stderr, "sandbox: %v\n", err)
		os.Exit(1)
	}
}

// run keeps a sandbox up until ctx is done, and returns nil then, also when
// that happens during the start.
func run(ctx context.Context, out io.Writer, dir string) (err error) {
	s, err := sandbox.Start(ctx, sandbox.Options{Dir: dir, ACME: true, KWOK: true, ControllerManager: true, Out: out})
	if err != nil {
		return unlessDone(ctx, err)
	}
	defer func() {
		fmt.Fprintln(out, "stopping")
		if stopErr := s.Stop(); err == nil {
			err = stopErr
		}
	}()
	if err := startTollgate(ctx, s); err != nil {
		return unlessDone(ctx, err)
	}
	describe(out, s)
	return s.Wait(ctx)
}

// startTollgate installs CRDs and roles and starts the default scheduler, Tollgate's beside it, and the controller.
func startTollgate(ctx context.Context, s *sandbox.Sandbox) error {
	if err := stack.Install(ctx, s); err != nil {
		return err
	}
	if _, err := stack.StartUpstreamScheduler(ctx, s); err != nil {
		return err
	}
	if _, err := stack.StartScheduler(ctx, s, stack.SchedulerOptions{}); err != nil {
		return err
	}
	_, err := stack.StartController(ctx, s, stack.ControllerOptions{})
	return err
}

// describe prints how to use the sandbox.
func describe(out io.Writer, s *sandbox.Sandbox) {
	acme := s.ACME()
	fmt.Fprintf(out, `
  export KUBECONFIG=%s

Nodes with the annotation %s=fake become Ready and run the pods bound to them.
Logs:            %s
ACME directory:  %s
ACME management: %s
DNS management:  %s
http-01 port:    %d

Ctrl-C stops everything.
`, s.Kubeconfig(), sandbox.KWOKNodeAnnotation, s.LogDir(), acme.DirectoryURL, acme.ManagementURL, acme.ChallTestURL, acme.HTTP01Port)
}

// unlessDone drops the errors that follow from an interruption.
func unlessDone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
