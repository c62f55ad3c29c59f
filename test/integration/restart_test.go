// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// TestKilledInTheMiddleOfAnOrder kills scheduler and controller with SIGKILL at every step of an order that can be seen from
// outside, starts them again, and counts the certificates that the CA signed.
func TestKilledInTheMiddleOfAnOrder(t *testing.T) {
	// The CA validates two seconds after it was asked, so there is a middle.
	c := newCluster(t, sandbox.Options{ACME: true, KWOK: true, ControllerManager: true,
		ACMEEnv: []string{"PEBBLE_VA_NOSLEEP=0", "PEBBLE_VA_SLEEPTIME=2"}})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	if err := c.createIssuer(t.Context()); err != nil {
		t.Fatal(err)
	}
	scheduler, controller := startBoth(t, c)
	steps := map[string]func(ctx context.Context, s *space) (bool, string){
		"write-ahead": func(ctx context.Context, s *space) (bool, string) {
			var secrets corev1.SecretList
			err := s.client.List(ctx, &secrets, client.InNamespace(s.ns), client.MatchingFields{"type": v1alpha1.IssuanceSecretType})
			return err == nil && len(secrets.Items) > 0, fmt.Sprintf("%d write-ahead Secrets, %v", len(secrets.Items), err)
		},
		"order-placed": func(_ context.Context, s *space) (bool, string) {
			c := s.certificate("web")
			return c.Status.ACME != nil && c.Status.ACME.OrderURL != "", describeCertificate(c)
		},
		"validating": func(_ context.Context, s *space) (bool, string) {
			c := s.certificate("web")
			for _, condition := range c.Status.Conditions {
				if condition.Type == v1alpha1.ConditionIssuing && condition.Reason == v1alpha1.ReasonValidating {
					return true, ""
				}
			}
			return false, describeCertificate(c)
		},
	}
	for _, step := range []string{"write-ahead", "order-placed", "validating"} {
		t.Run(step, func(t *testing.T) {
			before := issued(t, c.sb)
			s := c.space(t)
			s.create(fakeNode("node", price("0.1")))
			s.create(workload("web", requireTLS("auto"), mounting("web-tls"), requireNames("web-tls", step+".example.com")))
			s.waitHeld("web", "SecretNotFound")
			s.create(tlsCertificate("web", step+".example.com"))
			eventually(t, "step "+step+" is reached", func(ctx context.Context) (bool, string) { return steps[step](ctx, s) })
			for _, process := range []*sandbox.Process{scheduler, controller} {
				if err := process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			if n := issued(t, c.sb) - before; n != 0 {
				t.Fatalf("the order was over before the kill: %d certificates", n)
			}
			scheduler, controller = startBoth(t, c)
			s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
			s.waitBound("web")
			root, err := stack.ACMERoot(t.Context(), c.sb.ACME())
			if err != nil {
				t.Fatal(err)
			}
			verify(t, s.secret("web-tls"), root, step+".example.com")
			if n := issued(t, c.sb) - before; n != 1 {
				t.Errorf("the CA issued %d certificates, want exactly 1", n)
			}
		})
	}
}

// startBoth starts scheduler and controller without leader election, so that a killed one needs no lease to run out.
func startBoth(t *testing.T, c *cluster) (scheduler, controller *sandbox.Process) {
	t.Helper()
	start := time.Now()
	scheduler, err := stack.StartScheduler(t.Context(), c.sb, stack.SchedulerOptions{Edit: func(config map[string]any) {
		config["leaderElection"] = map[string]any{"leaderElect": false}
	}})
	if err != nil {
		t.Fatal(err)
	}
	controller, err = stack.StartController(t.Context(), c.sb, stack.ControllerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started scheduler and controller in %s", time.Since(start).Round(time.Millisecond))
	return scheduler, controller
}
