// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedulinggate

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

var web = types.NamespacedName{Namespace: "shop", Name: "web"}

// verdict is a source that says the same of every pod that declares anything, and counts.
type verdict struct {
	tlsready.Verdict
	asked int
}

func (v *verdict) Judge(pod *corev1.Pod, _ time.Time) tlsready.Verdict {
	v.asked++
	if !declare.Declared(pod) {
		return tlsready.Verdict{Ready: true, Reason: tlsready.Ready}
	}
	return v.Verdict
}

func (*verdict) OnChange(func(string, string)) {}

var (
	ready   = tlsready.Verdict{Ready: true, Reason: tlsready.Ready}
	missing = tlsready.Verdict{Reason: tlsready.SecretNotFound, Message: `secret "shop/web-tls" does not exist`}
)

// newReconciler returns a reconciler over the pods; afterRead is called after each read of a pod.
func newReconciler(v tlsready.Verdict, afterRead func(client.Client), pods ...client.Object) (*reconciler, client.Client) {
	c := fake.NewClientBuilder().WithObjects(pods...).WithIndex(&corev1.Pod{}, string(gatedIndex), gatedFor).Build()
	reading := interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, w client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			err := w.Get(ctx, key, o, opts...)
			if afterRead != nil {
				afterRead(c)
			}
			return err
		},
	})
	return &reconciler{
		client: reading, secrets: &verdict{Verdict: v}, clock: testingclock.NewFakeClock(start),
		exemptions: declare.Exemptions{Namespaces: []string{"kube-system"}, PriorityClasses: []string{"system-node-critical"}},
		count:      func(string) {},
	}, c
}

func gatesOf(t *testing.T, c client.Client, key types.NamespacedName) []string {
	t.Helper()
	pod := &corev1.Pod{}
	if err := c.Get(context.Background(), key, pod); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range pod.Spec.SchedulingGates {
		names = append(names, g.Name)
	}
	return names
}

func TestReconcile(t *testing.T) {
	at := func(after time.Duration) tlsready.Verdict {
		v := missing
		v.RecheckAt = start.Add(after)
		return v
	}
	const ours = declare.SchedulingGate
	for name, test := range map[string]struct {
		pod     *corev1.Pod
		verdict tlsready.Verdict
		want    []string // Gates.
		requeue time.Duration
	}{
		"usable":                      {newPod(), ready, nil, 0},
		"usable, other gates before":  {newPod(gates("a", "b", ours)), ready, []string{"a", "b"}, 0},
		"usable, other gates after":   {newPod(gates(ours, "a", "b")), ready, []string{"a", "b"}, 0},
		"usable, other gates around":  {newPod(gates("a", ours, "b")), ready, []string{"a", "b"}, 0},
		"waited for as long as asked": {newPod(), tlsready.Timeout(missing, start, start), nil, 0},
		"not usable":                  {newPod(), missing, []string{ours}, keepAsking},
		"not usable yet":              {newPod(), at(time.Minute), []string{ours}, time.Minute},
		"not usable for long":         {newPod(), at(time.Hour), []string{ours}, keepAsking},
		"recheck in the past":         {newPod(), at(-time.Hour), []string{ours}, time.Millisecond},
		"malformed":                   {newPod(requires("")), tlsready.Verdict{Reason: tlsready.InvalidDeclaration}, []string{ours}, keepAsking},
		"declares nothing":            {newPod(undeclared), missing, nil, 0},
		"exempt namespace":            {newPod(in("kube-system")), missing, nil, 0},
		"exempt priority class":       {newPod(priority("system-node-critical")), missing, nil, 0},
		"other gates only":            {newPod(gates("a")), ready, []string{"a"}, 0},
		"no gate":                     {newPod(gates()), missing, nil, 0},
		"being deleted":               {newPod(deleted), ready, []string{ours}, 0},
		"failed":                      {newPod(failed), ready, []string{ours}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r, c := newReconciler(test.verdict, nil, test.pod)
			key := client.ObjectKeyFromObject(test.pod)
			result, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: key})
			if err != nil {
				t.Fatal(err)
			}
			if result.RequeueAfter != test.requeue {
				t.Errorf("RequeueAfter = %s, want %s", result.RequeueAfter, test.requeue)
			}
			if diff := cmp.Diff(test.want, gatesOf(t, c, key)); diff != "" {
				t.Errorf("gates (-want, +got):\n%s", diff)
			}
		})
	}
}

// What is removed is the gate of the pod that was judged, or nothing.
func TestPodChangesBetweenVerdictAndPatch(t *testing.T) {
	const ours = declare.SchedulingGate
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for name, test := range map[string]struct {
		change func(client.Client)
		want   []string
	}{
		"another gate is removed": {func(c client.Client) { must(c.Update(context.Background(), newPod(gates(ours, "b")))) }, []string{ours, "b"}},
		"it declares another Secret": {func(c client.Client) {
			must(c.Update(context.Background(), newPod(gates("a", ours, "b"), requires("other"))))
		}, []string{"a", ours, "b"}},
		"it is another pod of that name": {func(c client.Client) {
			must(c.Delete(context.Background(), newPod()))
			must(c.Create(context.Background(), newPod(gates("a", ours, "b"), uid("new"))))
			must(c.Update(context.Background(), newPod(gates("a", ours, "b"), uid("new"))))
		}, []string{"a", ours, "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			done := false
			r, c := newReconciler(ready, func(c client.Client) {
				if !done {
					done = true
					test.change(c)
				}
			}, newPod(gates("a", ours, "b")))
			if _, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: web}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, gatesOf(t, c, web)); diff != "" {
				t.Errorf("gates (-want, +got):\n%s", diff)
			}
		})
	}
	t.Run("it is gone", func(t *testing.T) {
		r, _ := newReconciler(ready, func(c client.Client) { must(client.IgnoreNotFound(c.Delete(context.Background(), newPod()))) }, newPod())
		if _, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: web}); err != nil {
			t.Fatal(err)
		}
	})
}

// A refusal, by a policy say, is told and tried again.
func TestRefusedPatch(t *testing.T) {
	r, _ := newReconciler(ready, nil, newPod())
	refused := apierrors.NewForbidden(corev1.Resource("pods"), "web", errors.New("no"))
	r.client = interceptor.NewClient(r.client.(client.WithWatch), interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return refused
		},
	})
	if _, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: web}); !errors.Is(err, refused) {
		t.Errorf("Reconcile = %v, want %v", err, refused)
	}
}

func TestRemovalsAreCounted(t *testing.T) {
	for name, test := range map[string]struct {
		pod     *corev1.Pod
		verdict tlsready.Verdict
		want    []string
	}{
		"usable":          {newPod(), ready, []string{"Ready"}},
		"timed out":       {newPod(), tlsready.Timeout(missing, start, start), []string{"WaitTimedOut"}},
		"exempt":          {newPod(priority("system-node-critical")), missing, []string{"Exempt"}},
		"held":            {newPod(), missing, nil},
		"other gate only": {newPod(gates("a")), ready, nil},
	} {
		r, _ := newReconciler(test.verdict, nil, test.pod)
		var got []string
		r.count = func(reason string) { got = append(got, reason) }
		if _, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(test.pod)}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: removals (-want, +got):\n%s", name, diff)
		}
	}
}

func TestUngatedPodsAreNotJudged(t *testing.T) {
	r, _ := newReconciler(ready, nil, newPod(gates("a")))
	if _, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: web}); err != nil {
		t.Fatal(err)
	}
	if n := r.secrets.(*verdict).asked; n != 0 {
		t.Errorf("judged %d times", n)
	}
}

func TestGatedPods(t *testing.T) {
	r, _ := newReconciler(ready, nil,
		newPod(),
		newPod(named("both"), requires("web-tls,api-tls")),
		newPod(named("api"), requires("api-tls")),
		newPod(named("malformed"), requires("-")),
		newPod(named("undeclared"), undeclared),
		newPod(named("ungated"), gates("a")),
		newPod(named("ending"), deleted),
		newPod(named("else"), in("elsewhere")),
	)
	for _, test := range []struct {
		namespace, secret string
		want              []string
	}{
		{"shop", "web-tls", []string{"shop/both", "shop/web"}},
		{"shop", "api-tls", []string{"shop/api", "shop/both"}},
		{"shop", "none", nil},
		{"elsewhere", "web-tls", []string{"elsewhere/else"}},
		{"shop", "", []string{"shop/api", "shop/both", "shop/malformed", "shop/undeclared", "shop/web"}},
		{"", "", []string{"elsewhere/else", "shop/api", "shop/both", "shop/malformed", "shop/undeclared", "shop/web"}},
	} {
		requests, err := r.gatedPods(t.Context(), test.namespace, test.secret)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, request := range requests {
			got = append(got, request.String())
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("gatedPods(%q, %q) (-want, +got):\n%s", test.namespace, test.secret, diff)
		}
	}
}
