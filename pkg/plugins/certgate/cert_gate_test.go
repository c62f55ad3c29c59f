// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

func TestGate(t *testing.T) {
	tests := []struct {
		name        string
		annotations map[string]string
		secrets     []string // written before the pod
		wantMessage string   // part of it; empty: not held
		change      func(h *harness, pod *v1.Pod)
		wantGone    bool // change makes the pod leave the index and the queue instead of being popped
	}{
		{
			name: "pods that declare nothing are not held",
		},
		{
			name:        "pods whose Secret is ready are not held",
			annotations: requires("web-tls"),
			secrets:     []string{"web-tls"},
		},
		{
			name:        "a Secret is written",
			annotations: requires("web-tls"),
			wantMessage: "web-tls",
			change:      func(h *harness, _ *v1.Pod) { h.createSecret(h.secret("web-tls", 0)) },
		},
		{
			name:        "the last of two Secrets is written",
			annotations: requires("api-tls,web-tls"),
			secrets:     []string{"api-tls"},
			wantMessage: "web-tls",
			change:      func(h *harness, _ *v1.Pod) { h.createSecret(h.secret("web-tls", 0)) },
		},
		{
			name:        "a broken Secret is repaired",
			annotations: requires("web-tls"),
			wantMessage: "web-tls",
			change: func(h *harness, pod *v1.Pod) {
				repaired := h.secret("web-tls", 0)
				broken := repaired.DeepCopy()
				broken.Data[v1.TLSCertKey] = nil
				h.createSecret(broken)
				h.eventually("the broken Secret is seen", func() bool {
					return strings.Contains(h.pl.PreEnqueue(h.ctx, pod).Message(), v1.TLSCertKey)
				})
				h.updateSecret(repaired)
			},
		},
		{
			name:        "a malformed annotation is corrected",
			annotations: requires("Not A Name"),
			secrets:     []string{"web-tls"},
			wantMessage: declare.RequireTLSAnnotation,
			change: func(h *harness, pod *v1.Pod) {
				h.updatePod(pod, func(p *v1.Pod) { p.Annotations = requires("web-tls") })
			},
		},
		{
			name:        "the annotation is removed",
			annotations: requires("web-tls"),
			wantMessage: "web-tls",
			change: func(h *harness, pod *v1.Pod) {
				h.updatePod(pod, func(p *v1.Pod) { p.Annotations = nil })
			},
		},
		{
			name:        "the pod is deleted",
			annotations: requires("web-tls"),
			wantMessage: "web-tls",
			change: func(h *harness, pod *v1.Pod) {
				if err := h.client.CoreV1().Pods(namespace).Delete(h.ctx, pod.Name, metav1.DeleteOptions{}); err != nil {
					h.t.Fatalf("Failed to delete pod: %v", err)
				}
			},
			wantGone: true,
		},
		{
			name:        "another scheduler binds the pod",
			annotations: requires("web-tls"),
			wantMessage: "web-tls",
			change: func(h *harness, pod *v1.Pod) {
				h.updatePod(pod, func(p *v1.Pod) { p.Spec.NodeName = "node-1" })
			},
			wantGone: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t)
			for _, name := range tt.secrets {
				h.createSecret(h.secret(name, 0))
			}
			pod := h.pod(tt.annotations)
			if tt.wantMessage == "" {
				h.wantPopped(pod)
				return
			}
			if got := h.wantHeld(pod); !strings.Contains(got, tt.wantMessage) {
				t.Errorf("The message is %q, want it to contain %q", got, tt.wantMessage)
			}
			tt.change(h, pod)
			if tt.wantGone {
				h.eventually("the pod is gone from the queue", func() bool { return len(h.queue.UnschedulablePods()) == 0 })
			} else {
				h.wantPopped(pod)
			}
			h.eventually("the index is empty", func() bool { return len(h.pl.waiting.All("")) == 0 })
		})
	}
}

func TestSecretRemovedAfterPreEnqueue(t *testing.T) {
	tests := []struct {
		name string
		// run runs the extension point that finds the Secret missing.
		run      func(h *harness, pod *v1.Pod) *fwk.Status
		wantCode fwk.Code
		// inFlight: the Secret comes back before the queue has the pod back.
		inFlight bool
	}{
		{
			name: "before PreFilter",
			run: func(h *harness, pod *v1.Pod) *fwk.Status {
				_, status := h.pl.PreFilter(h.ctx, framework.NewCycleState(), pod, nil)
				return status
			},
			wantCode: fwk.UnschedulableAndUnresolvable,
		},
		{
			name: "before PreFilter, and back while the pod is in flight",
			run: func(h *harness, pod *v1.Pod) *fwk.Status {
				_, status := h.pl.PreFilter(h.ctx, framework.NewCycleState(), pod, nil)
				return status
			},
			wantCode: fwk.UnschedulableAndUnresolvable,
			inFlight: true,
		},
		{
			name: "before Filter without PreFilter",
			run: func(h *harness, pod *v1.Pod) *fwk.Status {
				return h.pl.Filter(h.ctx, framework.NewCycleState(), pod, nil)
			},
			wantCode: fwk.UnschedulableAndUnresolvable,
		},
		{
			name:     "before PreBind",
			run:      func(h *harness, pod *v1.Pod) *fwk.Status { return h.pl.PreBind(h.ctx, nil, pod, "node-1") },
			wantCode: fwk.Unschedulable,
		},
		{
			name:     "before PreBind, and back while the pod is in flight",
			run:      func(h *harness, pod *v1.Pod) *fwk.Status { return h.pl.PreBind(h.ctx, nil, pod, "node-1") },
			wantCode: fwk.Unschedulable,
			inFlight: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t)
			secret := h.secret("web-tls", 0)
			h.createSecret(secret)
			pod := h.pod(requires("web-tls"))
			info := h.wantPopped(pod)
			if status := tt.run(h, info.Pod); !status.IsSuccess() {
				t.Fatalf("With the Secret the status is %v, want success", status)
			}
			if h.pl.waiting.Has(pod.UID) {
				t.Error("The pod is in the waiting index though it may go on")
			}

			h.deleteSecret(secret.Name)
			status := tt.run(h, info.Pod)
			if got := status.Code(); got != tt.wantCode {
				t.Fatalf("Without the Secret the status is %v, want code %v", status, tt.wantCode)
			}
			if !strings.Contains(status.Message(), secret.Name) {
				t.Errorf("The message is %q, want it to name the Secret", status.Message())
			}
			requeue := func() {
				info.UnschedulablePlugins.Insert(Name)
				if err := h.queue.AddUnschedulableIfNotPresent(h.logger, info, h.queue.SchedulingCycle()); err != nil {
					t.Fatalf("Failed to give the pod back to the queue: %v", err)
				}
			}
			if tt.inFlight {
				before := h.activations.Load()
				h.createSecret(secret)
				h.eventually("the pod is activated", func() bool { return h.activations.Load() > before })
				requeue()
			} else {
				requeue()
				h.createSecret(secret)
			}
			h.wantPopped(pod)
		})
	}
}

func TestFilterTrustsPreFilter(t *testing.T) {
	h := newHarness(t)
	secret := h.secret("web-tls", 0)
	h.createSecret(secret)
	pod := h.pod(requires("web-tls"))
	h.wantPopped(pod)
	state := framework.NewCycleState()
	if _, status := h.pl.PreFilter(h.ctx, state, pod, nil); !status.IsSuccess() {
		t.Fatalf("PreFilter returned %v, want success", status)
	}
	h.deleteSecret(secret.Name)
	if status := h.pl.Filter(h.ctx, state.Clone(), pod, nil); !status.IsSuccess() {
		t.Errorf("Filter returned %v after PreFilter had succeeded, want success", status)
	}
}

// TestWakeAtNotBefore holds a pod until its certificate becomes valid.
func TestWakeAtNotBefore(t *testing.T) {
	h := newHarness(t)
	secret := h.secret("web-tls", time.Hour+42*time.Second) // valid from start+42s on
	h.createSecret(secret)
	pod := h.pod(requires("web-tls"))
	h.wantHeld(pod)
	h.clock.Step(41 * time.Second)
	h.wantHeld(pod)
	h.stepUntilPopped(pod)
}

func TestUndeclaredPods(t *testing.T) {
	h := newHarness(t)
	pod := newPod("web", map[string]string{"team": "shop"})
	if allocs := testing.AllocsPerRun(1000, func() {
		if status := h.pl.PreEnqueue(h.ctx, pod); status != nil {
			t.Fatalf("PreEnqueue returned %v, want nil", status)
		}
	}); allocs != 0 {
		t.Errorf("PreEnqueue allocates %v times, want 0", allocs)
	}
	if _, status := h.pl.PreFilter(h.ctx, framework.NewCycleState(), pod, nil); !status.IsSkip() {
		t.Errorf("PreFilter returned %v, want Skip", status)
	}
	if status := h.pl.Filter(h.ctx, framework.NewCycleState(), pod, nil); status != nil {
		t.Errorf("Filter returned %v, want nil", status)
	}
	if status := h.pl.PreBindPreFlight(h.ctx, nil, pod, "node-1"); !status.IsSkip() {
		t.Errorf("PreBindPreFlight returned %v, want Skip", status)
	}
	if status := h.pl.PreBind(h.ctx, nil, pod, "node-1"); status != nil {
		t.Errorf("PreBind returned %v, want nil", status)
	}
	if fragments, status := h.pl.SignPod(h.ctx, pod); len(fragments) > 0 || !status.IsSuccess() {
		t.Errorf("SignPod returned %v and %v, want nothing and success", fragments, status)
	}
	if _, status := h.pl.SignPod(h.ctx, newPod("web", requires("auto"))); status.Code() != fwk.Unschedulable {
		t.Errorf("SignPod returned %v for a declared pod, want Unschedulable", status)
	}
}

// TestUnknownPod judges a pod that the lister does not have: it is deleted, or soon will be.
func TestUnknownPod(t *testing.T) {
	h := newHarness(t)
	pod := newPod("web", requires("web-tls"))
	if status := h.pl.PreEnqueue(h.ctx, pod); status.Code() != fwk.UnschedulableAndUnresolvable {
		t.Errorf("PreEnqueue returned %v, want UnschedulableAndUnresolvable", status)
	}
	if got := h.pl.waiting.All(""); len(got) != 0 {
		t.Errorf("The index holds %v, want nothing", got)
	}
}

func TestEventsToRegister(t *testing.T) {
	if events, err := (&CertGate{}).EventsToRegister(t.Context()); len(events) > 0 || err != nil {
		t.Errorf("EventsToRegister returned %v and %v, want nothing", events, err)
	}
}

func TestNewRejectsArgs(t *testing.T) {
	h := newHarness(t)
	for name, tt := range map[string]struct {
		args runtime.Object
		want string
	}{
		"none":           {args: nil, want: "want args to be of type CertGateArgs, got <nil>"},
		"another type":   {args: &schedulerapi.NodeAffinityArgs{}, want: "want args to be of type CertGateArgs, got *config.NodeAffinityArgs"},
		"unknown source": {args: &config.CertGateArgs{Source: "Secret"}, want: "validating CertGateArgs: source:"},
	} {
		t.Run(name, func(t *testing.T) {
			pl, err := New(h.ctx, tt.args, h.fw)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("New returned the error %v, want one that starts with %q", err, tt.want)
			}
			if pl != nil {
				t.Errorf("New returned %v besides the error, want nil", pl)
			}
		})
	}
}

// TestGoroutinesEnd starts the plugin, makes it work, and looks for what is left behind.
func TestGoroutinesEnd(t *testing.T) {
	ignored := []goleak.Option{
		goleak.IgnoreCurrent(),
		// The framework's recorder looks at the context once a second.
		goleak.IgnoreAnyFunction("k8s.io/kubernetes/pkg/scheduler/metrics.(*MetricAsyncRecorder).run"),
	}
	h := newHarness(t)
	held := h.pod(requires("web-tls"))
	h.wantHeld(held)
	h.createSecret(h.secret("web-tls", 0))
	h.wantPopped(held)
	h.stop()
	goleak.VerifyNone(t, ignored...)
}
