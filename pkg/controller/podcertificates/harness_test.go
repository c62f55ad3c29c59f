// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
)

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// webTLS is the Secret of most tests.
var webTLS = types.NamespacedName{Namespace: "shop", Name: "web-tls"}

// world is the reconcilers with all that they touch.
type world struct {
	t      *testing.T
	client client.Client
	clock  *testingclock.FakeClock
	r      *reconciler
	d      *declarations
	writes []string // What was written since the last call of took.
	reads  int      // Of workloads.
	fail   map[string]error
}

func newWorld(t *testing.T, objects ...client.Object) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, eventsv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{t: t, clock: testingclock.NewFakeClock(start), fail: map[string]error{}}
	write := func(verb string, o client.Object, do func() error) error {
		what := fmt.Sprintf("%s %s", verb, strings.TrimPrefix(fmt.Sprintf("%T", o), "*"))
		w.writes = append(w.writes, what)
		if err := w.fail[what]; err != nil {
			return err
		}
		return do()
	}
	w.client = fake.NewClientBuilder().WithScheme(scheme).
		WithObjects(objects...).
		WithIndex(&corev1.Pod{}, string(issueIndex), issuedFor).
		WithIndex(&v1alpha1.TLSCertificate{}, namesIndex, namesOf).
		WithInterceptorFuncs(interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if m, ok := o.(*metav1.PartialObjectMetadata); ok {
					w.reads++
					if err := w.fail["get "+m.Kind]; err != nil {
						return err
					}
				}
				return c.Get(ctx, key, o, opts...)
			},
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				return write("create", o, func() error { return c.Create(ctx, o, opts...) })
			},
			Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
				return write("update", o, func() error { return c.Update(ctx, o, opts...) })
			},
		}).Build()
	tell := &teller{client: w.client, clock: w.clock, source: podevent.Source{Controller: reportingController, Instance: "host-1"}}
	w.r = &reconciler{client: w.client, owners: &owners{live: w.client, clock: w.clock}, teller: tell}
	w.d = &declarations{client: w.client, teller: tell}
	return w
}

// reconcile reconciles Secret shop/web-tls and returns what was written.
func (w *world) reconcile() []string {
	w.t.Helper()
	if _, err := w.try(); err != nil {
		w.t.Fatalf("Reconcile: %v", err)
	}
	writes := w.writes
	w.writes = nil
	return writes
}

func (w *world) try() (reconcile.Result, error) {
	return w.r.Reconcile(context.Background(), reconcile.Request{NamespacedName: webTLS})
}

// certificate returns TLSCertificate shop/web-tls; nil if there is none.
func (w *world) certificate() *v1alpha1.TLSCertificate {
	w.t.Helper()
	cert := &v1alpha1.TLSCertificate{}
	err := w.client.Get(context.Background(), webTLS, cert)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return cert
}

// state is names and owners of TLSCertificate shop/web-tls.
func (w *world) state() string {
	w.t.Helper()
	cert := w.certificate()
	if cert == nil {
		return "none"
	}
	var owners []string
	for _, ref := range cert.OwnerReferences {
		owners = append(owners, ref.Kind+"/"+ref.Name)
	}
	return strings.Join(cert.Spec.DNSNames, ",") + " of " + strings.Join(owners, ",")
}

func (w *world) wantState(want string) {
	w.t.Helper()
	if got := w.state(); got != want {
		w.t.Errorf("TLSCertificate is %s, want %s", got, want)
	}
}

// events returns "pod: type reason" of all events.
func (w *world) events() []string {
	w.t.Helper()
	var texts []string
	for _, e := range w.eventList() {
		texts = append(texts, fmt.Sprintf("%s: %s %s", e.Regarding.Name, e.Type, e.Reason))
	}
	return texts
}

func (w *world) eventList() []eventsv1.Event {
	w.t.Helper()
	var list eventsv1.EventList
	if err := w.client.List(context.Background(), &list); err != nil {
		w.t.Fatal(err)
	}
	return list.Items
}

func (w *world) create(objects ...client.Object) {
	w.t.Helper()
	for _, o := range objects {
		if err := w.client.Create(context.Background(), o); err != nil {
			w.t.Fatal(err)
		}
	}
	w.writes = nil
}

func (w *world) update(o client.Object) {
	w.t.Helper()
	if err := w.client.Update(context.Background(), o); err != nil {
		w.t.Fatal(err)
	}
	w.writes = nil
}

func (w *world) delete(objects ...client.Object) {
	w.t.Helper()
	for _, o := range objects {
		if err := w.client.Delete(context.Background(), o); err != nil {
			w.t.Fatal(err)
		}
	}
}

// meta of an object in namespace shop; its UID is its name.
func objectMeta(name string, controller ...client.Object) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID("uid-" + name)}
	for _, c := range controller {
		m.OwnerReferences = append(m.OwnerReferences, *controllerRef(c))
	}
	return m
}

func controllerRef(c client.Object) *metav1.OwnerReference {
	yes := true
	ref := &metav1.OwnerReference{Name: c.GetName(), UID: c.GetUID(), Controller: &yes, BlockOwnerDeletion: &yes}
	switch c.(type) {
	case *appsv1.Deployment:
		ref.APIVersion, ref.Kind = "apps/v1", "Deployment"
	case *appsv1.ReplicaSet:
		ref.APIVersion, ref.Kind = "apps/v1", "ReplicaSet"
	case *appsv1.StatefulSet:
		ref.APIVersion, ref.Kind = "apps/v1", "StatefulSet"
	case *batchv1.Job:
		ref.APIVersion, ref.Kind = "batch/v1", "Job"
	case *batchv1.CronJob:
		ref.APIVersion, ref.Kind = "batch/v1", "CronJob"
	default:
		panic(fmt.Sprintf("controller is a %T", c))
	}
	return ref
}

func deployment(name string) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: objectMeta(name)}
}

func replicaSet(name, revision string, controller ...client.Object) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{ObjectMeta: objectMeta(name, controller...)}
	rs.Annotations = map[string]string{revisionAnnotation: revision}
	return rs
}

// pod asks for names, separated by commas, in Secret web-tls; it is created after start.
func pod(name string, after time.Duration, names string, controller ...client.Object) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: objectMeta(name, controller...)}
	p.CreationTimestamp = metav1.NewTime(start.Add(after))
	p.Annotations = map[string]string{declare.IssueTLSAnnotation: fmt.Sprintf(
		"[{secretName: web-tls, dnsNames: [%s], issuerRef: {name: internal}}]", names)}
	return p
}
