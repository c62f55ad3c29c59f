// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/test/faultproxy"
)

// middles are the requests of an order, each with how many certificates the CA has signed before it. TestFaults kills after them.
var middles = []struct {
	before faultproxy.Endpoint
	signed int
}{
	{faultproxy.NewOrder, 0}, // the write-ahead Secret is there, the order is not
	{faultproxy.Authorization, 0},
	{faultproxy.Challenge, 0}, // published, but the CA was not told
	{faultproxy.Order, 0},
	{faultproxy.Finalize, 0},
	{faultproxy.Certificate, 1},
}

// TestKilledInTheMiddleOfAnOrder stops the controller before each request of an order, kills it and the scheduler with SIGKILL,
// starts them again, and counts the certificates that the CA signed.
func TestKilledInTheMiddleOfAnOrder(t *testing.T) {
	c := newCluster(t, sandbox.Options{ACME: true, KWOK: true, ControllerManager: true})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	proxy, err := faultproxy.New(c.sb.ACME().DirectoryURL, c.sb.ACME().CABundle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	if err := c.createIssuer(t.Context(), proxy.DirectoryURL(), proxy.CABundle()); err != nil {
		t.Fatal(err)
	}
	scheduler, controller := startBoth(t, c)
	for _, middle := range middles {
		t.Run(string(middle.before), func(t *testing.T) {
			name := strings.ToLower(string(middle.before)) + ".example.com"
			before := issued(t, c.sb)
			s := c.space(t)
			s.create(fakeNode("node", price("0.1")))
			s.create(workload("web", requireTLS("auto"), mounting("web-tls"), requireNames("web-tls", name)))
			s.waitHeld("web", "SecretNotFound")
			held := proxy.Faulted(middle.before)
			proxy.Inject(middle.before, faultproxy.Hold(), 1)
			s.create(tlsCertificate("web", name))
			eventually(t, "the controller is about to ask for "+string(middle.before), func(context.Context) (bool, string) {
				return proxy.Faulted(middle.before) > held, describeCertificate(s.certificate("web"))
			})
			for _, process := range []*sandbox.Process{scheduler, controller} {
				if err := process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			if n := issued(t, c.sb) - before; n != middle.signed {
				t.Fatalf("the CA had signed %d certificates at the kill, want %d", n, middle.signed)
			}
			scheduler, controller = startBoth(t, c)
			s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
			s.waitBound("web")
			root, err := stack.ACMERoot(t.Context(), c.sb.ACME())
			if err != nil {
				t.Fatal(err)
			}
			verify(t, s.secret("web-tls"), root, name)
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
