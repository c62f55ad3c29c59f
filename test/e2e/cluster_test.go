// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/test/e2e/image"
	"github.com/tollgate-dev/tollgate/test/e2e/node"
)

const (
	// patience bounds every wait for something that must happen; it is only used up when the test fails.
	patience = 2 * time.Minute
	// lifetime of certificates: the controller renews those of less than ten days half-way, so twice the time to the renewal.
	lifetime = 90 * time.Second
	// syncPeriod of the kubelet: a mounted Secret is at most half as much again older than the API's.
	syncPeriod = 10 * time.Second
)

// cluster is the sandbox with Tollgate as users install it, and one real node.
type cluster struct {
	t      *testing.T
	sb     *sandbox.Sandbox
	client client.WithWatch
	node   *node.Node
	server image.Image
	pause  image.Image
}

// newCluster starts everything. What was started is stopped when the test ends, and then nothing of it may be left.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	t.Cleanup(func() { checkNothingLeft(t) })
	sb, err := sandbox.Start(t.Context(), sandbox.Options{
		ACME: true, ControllerManager: true,
		// A kubelet may then read the Secrets of pods that are bound to it, and no others.
		APIServerArgs: []string{"--authorization-mode=Node", "--enable-admission-plugins=NodeRestriction"},
	})
	if err != nil {
		t.Fatalf("starting a sandbox: %v", err)
	}
	t.Cleanup(func() {
		if err := sb.Stop(); err != nil {
			t.Errorf("stopping the sandbox: %v", err)
		}
		t.Logf("the logs are in %s", sb.LogDir())
	})
	c := &cluster{t: t, sb: sb, server: builtImage(t, "server"), pause: builtImage(t, "pause")}
	if c.client, err = stack.NewClient(sb); err != nil {
		t.Fatal(err)
	}
	c.must(c.shortenLifetimes())
	c.must(stack.Install(t.Context(), sb))
	_, err = stack.StartScheduler(t.Context(), sb, stack.SchedulerOptions{})
	c.must(err)
	_, err = stack.StartController(t.Context(), sb, stack.ControllerOptions{})
	c.must(err)
	c.node, err = node.Start(t.Context(), sb, node.Options{
		Name: nodeName, CgroupRoot: cgroupRoot(), Pause: c.pause, Images: []image.Image{c.server}, SyncPeriod: syncPeriod,
	})
	c.able(err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if t.Failed() {
			c.logState(ctx)
		}
		if err := c.deleteWorkloads(ctx); err != nil {
			t.Error(err)
		}
		if err := c.node.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return c
}

// able skips the test if a machine that has everything cannot run a container all the same, for a reason of its own: nothing of
// Tollgate's has a part in that. With TOLLGATE_E2E=required it fails.
func (c *cluster) able(err error) {
	c.t.Helper()
	if err == nil {
		return
	}
	c.logState(context.WithoutCancel(c.t.Context()))
	if os.Getenv("TOLLGATE_E2E") == "required" {
		c.t.Fatal(err)
	}
	c.t.Skipf("this machine runs no containers: %v; the ends of the logs above may say why", err)
}

// logState tells what there is to see of a failed test: pods, and the ends of the logs of their containers and of the node.
func (c *cluster) logState(ctx context.Context) {
	c.t.Helper()
	var pods corev1.PodList
	if err := c.client.List(ctx, &pods, client.InNamespace(namespace)); err != nil {
		c.t.Logf("listing pods: %v", err)
	}
	for i := range pods.Items {
		c.t.Log(describe(&pods.Items[i]))
	}
	logs, _ := filepath.Glob(filepath.Join(c.sb.LogDir(), "pods", "*", "*", "*.log")) // fails for malformed patterns alone
	for _, name := range []string{"containerd", "kubelet", "tollgate-controller", "tollgate-scheduler"} {
		logs = append(logs, filepath.Join(c.sb.LogDir(), name+".log"))
	}
	for _, path := range logs {
		c.t.Logf("the last lines of %s:\n%s", path, node.Tail(path))
	}
}

// shortenLifetimes has the sandbox's CA issue certificates that end soon.
func (c *cluster) shortenLifetimes() error {
	path := filepath.Join(c.sb.Dir(), "data", "pebble.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the CA's configuration: %w", err)
	}
	var config map[string]map[string]any
	if err := json.Unmarshal(raw, &config); err != nil {
		return fmt.Errorf("parsing the CA's configuration: %w", err)
	}
	config["pebble"]["profiles"] = map[string]any{"short": map[string]any{"description": "ends soon", "validityPeriod": int(lifetime.Seconds())}}
	if raw, err = json.Marshal(config); err != nil {
		return fmt.Errorf("encoding the CA's configuration: %w", err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return fmt.Errorf("writing the CA's configuration: %w", err)
	}
	if err := c.sb.StopACME(); err != nil {
		return err
	}
	return c.sb.StartACME(c.t.Context())
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// eventually waits until done returns true; state says what it last saw.
func eventually(t *testing.T, what string, done func(ctx context.Context) (ok bool, state string)) {
	t.Helper()
	last := ""
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		ok, state := done(ctx)
		last = state
		return ok, nil
	})
	if err != nil {
		t.Fatalf("%s: %v; last seen: %s", what, err, last)
	}
}

// builtImage is the image of a program of this test, which hack/e2e.sh has built.
func builtImage(t *testing.T, name string) image.Image {
	t.Helper()
	root, err := sandbox.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	return image.Image{Name: "tollgate.test/" + name + ":e2e", Binary: filepath.Join(root, "_output", "e2e", name)}
}

// checkNothingLeft runs in namespaces that hold nothing but this test.
func checkNothingLeft(t *testing.T) {
	var processes, mounts []string
	err := wait.PollUntilContextTimeout(context.Background(), 20*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		var err error
		if processes, err = node.Processes(); err != nil {
			return false, err
		}
		mounts, err = node.Mounts()
		return len(processes) == 0 && len(mounts) == 0, err
	})
	if err != nil {
		t.Errorf("%v: processes left:\n%s\nmounts left:\n%s", err, strings.Join(processes, "\n"), strings.Join(mounts, "\n"))
	}
}
