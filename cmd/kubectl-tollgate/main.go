// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-tollgate is the plugin kubectl tollgate; see package cli.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/cli"
)

func main() {
	klog.LogToStderr(false) // logs of the scheduler's packages are not for who types a command
	klog.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	code := cli.Run(ctx, cli.Env{IOStreams: streams, Name: os.Args[0]}, os.Args[1:])
	stop()
	os.Exit(code)
}
