// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package integration tests the product as users run it: real processes under the roles of config/rbac on a real control plane.
package integration

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// shared is a sandbox with everything installed and running, for the tests that need no other set-up. Each test has its own
// namespace and its own nodes in it.
var shared *cluster

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	log.SetLogger(klog.Background())
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c, err := startCluster(ctx, sandbox.Options{ACME: true, KWOK: true, ControllerManager: true})
	if err != nil {
		fmt.Fprintf(os.Stderr, "integration: %v\n", err)
		return 1
	}
	shared = c
	code := 1
	if err := startTollgate(ctx, c); err != nil {
		fmt.Fprintf(os.Stderr, "integration: %v\n", err)
	} else {
		code = m.Run()
	}
	if err := c.sb.Stop(); err != nil {
		fmt.Fprintf(os.Stderr, "integration: stopping the sandbox: %v\n", err)
		code = 1
	}
	if code != 0 {
		fmt.Fprintf(os.Stderr, "integration: the logs of the shared sandbox are in %s\n", c.sb.LogDir())
	}
	return code
}

// startTollgate installs config/ and starts the scheduler beside the upstream one, and the controller.
func startTollgate(ctx context.Context, c *cluster) error {
	if err := stack.Install(ctx, c.sb); err != nil {
		return err
	}
	if _, err := stack.StartUpstreamScheduler(ctx, c.sb); err != nil {
		return err
	}
	if _, err := stack.StartScheduler(ctx, c.sb, stack.SchedulerOptions{Edit: withTestProfiles}); err != nil {
		return err
	}
	if _, err := stack.StartController(ctx, c.sb, stack.ControllerOptions{}); err != nil {
		return err
	}
	return c.createIssuer(ctx, c.sb.ACME().DirectoryURL, c.sb.ACME().CABundle)
}
