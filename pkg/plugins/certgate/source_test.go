// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// report writes the condition as the controller does.
func (h *harness) report(pod *v1.Pod, c v1.PodCondition) {
	h.updatePod(pod, func(p *v1.Pod) { p.Status.Conditions = []v1.PodCondition{c} })
}

func TestPodCondition(t *testing.T) {
	h := newHarnessWith(t, &config.CertGateArgs{Source: config.SourcePodCondition})
	h.wantPopped(h.pod(nil))
	pod := h.pod(requires("web-tls"))
	if got := h.wantHeld(pod); !strings.Contains(got, "no condition tollgate.dev/TLSReady yet") {
		t.Errorf("Without a condition the message is %q", got)
	}
	h.report(pod, podcondition.False(tlsready.Verdict{Reason: tlsready.SecretNotFound, Message: "web-tls does not exist"}))
	h.eventually("the controller's message is taken over", func() bool { return h.wantHeld(pod) == "web-tls does not exist" })
	h.report(pod, podcondition.True(newPod("x", requires("other")), podcondition.ReasonUsable, "m", time.Time{}))
	h.eventually("a condition about other annotations does not count", func() bool {
		return strings.Contains(h.wantHeld(pod), "annotations")
	})
	h.report(pod, podcondition.True(pod, podcondition.ReasonUsable, "m", h.clock.Now()))
	h.eventually("a condition past its end does not count", func() bool { return strings.Contains(h.wantHeld(pod), "held until") })
	h.report(pod, podcondition.True(pod, podcondition.ReasonUsable, "m", h.clock.Now().Add(time.Hour)))
	h.wantPopped(pod)
	for _, action := range h.client.Actions() {
		if action.GetResource().Resource == "secrets" {
			t.Errorf("The plugin did %s %s, want no access to Secrets", action.GetVerb(), action.GetResource().Resource)
		}
	}
}

// TestNoReport has no controller write anything.
func TestNoReport(t *testing.T) {
	h := newHarnessWith(t, &config.CertGateArgs{Source: config.SourcePodCondition})
	pod := h.pod(requires("web-tls"))
	h.wantHeld(pod)
	h.clock.Step(ownFaultGrace)
	h.pl.PreEnqueue(h.ctx, pod)
	if event := h.wantEvent(pod); event.Reason != "NoReport" || !strings.Contains(event.Note, "source: Secrets") {
		t.Errorf("The event is %s: %q, want NoReport and what to do", event.Reason, event.Note)
	}
}

// TestMaxWait lets a pod go at the end of its patience, whatever the source.
func TestMaxWait(t *testing.T) {
	for _, source := range config.Sources {
		t.Run(source, func(t *testing.T) {
			h := newHarnessWith(t, &config.CertGateArgs{Source: source})
			pod := newPod("web", requires("web-tls"))
			pod.CreationTimestamp = metav1.NewTime(start)
			pod.Annotations[declare.MaxWaitAnnotation] = "42s"
			h.createPod(pod)
			h.wantHeld(pod)
			h.stepUntilPopped(pod)
			if waited := h.clock.Since(start); waited < 42*time.Second {
				t.Errorf("The pod went on after %s, want 42s", waited)
			}
			h.eventually("people are told", func() bool {
				events, err := h.client.EventsV1().Events(namespace).List(h.ctx, metav1.ListOptions{})
				for i := range events.Items {
					if events.Items[i].Reason == reasonWaitTimedOut {
						return true
					}
				}
				return err != nil
			})
		})
	}
}

func TestExemptions(t *testing.T) {
	h := newHarnessWith(t, &config.CertGateArgs{ExemptNamespaces: []string{"infra"}, ExemptPriorityClasses: []string{"critical"}})
	critical := newPod("web", requires("web-tls"))
	critical.Spec.PriorityClassName = "critical"
	infra := newPod("api", requires("web-tls"))
	infra.Namespace = "infra"
	for _, pod := range []*v1.Pod{critical, infra} {
		if status := h.pl.PreEnqueue(h.ctx, pod); status != nil {
			t.Errorf("PreEnqueue of exempt pod %s returned %v, want nil", pod.Name, status)
		}
		if status := h.pl.PreBindPreFlight(h.ctx, nil, pod, "node-1"); !status.IsSkip() {
			t.Errorf("PreBindPreFlight of exempt pod %s returned %v, want Skip", pod.Name, status)
		}
	}
	h.createPod(critical)
	h.wantPopped(critical)
}

// TestPreBindPreFlight skips PreBind only for pods that nothing keeps between the two.
func TestPreBindPreFlight(t *testing.T) {
	h := newHarness(t)
	h.createSecret(h.secret("web-tls", 0))
	claim := func(p *v1.Pod) {
		p.Spec.Volumes = []v1.Volume{{VolumeSource: v1.VolumeSource{PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	}
	for name, tt := range map[string]struct {
		secret string
		change func(*v1.Pod)
		want   fwk.Code
	}{
		"ready":                 {secret: "web-tls", want: fwk.Skip},
		"not ready":             {secret: "api-tls", want: fwk.Success},
		"ready, with a volume":  {secret: "web-tls", change: claim, want: fwk.Success},
		"ready, with a devices": {secret: "web-tls", change: func(p *v1.Pod) { p.Spec.ResourceClaims = []v1.PodResourceClaim{{Name: "gpu"}} }, want: fwk.Success},
		"ready, scratch volume": {secret: "web-tls", change: func(p *v1.Pod) { p.Spec.Volumes = []v1.Volume{{Name: "tmp"}} }, want: fwk.Skip},
		"ready, ephemeral volume": {secret: "web-tls", change: func(p *v1.Pod) {
			claim(p)
			p.Spec.Volumes[0].VolumeSource = v1.VolumeSource{Ephemeral: &v1.EphemeralVolumeSource{}}
		}, want: fwk.Success},
	} {
		t.Run(name, func(t *testing.T) {
			pod := newPod("web", requires(tt.secret))
			if tt.change != nil {
				tt.change(pod)
			}
			h.eventually("web-tls is seen", func() bool { return h.pl.PreBind(h.ctx, nil, newPod("x", requires("web-tls")), "") == nil })
			if got := h.pl.PreBindPreFlight(h.ctx, nil, pod, "node-1").Code(); got != tt.want {
				t.Errorf("PreBindPreFlight returned %v, want %v", got, tt.want)
			}
		})
	}
}
