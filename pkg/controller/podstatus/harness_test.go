// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
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
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// podOption changes a pod under construction.
type podOption func(*corev1.Pod)

// newPod returns a pod shop/web of a gated scheduler that requires web-tls.
func newPod(options ...podOption) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace:         "shop",
		Name:              "web",
		UID:               "1234",
		CreationTimestamp: metav1.NewTime(start),
		Annotations:       map[string]string{declare.RequireTLSAnnotation: "web-tls"},
	}}
	pod.Spec.SchedulerName = "tollgate"
	for _, o := range options {
		o(pod)
	}
	return pod
}

func named(name string) podOption { return func(p *corev1.Pod) { p.Name = name } }

func requires(value string) podOption {
	return func(p *corev1.Pod) { p.Annotations = map[string]string{declare.RequireTLSAnnotation: value} }
}

func undeclared(p *corev1.Pod) { p.Annotations = nil }

func scheduledBy(name string) podOption { return func(p *corev1.Pod) { p.Spec.SchedulerName = name } }

func gated(p *corev1.Pod) {
	p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/quota"}, {Name: declare.SchedulingGate}}
}

func annotated(key, value string) podOption {
	return func(p *corev1.Pod) { p.Annotations[key] = value }
}

// on binds the pod to a node as a scheduler does.
func on(node string) podOption {
	return func(p *corev1.Pod) {
		p.Spec.NodeName = node
		withCondition(corev1.PodScheduled, corev1.ConditionTrue, "", "")(p)
	}
}

// createdOn is a pod that was created with spec.nodeName.
func createdOn(node string) podOption { return func(p *corev1.Pod) { p.Spec.NodeName = node } }

func deleted(p *corev1.Pod) {
	p.DeletionTimestamp = &metav1.Time{Time: start}
	p.Finalizers = []string{"example.com/wait"}
}

func withCondition(t corev1.PodConditionType, status corev1.ConditionStatus, reason, message string) podOption {
	return func(p *corev1.Pod) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
			Type: t, Status: status, Reason: reason, Message: message, LastTransitionTime: metav1.NewTime(start.Add(-time.Minute)),
		})
	}
}

// newCert returns the TLSCertificate shop/web, which makes web-tls, with conditions.
func newCert(conditions ...metav1.Condition) *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
		Spec:       v1alpha1.TLSCertificateSpec{SecretName: "web-tls"},
		Status:     v1alpha1.TLSCertificateStatus{Conditions: conditions},
	}
}

func issuing(status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: v1alpha1.ConditionIssuing, Status: status, Reason: reason, Message: message}
}

// secrets stands for the informer of the real source; the verdicts are the real ones.
type secrets struct {
	facts   map[string]*tlsready.Facts
	unknown bool
	warning string // Of everything that is ready.
}

func (s *secrets) Get(_, name string) (*tlsready.Facts, tlssecrets.State) {
	switch f := s.facts[name]; {
	case s.unknown:
		return nil, tlssecrets.Pending
	case f == nil:
		return nil, tlssecrets.NotFound
	default:
		return f, tlssecrets.Found
	}
}

func (s *secrets) Evaluate(namespace string, d declare.Declaration, now time.Time) tlsready.Verdict {
	var verdicts []tlsready.Verdict
	for _, r := range d.Requirements {
		v := tlsready.Evaluate(s.facts[r.SecretName], namespace, r, now)
		if s.unknown {
			v = tlsready.Verdict{Reason: tlsready.LookupPending, Message: "being looked up"}
		}
		verdicts = append(verdicts, v)
	}
	v := tlsready.Timeout(tlsready.Summarize(verdicts), d.Deadline, now)
	if v.Ready && v.Warning == "" {
		v.Warning = s.warning
	}
	return v
}

// usable is for how long a Secret of put can be used: an hour less a twentieth.
const usable = 57 * time.Minute

// put adds a Secret with the certificate of a fingerprint that is valid from notBefore for an hour.
func (s *secrets) put(name, fingerprint string, notBefore time.Time) {
	s.facts[name] = &tlsready.Facts{
		ObjectMeta:        metav1.ObjectMeta{Namespace: "shop", Name: name, ResourceVersion: "1"},
		Type:              corev1.SecretTypeTLS,
		NotBefore:         notBefore,
		NotAfter:          notBefore.Add(time.Hour),
		FingerprintSHA256: fingerprint,
	}
}

// world is a reconciler with all that it touches.
type world struct {
	t       *testing.T
	client  client.Client
	clock   *testingclock.FakeClock
	secrets *secrets
	r       *reconciler
	writes  []string // What was written since the last call of took.
	fail    map[string]error
}

func newWorld(t *testing.T, objects ...client.Object) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, eventsv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{t: t, clock: testingclock.NewFakeClock(start), secrets: &secrets{facts: map[string]*tlsready.Facts{}}, fail: map[string]error{}}
	w.r = newReconciler(Options{
		Clock:           w.clock,
		Exemptions:      declare.Exemptions{Namespaces: []string{"kube-system"}, PriorityClasses: []string{"system-cluster-critical"}},
		GatedSchedulers: []string{"tollgate"},
	}, w.secrets, "host-1")
	write := func(what string, do func() error) error {
		w.writes = append(w.writes, what)
		if err := w.fail[what]; err != nil {
			return err
		}
		return do()
	}
	w.client = fake.NewClientBuilder().WithScheme(scheme).
		WithObjects(objects...).
		WithStatusSubresource(&corev1.Pod{}, &v1alpha1.TLSCertificate{}).
		WithIndex(&corev1.Pod{}, string(waitingIndex), w.r.scope.waitingFor()).
		WithIndex(&v1alpha1.TLSCertificate{}, producesIndex, produces).
		WithInterceptorFuncs(interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				return write("create event", func() error { return c.Create(ctx, o, opts...) })
			},
			Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
				return write("delete event", func() error { return c.Delete(ctx, o, opts...) })
			},
			SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
				return write("patch "+sub, func() error { return c.SubResource(sub).Patch(ctx, o, p, opts...) })
			},
		}).Build()
	w.r.client, w.r.live = w.client, w.client
	return w
}

// reconcile reconciles shop/web and fails the test on an error.
func (w *world) reconcile() reconcile.Result {
	w.t.Helper()
	result, err := w.tryReconcile()
	if err != nil {
		w.t.Fatalf("Reconcile: %v", err)
	}
	return result
}

func (w *world) tryReconcile() (reconcile.Result, error) {
	key := types.NamespacedName{Namespace: "shop", Name: "web"}
	return w.r.Reconcile(context.Background(), reconcile.Request{NamespacedName: key})
}

// took returns what was written since the last call.
func (w *world) took() []string {
	writes := w.writes
	w.writes = nil
	return writes
}

// condition returns a condition of shop/web.
func (w *world) condition(t corev1.PodConditionType) *corev1.PodCondition {
	w.t.Helper()
	pod := &corev1.Pod{}
	if err := w.client.Get(context.Background(), types.NamespacedName{Namespace: "shop", Name: "web"}, pod); err != nil {
		w.t.Fatal(err)
	}
	return podcondition.Get(pod, t)
}

// events returns "type reason: note" of all events.
func (w *world) events() []string {
	w.t.Helper()
	var list eventsv1.EventList
	if err := w.client.List(context.Background(), &list); err != nil {
		w.t.Fatal(err)
	}
	var texts []string
	for _, e := range list.Items {
		texts = append(texts, e.Type+" "+e.Reason+": "+e.Note)
	}
	return texts
}

// tick lets time pass in steps until nothing has to be looked at before the time is over.
func (w *world) tick(total time.Duration) {
	w.t.Helper()
	for end := w.clock.Now().Add(total); ; {
		again := w.reconcile().RequeueAfter
		if again == 0 || w.clock.Now().Add(again).After(end) {
			w.clock.SetTime(end)
			return
		}
		w.clock.Step(again)
	}
}

// update changes an object in the API.
func (w *world) update(obj client.Object) {
	w.t.Helper()
	if err := w.client.Status().Update(context.Background(), obj); err != nil {
		w.t.Fatal(err)
	}
}
