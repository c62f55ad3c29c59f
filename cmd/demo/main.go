// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows on a real control plane what Tollgate does; see package demo.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/demo"
)

func main() {
	klog.LogToStderr(false) // client-go's own messages are of no interest to who looks at the demo
	klog.SetOutput(discard{})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := demo.Run(ctx, os.Stdout); err != nil {
		fmt.Printf("demo: FAILED: %v\n", err)
		stop()
		os.Exit(1)
	}
	fmt.Println("demo: OK")
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
