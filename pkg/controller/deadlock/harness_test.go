// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// secrets are those that are usable; all others do not exist.
type secrets map[string]bool

func (s secrets) Evaluate(_ string, d declare.Declaration, now time.Time) tlsready.Verdict {
	for _, r := range d.Requirements {
		if !s[r.SecretName] {
			return tlsready.Timeout(tlsready.Verdict{Reason: tlsready.SecretNotFound}, d.Deadline, now)
		}
	}
	return tlsready.Verdict{Ready: true, Reason: tlsready.Ready}
}

// world is a detector with all that it touches.
type world struct {
	t        *testing.T
	api      client.WithWatch
	clock    *testingclock.FakeClock
	secrets  secrets
	recorder *events.FakeRecorder
	exempt   declare.Exemptions
	d        *Detector
	looks    chan struct{} // One for each list of TLSCertificates.
	reads    []string      // What was listed from the API server itself.
	writes   []string      // The TLSCertificates that were written.
	changed  []string      // The pods that were announced.
	failRead error
	fail     map[string]error // By TLSCertificate.
}

func newWorld(t *testing.T, objects ...client.Object) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{
		t: t, clock: testingclock.NewFakeClock(start), secrets: secrets{},
		recorder: events.NewFakeRecorder(1000), looks: make(chan struct{}, 1000), fail: map[string]error{},
	}
	w.api = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithStatusSubresource(&v1alpha1.TLSCertificate{}).
		WithIndex(&corev1.Pod{}, "spec.nodeName", func(o client.Object) []string { return []string{o.(*corev1.Pod).Spec.NodeName} }).
		WithIndex(&corev1.Service{}, "spec.type", func(o client.Object) []string { return []string{string(o.(*corev1.Service).Spec.Type)} }).
		Build()
	w.restart()
	return w
}

// restart replaces the detector by one that has seen nothing.
func (w *world) restart() {
	cached := interceptor.NewClient(w.api, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, ok := list.(*v1alpha1.TLSCertificateList); ok {
				w.looks <- struct{}{}
			}
			return c.List(ctx, list, opts...)
		},
		SubResourceApply: w.apply,
	})
	live := interceptor.NewClient(w.api, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			w.reads = append(w.reads, fmt.Sprintf("%T", list))
			if w.failRead != nil {
				return w.failRead
			}
			return c.List(ctx, list, opts...)
		},
	})
	w.d = newDetector(cached, live, w.recorder, Options{Secrets: w.secrets, Exempt: w.exempt, Clock: w.clock})
	w.d.OnChange(func(pod types.NamespacedName) { w.changed = append(w.changed, pod.String()) })
}

// apply does for one condition what the API server does; the fake client does not know the keys of a custom
// resource's lists.
func (w *world) apply(ctx context.Context, c client.Client, sub string, applied runtime.ApplyConfiguration, _ ...client.SubResourceApplyOption) error {
	data, err := json.Marshal(applied)
	if err != nil {
		return err
	}
	var next, cert v1alpha1.TLSCertificate
	if err := json.Unmarshal(data, &next); err != nil {
		return err
	}
	w.writes = append(w.writes, next.Name)
	if err := w.fail[next.Name]; err != nil {
		return err
	}
	if sub != "status" || next.UID == "" || next.Kind != "TLSCertificate" || len(next.Status.Conditions) != 1 {
		w.t.Errorf("applied %s: %s", sub, data)
	}
	if err := c.Get(ctx, client.ObjectKeyFromObject(&next), &cert); err != nil {
		return err
	}
	conditions := slices.DeleteFunc(cert.Status.Conditions, func(c metav1.Condition) bool { return c.Type == next.Status.Conditions[0].Type })
	cert.Status.Conditions = append(conditions, next.Status.Conditions[0])
	return c.Status().Update(ctx, &cert)
}

func (w *world) look() {
	w.t.Helper()
	if err := w.d.look(w.t.Context()); err != nil {
		w.t.Fatalf("look: %v", err)
	}
}

// took returns and forgets what was read, written and announced.
func (w *world) took() (reads, writes, changed []string) {
	reads, writes, changed = w.reads, w.writes, w.changed
	w.reads, w.writes, w.changed = nil, nil, nil
	return reads, writes, changed
}

func (w *world) condition() *metav1.Condition {
	w.t.Helper()
	var c v1alpha1.TLSCertificate
	if err := w.api.Get(w.t.Context(), types.NamespacedName{Namespace: "in", Name: "default"}, &c); err != nil {
		w.t.Fatal(err)
	}
	return meta.FindStatusCondition(c.Status.Conditions, ConditionDeadlock)
}

// events returns those since the last call.
func (w *world) events() []string {
	var all []string
	for {
		select {
		case e := <-w.recorder.Events:
			all = append(all, e)
		default:
			return all
		}
	}
}

func (w *world) create(objects ...client.Object) {
	w.t.Helper()
	for _, o := range objects {
		if err := w.api.Create(w.t.Context(), o); err != nil {
			w.t.Fatal(err)
		}
	}
}

// setUp is an ingress controller in/controller of class nginx that requires default-tls, which TLSCertificate
// in/default asks for over that class.
func setUp() []client.Object {
	class := ingressClass("nginx", release("nginx"))
	return []client.Object{
		&class, clusterIssuer("nginx"), tlsCert(v1alpha1.ReasonPresenting, 0),
		newPod("in", "controller", labelled(release("nginx")), requires("default-tls")),
	}
}

func clusterIssuer(class string) *v1alpha1.ClusterCertIssuer {
	return &v1alpha1.ClusterCertIssuer{ObjectMeta: metav1.ObjectMeta{Name: "acme"}, Spec: v1alpha1.ClusterIssuerSpec{IssuerSpec: *acmeIssuer(class)}}
}
