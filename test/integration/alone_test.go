// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// TestSchedulerAlone runs the scheduler without CRDs, without the controller and at first without any right to Secrets.
func TestSchedulerAlone(t *testing.T) {
	c := newCluster(t, sandbox.Options{KWOK: true, ControllerManager: true})
	if err := stack.Apply(t.Context(), c.sb, "rbac"); err != nil {
		t.Fatal(err)
	}
	if _, err := stack.StartScheduler(t.Context(), c.sb, stack.SchedulerOptions{Edit: stack.ReadSecrets}); err != nil {
		t.Fatal(err)
	}
	s := c.space(t)
	s.create(fakeNode("node", price("0.1")))
	s.create(tlsSecret(t, "web-tls", "www.example.com", nil))
	s.create(workload("declared", requireTLS("web-tls")))
	for _, name := range []string{"plain-1", "plain-2"} {
		s.create(workload(name))
		s.waitBound(name)
	}
	eventually(t, "an event names the missing permission", func(ctx context.Context) (bool, string) {
		notes := s.eventNotes(ctx, "Pod", "declared")
		return strings.Contains(notes, "secrets") && strings.Contains(notes, "list"), notes
	})
	t.Logf("the user sees: %s", s.eventNotes(t.Context(), "Pod", "declared"))
	if pod := s.pod("declared"); pod.Spec.NodeName != "" {
		t.Fatalf("the declared pod was bound to %s, though nobody could look at its Secret", pod.Spec.NodeName)
	}

	// Granting it is enough; nothing has to be restarted.
	if err := stack.Apply(t.Context(), c.sb, "rbac/secrets"); err != nil {
		t.Fatal(err)
	}
	s.waitBound("declared")

	// Without a controller the scheduler tells why a pod waits, and that it goes on.
	s.create(workload("missing", requireTLS("missing-tls")))
	eventually(t, "an event says what is missing", func(ctx context.Context) (bool, string) {
		notes := s.eventNotes(ctx, "Pod", "missing")
		return strings.Contains(notes, "missing-tls\" does not exist") && strings.Contains(notes, "no tollgate-controller"), notes
	})
	s.create(tlsSecret(t, "missing-tls", "www.example.com", nil))
	s.waitBound("missing")
	eventually(t, "an event says that the pod goes on", func(ctx context.Context) (bool, string) {
		return len(s.events(ctx, "missing", "TLSReady")) == 1, s.eventNotes(ctx, "Pod", "missing")
	})

	// The controller cannot work without its CRDs and says so.
	controller, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	waitLog(t, controller, "config/crd")
}
