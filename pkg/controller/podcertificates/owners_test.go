// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestOwners(t *testing.T) {
	d, set, cron := deployment("web"), &appsv1.StatefulSet{ObjectMeta: objectMeta("db")}, &batchv1.CronJob{ObjectMeta: objectMeta("nightly")}
	job, ofCron := &batchv1.Job{ObjectMeta: objectMeta("once")}, &batchv1.Job{ObjectMeta: objectMeta("nightly-1", cron)}
	yes := true
	rollout := metav1.OwnerReference{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Name: "web", UID: "uid-rollout", Controller: &yes}
	ofRollout := replicaSet("web-9", "")
	ofRollout.OwnerReferences = []metav1.OwnerReference{rollout}
	for name, tt := range map[string]struct {
		controller client.Object
		above      []client.Object
		want       string
	}{
		"nobody":                      {nil, nil, "Pod/p"},
		"Deployment":                  {replicaSet("web-1", "1", d), []client.Object{d}, "Deployment/web"},
		"ReplicaSet alone":            {replicaSet("web-1", "1"), nil, "ReplicaSet/web-1"},
		"StatefulSet":                 {set, nil, "StatefulSet/db"},
		"Job":                         {job, nil, "Job/once"},
		"CronJob":                     {ofCron, []client.Object{cron}, "CronJob/nightly"},
		"a kind that may not be read": {ofRollout, nil, "Rollout/web"},
	} {
		t.Run(name, func(t *testing.T) {
			p := pod("p", 0, "a.example")
			objects := append([]client.Object{p}, tt.above...)
			if tt.controller != nil {
				p = pod("p", 0, "a.example", tt.controller)
				objects[0] = p
				objects = append(objects, tt.controller)
			}
			w := newWorld(t, objects...)
			w.fail["get Rollout"] = &meta.NoKindMatchError{GroupKind: schema.GroupKind{Group: "argoproj.io", Kind: "Rollout"}}
			w.reconcile()
			w.wantState("a.example of " + tt.want)
			ref := w.certificate().OwnerReferences[0]
			if ref.Controller != nil || ref.BlockOwnerDeletion != nil || ref.UID == "" || ref.APIVersion == "" {
				t.Errorf("owner reference %+v", ref)
			}
		})
	}
}

// TestNothingIsMadeForWorkloadsThatAreGone: the garbage collector would delete it again and again.
func TestNothingIsMadeForWorkloadsThatAreGone(t *testing.T) {
	d := deployment("web")
	rs := replicaSet("web-1", "1", d)
	other := deployment("web")
	other.UID = "uid-another"
	going := deployment("web")
	going.DeletionTimestamp, going.Finalizers = &metav1.Time{Time: start}, []string{"foregroundDeletion"}
	for name, objects := range map[string][]client.Object{
		"Deployment deleted":                 {rs},
		"Deployment replaced by another":     {rs, other},
		"Deployment deleted with foreground": {rs, going},
		"ReplicaSet deleted":                 {d},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, append(objects, pod("web-1-a", 0, "a.example", rs))...)
			result, err := w.try()
			if err != nil || result.RequeueAfter == 0 {
				t.Errorf("Reconcile = %v, %v, want another look", result, err)
			}
			w.wantState("none")
		})
	}
}

// TestOrphans: `kubectl delete --cascade=orphan` takes owner references away, and a new Deployment adopts the ReplicaSet.
func TestOrphans(t *testing.T) {
	d := deployment("web")
	rs := replicaSet("web-1", "1", d)
	w := newWorld(t, d, rs, pod("web-1-a", 0, "a.example", rs))
	w.reconcile()
	cert := w.certificate()
	cert.OwnerReferences = nil
	w.update(cert)
	w.delete(d)
	again := deployment("web")
	again.UID = "uid-again"
	w.create(again)
	rs.OwnerReferences = []metav1.OwnerReference{*controllerRef(again)}
	w.update(rs)
	w.reconcile() // What is remembered is found to be wrong.
	w.reconcile()
	w.wantState("a.example of Deployment/web")
	if got := w.certificate().OwnerReferences[0].UID; got != "uid-again" {
		t.Errorf("owned by %s", got)
	}
}

func TestWorkloadsAreReadOncePerMinute(t *testing.T) {
	d := deployment("web")
	rs := replicaSet("web-1", "1", d)
	w := newWorld(t, d, rs)
	for i := range 50 {
		w.create(pod(fmt.Sprintf("web-1-%02d", i), time.Duration(i)*time.Second, "a.example", rs))
		w.reconcile()
	}
	if w.reads != 2 {
		t.Errorf("read %d workloads, want the ReplicaSet and the Deployment", w.reads)
	}
	w.clock.Step(remember)
	w.reconcile()
	if w.reads != 3 {
		t.Errorf("read %d workloads after a minute, want one more", w.reads)
	}
}

func TestUnreadableWorkloads(t *testing.T) {
	d := deployment("web")
	rs := replicaSet("web-1", "1", d)
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "x"}, "web", errors.New("no"))
	for kind, want := range map[string]string{"ReplicaSet": "none", "Deployment": "a.example of Deployment/web"} {
		w := newWorld(t, d.DeepCopy(), rs.DeepCopy(), pod("web-1-a", 0, "a.example", rs))
		w.fail["get "+kind] = forbidden
		if _, err := w.try(); (err != nil) != (want == "none") {
			t.Errorf("%s may not be read: %v", kind, err)
		}
		w.wantState(want)
	}
}

func TestNewestLast(t *testing.T) {
	d := deployment("web")
	one, two, ten := replicaSet("web-1", "1", d), replicaSet("web-2", "2", d), replicaSet("web-10", "10", d)
	unnumbered := replicaSet("web-x", "x", d)
	w := newWorld(t, d, one, two, ten, unnumbered)
	asked := func(p *corev1.Pod, name string) ask {
		r := requestOf(nil)
		r.DNSNames = []string{name}
		return ask{pod: p, request: r}
	}
	load := &workload{asks: []ask{
		asked(pod("c", 3*time.Second, "x", two), "two"),
		asked(pod("b", 9*time.Second, "x", one), "one"),
		asked(pod("a", 1*time.Second, "x", ten), "ten"),
		asked(pod("e", 8*time.Second, "x", unnumbered), "none"),
		asked(pod("f", 7*time.Second, "x"), "bare"),
		asked(pod("d", 3*time.Second, "x", two), "two"),
	}}
	if err := w.r.newestLast(t.Context(), load); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range load.asks {
		got = append(got, a.pod.Name)
	}
	if diff := cmp.Diff([]string{"f", "e", "b", "c", "d", "a"}, got); diff != "" {
		t.Errorf("order (-want, +got):\n%s", diff)
	}
}
