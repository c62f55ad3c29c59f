// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// watched is a watch of TLS Secrets that is never behind.
type watched struct{ client.Client }

func (w watched) Get(namespace, name string) (*tlsready.Facts, tlssecrets.State) {
	s := &corev1.Secret{}
	if err := w.Client.Get(context.Background(), client.ObjectKey{Namespace: namespace, Name: name}, s); err != nil {
		return nil, tlssecrets.NotFound
	}
	return tlsready.Inspect(s), tlssecrets.Found
}

// counted counts reads.
type counted struct {
	client.Reader
	reads int
}

func (c *counted) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	c.reads++
	return c.Reader.Get(ctx, key, o, opts...)
}

func (c *counted) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	c.reads++
	return c.Reader.List(ctx, list, opts...)
}

type running bool

func (r running) Running(string, string) bool { return bool(r) }

// watching gives the reconciler caches, and counts what it reads beside them.
func (e *env) watching() *counted {
	live := &counted{Reader: e.Client}
	e.Reconciler = &Reconciler{
		Reader: live, Cache: e.Client, Facts: watched{e.Client}, Writer: e.Client, Orders: noOrders{}, Clock: e.clock,
		Namespace: controllerNamespace, Recorder: e.Recorder, Executor: &slow{},
	}
	return live
}

// looks returns how many live reads and writes a look takes, and when the next is.
func (e *env) looks(live *counted) (reads, writes int, after time.Duration) {
	e.Helper()
	reads, writes = live.reads, e.writes
	result, err := e.Reconcile(e.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "shop", Name: "web"}})
	if err != nil {
		e.Fatal(err)
	}
	return live.reads - reads, e.writes - writes, result.RequeueAfter
}

func TestSettledNeedsNoReads(t *testing.T) {
	e := newEnv(t, internal("**.example.com"), web())
	live := e.watching()
	if reads, writes, _ := e.looks(live); reads == 0 || writes != 2 {
		t.Errorf("issuing took %d reads and %d writes, want some and 2: Secret and status", reads, writes)
	}
	// The CA's state is read once a minute, for all.
	e.looks(live)
	for range 3 {
		if reads, writes, after := e.looks(live); reads != 0 || writes != 0 || after != longest {
			t.Errorf("a look at what needs nothing: %d reads, %d writes, the next after %s", reads, writes, after)
		}
	}
	live = e.watching() // another process
	for i, want := range []int{1, 0, 0} {
		if reads, writes, _ := e.looks(live); reads != want || writes != 0 {
			t.Errorf("look %d after a restart: %d reads, %d writes; want %d reads for the CA's state", i+1, reads, writes, want)
		}
	}
	e.pass(90 * time.Minute)
	if reads, writes, _ := e.looks(live); reads > 1 || writes != 0 {
		t.Errorf("an hour later: %d reads, %d writes", reads, writes)
	}
	cert := e.get()
	e.clock.SetTime(cert.Status.RenewalTime.Add(-time.Minute))
	if _, _, after := e.looks(live); after != time.Minute {
		t.Errorf("the next look after %s, want when renewal is due", after)
	}
	e.pass(time.Minute)
	if e.looks(live); e.get().Status.Revision != 2 {
		t.Errorf("revision %d when renewal was due, want 2", e.get().Status.Revision)
	}
}

func (e *env) get() *v1alpha1.TLSCertificate {
	e.Helper()
	cert := &v1alpha1.TLSCertificate{}
	if err := e.Get(e.Context(), client.ObjectKey{Namespace: "shop", Name: "web"}, cert); err != nil {
		e.Fatal(err)
	}
	return cert
}

// change changes an object.
func change[T client.Object](e *env, namespace, name string, o T, how func(T)) {
	e.Helper()
	if err := e.Get(e.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o); err != nil {
		e.Fatal(err)
	}
	how(o)
	if err := e.Update(e.Context(), o); err != nil {
		e.Fatal(err)
	}
}

// TestDoubtIsLookedAt: whatever has changed is looked at with live reads, in the process that looked before and in another.
func TestDoubtIsLookedAt(t *testing.T) {
	for name, doubt := range map[string]func(*env){
		"spec": func(e *env) {
			change(e, "shop", "web", web(), func(c *v1alpha1.TLSCertificate) { c.Spec.DNSNames[0] = "api.example.com"; c.Generation++ })
		},
		"suspended": func(e *env) {
			change(e, "shop", "web", web(), func(c *v1alpha1.TLSCertificate) { c.Spec.Suspend = true })
		},
		"Secret": func(e *env) {
			change(e, "shop", "web-tls", &corev1.Secret{}, func(s *corev1.Secret) { s.Labels = nil })
		},
		"Secret is gone": func(e *env) {
			if err := e.Delete(e.Context(), e.secret()); err != nil {
				e.Fatal(err)
			}
		},
		"Secret of another": func(e *env) {
			change(e, "shop", "web-tls", &corev1.Secret{}, func(s *corev1.Secret) { s.Annotations[v1alpha1.CertificateNameAnnotation] = "api" })
		},
		"issuer is gone": func(e *env) {
			if err := e.Delete(e.Context(), internal()); err != nil {
				e.Fatal(err)
			}
		},
		"the CAs that are published": func(e *env) {
			change(e, controllerNamespace, "tollgate-ca-internal-state", &corev1.Secret{}, func(s *corev1.Secret) {
				state, err := ca.ReadState(s)
				if err != nil {
					e.Fatal(err)
				}
				state.Changed = e.clock.Now()
				if s.Data, err = state.Data(); err != nil {
					e.Fatal(err)
				}
			})
		},
		"an issuance runs": func(e *env) { e.Orders = running(true) },
		"it ends":          func(e *env) { e.clock.SetTime(e.get().Status.RenewalTime.Time) },
	} {
		for _, restarted := range []bool{false, true} {
			e := newEnv(t, internal("**.example.com"), web())
			live := e.watching()
			e.looks(live)
			e.looks(live)
			if restarted {
				live = e.watching()
			}
			e.pass(2 * goodFor)
			doubt(e)
			if reads, _, _ := e.looks(live); reads < 2 {
				t.Errorf("%s, restarted %t: %d reads", name, restarted, reads)
			}
		}
	}
}

// unlisted is a watch that has not begun.
type unlisted struct{}

func (unlisted) Get(string, string) (*tlsready.Facts, tlssecrets.State) {
	return nil, tlssecrets.NotSynced
}

// TestSecretsAreListedFirst: at the start nothing is read for what a list is about to tell; but it is not waited for without end.
func TestSecretsAreListedFirst(t *testing.T) {
	e := newEnv(t, internal("**.example.com"), web())
	live := e.watching()
	e.Facts = unlisted{}
	if reads, writes, after := e.looks(live); reads != 0 || writes != 0 || after != shortly {
		t.Errorf("before the Secrets are listed: %d reads, %d writes, the next look after %s", reads, writes, after)
	}
	e.pass(patience)
	if _, writes, _ := e.looks(live); writes != 2 {
		t.Errorf("%d writes when they were not listed for %s, want 2: Secret and status", writes, patience)
	}
}

// TestStatusIsRepaired: what somebody else wrote there is no look of ours.
func TestStatusIsRepaired(t *testing.T) {
	e := newEnv(t, internal("**.example.com"), web())
	live := e.watching()
	e.looks(live)
	cert := e.get()
	cert.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: "False", Reason: "Wrong", LastTransitionTime: metav1.NewTime(start)}}
	if err := e.Status().Update(t.Context(), cert); err != nil {
		t.Fatal(err)
	}
	e.pass(2 * lag)
	e.looks(live)
	e.want(e.get(), v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
}
