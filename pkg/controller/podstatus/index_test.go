// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/changes"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

// referring is a pod that refers to Secrets in every way that auto knows.
func referring(p *corev1.Pod) {
	secret := corev1.LocalObjectReference{Name: "projected"}
	p.Spec.Volumes = []corev1.Volume{
		{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "volume"}}},
		{Name: "all", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{{Secret: &corev1.SecretProjection{LocalObjectReference: secret}}}}}},
	}
	env := func(name string) []corev1.EnvVar {
		return []corev1.EnvVar{{Name: "PLAIN", Value: "x"}, {Name: "KEY", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: "tls.key"}}}}
	}
	p.Spec.InitContainers = []corev1.Container{{Name: "init", Image: "i", Env: env("init-env")}}
	p.Spec.Containers = []corev1.Container{{Name: "main", Image: "m", Env: env("env"), EnvFrom: []corev1.EnvFromSource{
		{ConfigMapRef: &corev1.ConfigMapEnvSource{}},
		{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "env-from"}}},
	}}}
}

func bad(p *corev1.Pod) { p.Spec.Containers[0].EnvFrom[1].SecretRef.Name = "NOT VALID" }

// What the cache keeps must be enough for every decision of this package.
func TestTrimChangesNoDecision(t *testing.T) {
	held := withCondition(podcondition.Type, corev1.ConditionFalse, "Expired", "m")
	s := newWorld(t).r.scope
	for name, pod := range map[string]*corev1.Pod{
		"exempt":            newPod(exempt),
		"ungated":           newPod(scheduledBy("default-scheduler")),
		"ungated, bound":    newPod(scheduledBy("default-scheduler"), on("node-1")),
		"scheduling gate":   newPod(scheduledBy("default-scheduler"), gated),
		"undeclared, gated": newPod(undeclared, scheduledBy("default-scheduler"), gated),
		"created bound":     newPod(createdOn("node-1")),
		"auto":              newPod(requires("auto"), referring),
		"auto, bad":         newPod(requires("auto"), referring, bad),
		"listed":            newPod(),
		"undeclared":        newPod(undeclared, referring),
		"undeclared, held":  newPod(undeclared, held),
		"bound, held":       newPod(on("node-1"), held),
		"deleted":           newPod(deleted),
		"ended":             newPod(func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }),
	} {
		t.Run(name, func(t *testing.T) {
			obj, err := trim(pod.DeepCopy())
			if err != nil {
				t.Fatal(err)
			}
			kept := obj.(*corev1.Pod)
			if diff := cmp.Diff(s.waitingFor()(pod), s.waitingFor()(kept)); diff != "" {
				t.Errorf("waitingFor (-pod, +kept):\n%s", diff)
			}
			want, wantErr := declare.Parse(pod)
			got, gotErr := declare.Parse(kept)
			if diff := cmp.Diff(want, got); diff != "" || (wantErr == nil) != (gotErr == nil) || (wantErr != nil && wantErr.Error() != gotErr.Error()) {
				t.Errorf("Parse: %v, %v (-pod, +kept):\n%s", wantErr, gotErr, diff)
			}
			if s.waiting(pod) != s.waiting(kept) || s.unsettled(pod) != s.unsettled(kept) || declare.Declared(pod) && s.gates(pod) != s.gates(kept) || s.bypassing(pod) != s.bypassing(kept) {
				t.Error("waiting, unsettled, gates or bypassing differ")
			}
			if diff := cmp.Diff(pod.Spec.SchedulingGates, kept.Spec.SchedulingGates); diff != "" {
				t.Errorf("scheduling gates (-pod, +kept):\n%s", diff)
			}
			if diff := cmp.Diff(pod.Status.Conditions, kept.Status.Conditions); diff != "" {
				t.Errorf("conditions (-pod, +kept):\n%s", diff)
			}
		})
	}
}

func TestTrimIsLean(t *testing.T) {
	pod := newPod(undeclared, referring)
	pod.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	pod.Labels = map[string]string{"app": "web"}
	obj, err := trim(pod)
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "1234", CreationTimestamp: metav1.NewTime(start)}}
	if diff := cmp.Diff(want, obj); diff != "" {
		t.Errorf("trim (-want, +got):\n%s", diff)
	}
}

func TestConcerns(t *testing.T) {
	held := withCondition(podcondition.Type, corev1.ConditionFalse, "Expired", "m")
	p := newWorld(t).r.scope.concerns()
	for name, tt := range map[string]struct {
		before, after *corev1.Pod
		want          bool
	}{
		"waits":              {newPod(), newPod(), true},
		"gets bound":         {newPod(), newPod(on("node-1")), true},
		"is bound":           {newPod(on("node-1")), newPod(on("node-1")), false},
		"is bound, held":     {newPod(on("node-1"), held), newPod(on("node-1"), held), true},
		"declares no longer": {newPod(), newPod(undeclared), true},
		"undeclared":         {newPod(undeclared), newPod(undeclared), false},
		"is exempt":          {newPod(exempt), newPod(exempt), false},
		"was not held":       {newPod(scheduledBy("other"), on("node-1")), newPod(scheduledBy("other"), on("node-1")), true},
		"was created bound":  {newPod(createdOn("node-1")), newPod(on("node-1")), true},
	} {
		if got := p.Update(event.UpdateEvent{ObjectOld: tt.before, ObjectNew: tt.after}); got != tt.want {
			t.Errorf("update of a pod that %s: %t, want %t", name, got, tt.want)
		}
	}
	if !p.Delete(event.DeleteEvent{Object: newPod(deleted)}) || p.Delete(event.DeleteEvent{Object: newPod(undeclared)}) {
		t.Error("deletions: want those of declared pods only")
	}
}

func TestTellsNews(t *testing.T) {
	p := tellsNews()
	before := newCert(issuing(metav1.ConditionTrue, v1alpha1.ReasonValidating, ""))
	touched := before.DeepCopy()
	touched.Labels = map[string]string{"team": "shop"}
	if p.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: touched}) {
		t.Error("a change of labels passes")
	}
	if !p.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: newCert(issuing(metav1.ConditionTrue, v1alpha1.ReasonFinalizing, ""))}) {
		t.Error("a change of the step does not pass")
	}
	if !p.Create(event.CreateEvent{Object: before}) || !p.Delete(event.DeleteEvent{Object: before}) {
		t.Error("creation or deletion does not pass")
	}
}

func TestCertificateWakesItsPods(t *testing.T) {
	w := newWorld(t, newPod(), newPod(named("api"), requires("api-tls")), newPod(named("bound"), on("node-1")))
	got := w.r.waitingForCertificate(context.Background(), newCert())
	if len(got) != 1 || got[0].Name != "web" {
		t.Errorf("woken: %v, want shop/web alone", got)
	}
}

func TestSecretChanges(t *testing.T) {
	elsewhere := newPod(named("web"))
	elsewhere.Namespace = "other"
	w := newWorld(t, newPod(), newPod(named("api"), requires("api-tls")), newPod(named("broken"), requires("!")), newPod(named("bound"), on("n")), elsewhere)
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	source := changes.New(w.r.podsOfSecret)
	source.Add("shop", "api-tls") // Before the start: every pod is looked at anyway.
	if err := source.Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	woken := func(n int) map[string]bool {
		names := map[string]bool{}
		for range n {
			request, _ := queue.Get()
			queue.Done(request)
			names[request.String()] = true
		}
		return names
	}
	source.Add("shop", "web-tls")
	if diff := cmp.Diff(map[string]bool{"shop/web": true}, woken(1)); diff != "" {
		t.Errorf("woken by one Secret (-want, +got):\n%s", diff)
	}
	source.Add("", "")
	want := map[string]bool{"shop/web": true, "shop/api": true, "shop/broken": true, "other/web": true}
	if diff := cmp.Diff(want, woken(4)); diff != "" {
		t.Errorf("woken by all Secrets (-want, +got):\n%s", diff)
	}
}
