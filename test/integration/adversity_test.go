// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// TestControllerDown has a scheduler that trusts the controller, and no controller.
func TestControllerDown(t *testing.T) {
	c := newCluster(t, sandbox.Options{KWOK: true, ControllerManager: true})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	if _, err := stack.StartScheduler(t.Context(), c.sb, stack.SchedulerOptions{}); err != nil {
		t.Fatal(err)
	}
	s := c.space(t)
	s.create(fakeNode("node", price("0.1")))
	s.create(tlsSecret(t, "web-tls", "www.example.com", nil))
	s.create(workload("web", requireTLS("web-tls")), workload("plain"))
	s.waitBound("plain")
	eventually(t, "an event says that nobody reports", func(ctx context.Context) (bool, string) {
		return len(s.events(ctx, "web", "NoReport")) == 1, s.eventNotes(ctx, "Pod", "web")
	})
	controller, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.waitBound("web")

	// It goes down while a pod is held, and the pod's Secret is written.
	s.create(workload("api", requireTLS("api-tls")))
	s.waitHeld("api", "SecretNotFound")
	if err := controller.Kill(); err != nil {
		t.Fatal(err)
	}
	s.create(tlsSecret(t, "api-tls", "www.example.com", nil))
	s.create(workload("plain-2"))
	s.waitBound("plain-2")
	s.waitHeld("api", "SecretNotFound")
	if _, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{Name: "tollgate-controller-2"}); err != nil {
		t.Fatal(err)
	}
	s.waitBound("api")
}

// TestSlowAPIServer has the scheduler wait for its Secrets, and then for everything.
func TestSlowAPIServer(t *testing.T) {
	c := newCluster(t, sandbox.Options{KWOK: true, ControllerManager: true})
	for _, dir := range []string{"rbac", "rbac/secrets"} {
		if err := stack.Apply(t.Context(), c.sb, dir); err != nil {
			t.Fatal(err)
		}
	}
	kubeconfig, err := c.sb.ServiceAccountKubeconfig(t.Context(), stack.Namespace, stack.SchedulerServiceAccount)
	if err != nil {
		t.Fatal(err)
	}
	proxy := startSlowProxy(t, c)
	proxy.Secrets.Store(int64(time.Hour))
	if _, err := stack.StartScheduler(t.Context(), c.sb, stack.SchedulerOptions{Kubeconfig: proxy.kubeconfig(t, kubeconfig), Edit: stack.ReadSecrets}); err != nil {
		t.Fatal(err)
	}
	s := c.space(t)
	s.create(fakeNode("node", price("0.1")))
	s.create(tlsSecret(t, "web-tls", "www.example.com", nil))
	s.create(workload("web", requireTLS("web-tls")), workload("plain"))
	s.waitBound("plain")
	eventually(t, "an event says that the Secrets are not listed", func(ctx context.Context) (bool, string) {
		return len(s.events(ctx, "web", "NotSynced")) == 1, s.eventNotes(ctx, "Pod", "web")
	})
	// The list that hangs is cut off, as a load balancer would, and the next one is answered.
	proxy.Secrets.Store(0)
	proxy.cut()
	s.waitBound("web")

	proxy.All.Store(int64(300 * time.Millisecond))
	s.create(workload("api", requireTLS("api-tls")), workload("plain-2"))
	s.waitBound("plain-2")
	s.create(tlsSecret(t, "api-tls", "www.example.com", nil))
	s.waitBound("api")
}

// TestUnschedulableIsNotCounted loses a Secret while its pod waits for room, with a scheduler that has no controller:
// autoscalers must not count the pod.
func TestUnschedulableIsNotCounted(t *testing.T) {
	c := newCluster(t, sandbox.Options{KWOK: true, ControllerManager: true})
	for _, dir := range []string{"rbac", "rbac/secrets"} {
		if err := stack.Apply(t.Context(), c.sb, dir); err != nil {
			t.Fatal(err)
		}
	}
	scheduler, err := stack.StartScheduler(t.Context(), c.sb, stack.SchedulerOptions{Edit: stack.ReadSecrets})
	if err != nil {
		t.Fatal(err)
	}
	s := c.space(t)
	secret := tlsSecret(t, "web-tls", "www.example.com", nil)
	s.create(secret)
	s.create(workload("web", requireTLS("web-tls")))
	reason := func(name string) string {
		if scheduled := podcondition.Get(s.pod(name), corev1.PodScheduled); scheduled != nil {
			return scheduled.Reason
		}
		return ""
	}
	eventually(t, "the pod lacks a node", func(context.Context) (bool, string) {
		return reason("web") == corev1.PodReasonUnschedulable, reason("web")
	})
	if err := s.client.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	s.awaitGone(scheduler, "web-tls", reason)
	// A node makes the scheduler try again, which finds the Secret gone.
	s.create(fakeNode("node", price("0.1")))
	eventually(t, "the pod does not count as unschedulable", func(ctx context.Context) (bool, string) {
		return reason("web") == podcondition.ReasonTLSNotReady, reason("web") + "; " + s.eventNotes(ctx, "Pod", "web")
	})
	if node := s.pod("web").Spec.NodeName; node != "" {
		t.Fatalf("the pod was bound to %s without its Secret", node)
	}
	eventually(t, "an event says what is missing", func(ctx context.Context) (bool, string) {
		notes := s.eventNotes(ctx, "Pod", "web")
		return strings.Contains(notes, "web-tls\" does not exist"), notes
	})
	s.create(tlsSecret(t, "web-tls", "www.example.com", nil))
	s.waitBound("web")
}

// awaitGone waits until a scheduler that reads Secrets knows that one was deleted: nodes come to it over another watch. It then
// holds a new pod for the Secret; before, it looks for a node for it.
func (s *space) awaitGone(scheduler *sandbox.Process, secret string, reason func(pod string) string) {
	s.t.Helper()
	n, witness := 0, ""
	remove := func() {
		s.t.Helper()
		if err := s.client.Delete(s.t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: witness}}); err != nil {
			s.t.Fatal(err)
		}
		witness = ""
	}
	eventually(s.t, "the scheduler knows that Secret "+secret+" is gone", func(context.Context) (bool, string) {
		if witness == "" {
			n++
			witness = fmt.Sprintf("witness-%d", n)
			s.create(workload(witness, requireTLS(secret)))
		}
		why := reason(witness)
		if why == corev1.PodReasonUnschedulable {
			remove()
			return false, why
		}
		log := readLog(s.t, scheduler.Log())
		held := slices.ContainsFunc(strings.Split(log, "\n"), func(line string) bool {
			return strings.Contains(line, "Holding pod") && strings.Contains(line, s.ns+"/"+witness+`"`)
		})
		return held, tail(log)
	})
	remove()
}
