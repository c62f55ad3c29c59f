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

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tollgate-dev/tollgate/pkg/controller/podstatus"
	"github.com/tollgate-dev/tollgate/pkg/controller/schedulinggate"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// TestStock runs stock mode: the scheduler is the unchanged one of Kubernetes, and the controller removes the scheduling gate.
func TestStock(t *testing.T) {
	// Before 1.36 MutatingAdmissionPolicy has to be asked for.
	c := newCluster(t, sandbox.Options{KWOK: true, ControllerManager: true, APIServerArgs: []string{
		"--feature-gates=MutatingAdmissionPolicy=true", "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
	}})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	if err := stack.Apply(t.Context(), c.sb, "policy/stock"); err != nil {
		t.Fatal(err)
	}
	c.waitTypeChecked(t, "tollgate-gate-required")
	t.Run("gate required", func(t *testing.T) { c.testGateRequired(t) })

	c.applyOverlay(t, "policy/stock-mutating", `patches:
- target: {kind: MutatingAdmissionPolicy.*}
  patch: |-
    - {op: replace, path: /apiVersion, value: admissionregistration.k8s.io/v1beta1}
`)
	// The folder stock has it, and stock-mutating has not.
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "tollgate-gate-required-templates"}}
	if err := c.client.Delete(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	t.Run("gate added", func(t *testing.T) { c.testGateAdded(t) })

	if _, err := stack.StartUpstreamScheduler(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	t.Run("reconciler alone", func(t *testing.T) { c.testReconcilerAlone(t) })
	controller, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("held until usable", func(t *testing.T) { c.testStockHeld(t) })
	t.Run("held until valid", func(t *testing.T) { c.testStockTime(t) })
	t.Run("malformed", func(t *testing.T) { c.testStockMalformed(t) })
	t.Run("never held", func(t *testing.T) { c.testStockNeverHeld(t) })
	t.Run("controller down", func(t *testing.T) { c.testStockDown(t, controller) })
}

// testGateRequired tells which pods the policy of config/policy/stock refuses.
func (c *cluster) testGateRequired(t *testing.T) {
	const want = `scheduler "default-scheduler" does not hold pods until the TLS Secrets that they declare are usable: ` +
		`add "tollgate.dev/tls-ready" to spec.schedulingGates, and tollgate-controller will remove it when they are`
	s := c.space(t)
	ungated := stockPod("web", requireTLS("web-tls"))
	s.admits(t, []admission{
		{"declared", ungated, want},
		{"requirements alone", stockPod("web", requireNames("web-tls", "www.example.com")), want},
		{"other gate", stockPod("web", requireTLS("web-tls"), gated("example.com/quota")), want},
		{"malformed", stockPod("web", requireTLS(""), gated(declare.SchedulingGate)), "is malformed"},
		{"node name", stockPod("web", requireTLS("web-tls"), onNode), "spec.nodeName bypasses"},
		{"gated", stockPod("web", requireTLS("web-tls"), gated(declare.SchedulingGate)), ""},
		{"undeclared", stockPod("web"), ""},
		{"Tollgate's scheduler", workload("web", requireTLS("web-tls")), ""},
		{"critical pod", stockPod("web", requireTLS("web-tls"), critical), ""},
		{"exempt namespace", stockPod("web", requireTLS("web-tls"), inNamespace("kube-system")), ""},
		{"mirror pod", stockPod("web", requireTLS("web-tls"), onNode, annotated(corev1.MirrorPodAnnotationKey, "1")), ""},
	})
	eventually(t, "a template is admitted with the warning", func(context.Context) (bool, string) {
		warnings, err := s.ask(t, deployment(ungated))
		return err == nil && strings.Contains(warnings, want), fmt.Sprint(err, warnings)
	})
	if warnings, err := s.ask(t, cronJob(stockPod("web", requireTLS("web-tls"), gated(declare.SchedulingGate)))); err != nil || warnings != "" {
		t.Errorf("gated template: Create = %v, warnings: %s", err, warnings)
	}
}

// testGateAdded tells which pods get the gate from the policy of config/policy/stock-mutating.
func (c *cluster) testGateAdded(t *testing.T) {
	const ours = declare.SchedulingGate
	s := c.space(t)
	eventually(t, "a pod gets the gate", func(ctx context.Context) (bool, string) {
		pod := stockPod("web", requireTLS("web-tls"), inNamespace(s.ns))
		err := s.client.Create(ctx, pod, client.DryRunAll)
		return err == nil && slices.Contains(gatesOf(pod), ours), fmt.Sprint(err, gatesOf(pod))
	})
	for name, test := range map[string]struct {
		pod  *corev1.Pod
		want []string
	}{
		"declared":             {stockPod("web", requireTLS("auto")), []string{ours}},
		"requirements alone":   {stockPod("web", requireNames("web-tls", "www.example.com")), []string{ours}},
		"no scheduler name":    {stockPod("web", requireTLS("auto"), scheduler("")), []string{ours}},
		"other gate":           {stockPod("web", requireTLS("auto"), gated("example.com/quota")), []string{"example.com/quota", ours}},
		"gate already":         {stockPod("web", requireTLS("auto"), gated(ours, "example.com/quota")), []string{"example.com/quota", ours}},
		"undeclared":           {stockPod("web"), nil},
		"Tollgate's scheduler": {workload("web", requireTLS("auto")), nil},
		"critical pod":         {stockPod("web", requireTLS("auto"), critical), nil},
		"exempt namespace":     {stockPod("web", requireTLS("auto"), inNamespace("kube-system")), nil},
		"mirror pod":           {stockPod("web", requireTLS("auto"), onNode, annotated(corev1.MirrorPodAnnotationKey, "1")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			pod := test.pod
			if pod.Namespace == "" {
				pod.Namespace = s.ns
			}
			s.waitAccount(t, pod.Namespace)
			if err := s.client.Create(t.Context(), pod, client.DryRunAll); err != nil {
				t.Fatal(err)
			}
			got := gatesOf(pod)
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("gates (-want, +got):\n%s", diff)
			}
		})
	}
	if _, err := s.ask(t, stockPod("web", requireTLS("auto"), onNode)); err == nil || !strings.Contains(err.Error(), "spec.nodeName bypasses") {
		t.Errorf("node name: Create = %v", err)
	}
	eventually(t, "no warning about templates", func(context.Context) (bool, string) {
		warnings, err := s.ask(t, deployment(stockPod("web", requireTLS("auto"))))
		return err == nil && warnings == "", fmt.Sprint(err, warnings)
	})
}

// testReconcilerAlone runs the reconciler without the one that writes conditions, whose writes would wake it too.
func (c *cluster) testReconcilerAlone(t *testing.T) {
	impersonating := c.sb.Config()
	impersonating.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:tollgate-system:tollgate-controller", Groups: []string{"system:masters"}}
	mgr, err := manager.New(impersonating, manager.Options{
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Cache:      cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.Pod{}: podstatus.CacheOptions()}},
		Controller: config.Controller{SkipNameValidation: new(true)}, // the test may run twice in a process
	})
	if err != nil {
		t.Fatal(err)
	}
	clientset, err := kubernetes.NewForConfig(impersonating)
	if err != nil {
		t.Fatal(err)
	}
	secrets := tlssecrets.New(clientset, clock.RealClock{}, tlssecrets.Options{})
	if err := schedulinggate.Add(mgr, schedulinggate.Options{Secrets: secrets, Clock: clock.RealClock{}}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running errgroup.Group
	running.Go(func() error { secrets.Run(ctx); return nil })
	running.Go(func() error { return mgr.Start(ctx) })
	defer func() {
		stop()
		if err := running.Wait(); err != nil {
			t.Errorf("running the manager: %v", err)
		}
	}()
	s := c.stockSpace(t)
	s.create(stockPod("web", requireTLS("web-tls")), stockPod("first", gated(declare.SchedulingGate)))
	s.waitBound("first") // So the reconciler has started.
	s.wantGated("web", declare.SchedulingGate)
	s.create(tlsSecret(t, "web-tls", "www.example.com", func(o *tlstest.Options) { o.NotBefore = time.Now().Add(3 * time.Second) }))
	s.waitBound("web")
}

// testStockHeld follows a pod from its creation to a node.
func (c *cluster) testStockHeld(t *testing.T) {
	s := c.stockSpace(t)
	s.create(stockPod("web", requireTLS("auto"), mounting("web-tls"), requireNames("web-tls", "www.example.com"), gated("example.com/quota")))
	s.waitHeld("web", "SecretNotFound")
	s.wantGated("web", "example.com/quota", declare.SchedulingGate)
	// A Secret that cannot serve changes the reason and nothing else.
	secret := tlsSecret(t, "web-tls", "other.example.com", nil)
	s.create(secret)
	s.waitHeld("web", "NameNotCovered")
	s.wantGated("web", "example.com/quota", declare.SchedulingGate)
	secret.Data = tlsSecret(t, "web-tls", "www.example.com", nil).Data
	if err := s.client.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	s.waitGates("web", "example.com/quota")
	s.change("web", func(p *corev1.Pod) { p.Spec.SchedulingGates = nil })
	s.waitBound("web")
}

func (c *cluster) testStockMalformed(t *testing.T) {
	s := c.stockSpace(t)
	s.create(tlsSecret(t, "web-tls", "www.example.com", nil))
	s.create(stockPod("web", annotated(declare.RequirementsAnnotation, `[{"secretNames": "web-tls"}]`)))
	s.waitHeld("web", "InvalidDeclaration")
	s.create(stockPod("plain"))
	s.waitBound("plain")
	s.wantGated("web", declare.SchedulingGate)
	s.change("web", annotated(declare.RequirementsAnnotation, `[{"secretName": "web-tls"}]`))
	s.waitBound("web")
}

// testStockNeverHeld gives the gate to pods that nothing holds.
func (c *cluster) testStockNeverHeld(t *testing.T) {
	s := c.stockSpace(t)
	s.create(stockPod("undeclared", gated(declare.SchedulingGate)), stockPod("critical", requireTLS("none"), gated(declare.SchedulingGate), critical))
	s.waitBound("undeclared")
	s.waitBound("critical")
	s.create(stockPod("changed", requireTLS("none")))
	s.waitHeld("changed", "SecretNotFound")
	s.change("changed", func(p *corev1.Pod) { p.Annotations = nil })
	s.waitBound("changed")
}

// testStockDown creates a pod that is ready from the start, while nobody looks.
func (c *cluster) testStockDown(t *testing.T, controller *sandbox.Process) {
	if err := controller.Kill(); err != nil {
		t.Fatal(err)
	}
	s := c.stockSpace(t)
	s.create(tlsSecret(t, "web-tls", "www.example.com", nil))
	s.create(stockPod("web", requireTLS("web-tls")))
	s.create(stockPod("plain"))
	s.waitBound("plain")
	s.wantGated("web", declare.SchedulingGate)
	if _, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{}); err != nil {
		t.Fatal(err)
	}
	s.waitBound("web")
}

// stockSpace is a space with a node, in which the default scheduler is asked what it knows.
func (c *cluster) stockSpace(t *testing.T) *space {
	t.Helper()
	s := c.space(t)
	s.prober = corev1.DefaultSchedulerName
	s.create(fakeNode("node"))
	return s
}

func stockPod(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	return workload(name, append([]func(*corev1.Pod){scheduler(corev1.DefaultSchedulerName)}, change...)...)
}

func gatesOf(pod *corev1.Pod) []string {
	var names []string
	for _, gate := range pod.Spec.SchedulingGates {
		names = append(names, gate.Name)
	}
	return names
}

// wantGated wants the gates, and the condition with which kubectl shows them.
func (s *space) wantGated(name string, gates ...string) {
	s.t.Helper()
	pod := s.pod(name)
	if diff := cmp.Diff(gates, gatesOf(pod)); diff != "" {
		s.t.Errorf("gates of pod %s (-want, +got):\n%s", name, diff)
	}
	if c := podCondition(pod, string(corev1.PodScheduled)); c == nil || c.Reason != corev1.PodReasonSchedulingGated {
		s.t.Errorf("pod %s is not SchedulingGated: %s", name, describe(pod))
	}
}

func (s *space) waitGates(name string, gates ...string) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("pod %s has gates %v", name, gates), func(context.Context) (bool, string) {
		pod := s.pod(name)
		return slices.Equal(gates, gatesOf(pod)), fmt.Sprint(gatesOf(pod), describe(pod))
	})
}
