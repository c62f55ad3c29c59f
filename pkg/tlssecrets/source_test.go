// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

func declaration(requirements ...declare.Requirement) declare.Declaration {
	return declare.Declaration{Requirements: requirements}
}

func named(name string) declare.Requirement { return declare.Requirement{SecretName: name} }

func found(name string) declare.Requirement {
	return declare.Requirement{SecretName: name, Auto: true}
}

func (e *env) wantVerdict(d declare.Declaration, reason tlsready.Reason, message string) {
	e.t.Helper()
	got := e.source.Evaluate("shop", d, tlstest.Now)
	if got.Reason != reason || got.Message != message || got.Ready != (reason == tlsready.Ready) {
		e.t.Errorf("Evaluate() = %+v, want reason %s and message %q", got, reason, message)
	}
}

func TestNotSyncedBeforeRun(t *testing.T) {
	s := New(fake.NewClientset(), clock.RealClock{}, Options{})
	if _, state := s.Get("shop", "web-tls"); state != NotSynced {
		t.Errorf("Get() = %v, want NotSynced", state)
	}
	got := s.Evaluate("shop", declaration(named("web-tls")), tlstest.Now)
	want := tlsready.Verdict{
		Reason:  tlsready.NotSynced,
		Message: `secret "shop/web-tls" cannot be judged before the TLS Secrets are listed for the first time`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected verdict (-want, +got):\n%s", diff)
	}
	if err := s.Status(); err == nil {
		t.Error("Status() = nil, want an error before the first list")
	}
	if got := s.Evaluate("shop", declaration(), tlstest.Now); !got.Ready {
		t.Errorf("an empty declaration is not ready: %+v", got)
	}
}

func TestStates(t *testing.T) {
	run(t, Options{}, []runtime.Object{tlsSecret(t, "web-tls"), opaqueSecret("config")}, func(e *env) {
		if err := e.source.Status(); err != nil {
			t.Errorf("Status() = %v", err)
		}
		if diff := cmp.Diff([]string{"/"}, e.takeChanges()); diff != "" {
			t.Errorf("unexpected changes after the first list (-want, +got):\n%s", diff)
		}
		e.wantState("shop", "web-tls", Found)
		e.wantState("shop", "config", Pending)
		e.wantVerdict(declaration(named("missing")), tlsready.LookupPending, `secret "shop/missing" is not among the TLS Secrets and is being looked up`)
		e.settle()
		e.wantState("shop", "config", OtherType)
		e.wantState("shop", "missing", NotFound)
		changes := strings.Join(e.takeChanges(), " ")
		if !strings.Contains(changes, "shop/config") || !strings.Contains(changes, "shop/missing") {
			t.Errorf("changes are %q, want both lookups", changes)
		}
		e.wantVerdict(declaration(named("web-tls"), found("config")), tlsready.Ready, "")
		e.wantVerdict(declaration(named("config")), tlsready.WrongType, `secret "shop/config" has type "Opaque", want "kubernetes.io/tls"; the type cannot be changed in place, delete and recreate it`)
		e.wantVerdict(declaration(found("missing")), tlsready.SecretNotFound, `secret "shop/missing" does not exist`)
	})
}

func TestInformerEventsWake(t *testing.T) {
	run(t, Options{}, nil, func(e *env) {
		e.wantState("shop", "web-tls", Pending)
		e.settle()
		e.wantState("shop", "web-tls", NotFound)
		e.takeChanges()

		secret := tlsSecret(t, "web-tls")
		e.create(secret)
		e.settle()
		e.wantState("shop", "web-tls", Found)
		if diff := cmp.Diff([]string{"shop/web-tls"}, e.takeChanges()); diff != "" {
			t.Errorf("unexpected changes (-want, +got):\n%s", diff)
		}
		if n := e.remembered(); n != 0 {
			t.Errorf("%d names are still looked up", n)
		}

		e.delete("shop", "web-tls")
		e.settle()
		if diff := cmp.Diff([]string{"shop/web-tls", "shop/web-tls"}, e.takeChanges()); diff != "" {
			t.Errorf("unexpected changes after the deletion and the lookup (-want, +got):\n%s", diff)
		}
		e.wantState("shop", "web-tls", NotFound)
	})
}

func TestRepeatedListReportsOnlyDifferences(t *testing.T) {
	run(t, Options{}, []runtime.Object{tlsSecret(t, "web-tls")}, func(e *env) {
		e.takeChanges()
		e.breakWatches()
		time.Sleep(2 * time.Minute) // virtual
		e.settle()
		e.wantState("shop", "web-tls", Found)
		if got := e.takeChanges(); len(got) != 0 {
			t.Errorf("changes %q after a repeated list, want none", got)
		}
	})
}

func TestStoreHoldsNoKeys(t *testing.T) {
	secret := tlsSecret(t, "web-tls")
	run(t, Options{}, []runtime.Object{secret}, func(e *env) {
		added := tlsSecret(t, "api-tls")
		e.create(added)
		e.settle()
		objects := e.source.all.informer.GetStore().List()
		if len(objects) != 2 {
			t.Fatalf("%d objects in the store, want 2", len(objects))
		}
		for _, obj := range objects {
			facts, ok := obj.(*tlsready.Facts)
			if !ok {
				t.Fatalf("the store holds a %T", obj)
			}
			if facts.Fault != nil {
				t.Errorf("unexpected fault: %+v", facts.Fault)
			}
			dump := fmt.Sprintf("%+v", *facts)
			for _, s := range []*corev1.Secret{secret, added} {
				for line := range strings.Lines(string(s.Data[corev1.TLSPrivateKeyKey])) {
					if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") && strings.Contains(dump, line) {
						t.Errorf("the store holds %q of tls.key", line)
					}
				}
			}
		}
	})
}

func TestHandlerUnwrapsDeletions(t *testing.T) {
	var got []secretKey
	h := handler(func(k secretKey) { got = append(got, k) })
	facts := tlsready.Inspect(tlsSecret(t, "web-tls"))
	h.OnDelete(cache.DeletedFinalStateUnknown{Key: "shop/web-tls", Obj: facts})
	h.OnDelete(facts)
	h.OnUpdate(facts, facts)
	h.OnAdd(facts, true)
	if len(got) != 2 || got[0] != (secretKey{"shop", "web-tls"}) || got[1] != got[0] {
		t.Errorf("reported %v, want the two deletions", got)
	}
	unknown := cache.DeletedFinalStateUnknown{Key: "shop/web-tls", Obj: facts}
	for _, obj := range []any{facts, unknown} {
		if out, err := (&watcher{}).toFacts(obj); err != nil || out != obj {
			t.Errorf("toFacts(%T) = %v, %v, want it unchanged", obj, out, err)
		}
	}
}

func TestNamespaces(t *testing.T) {
	other := tlsSecret(t, "web-tls")
	other.Namespace = "other"
	run(t, Options{Namespaces: []string{"shop", "bank", "shop"}}, []runtime.Object{tlsSecret(t, "web-tls"), other}, func(e *env) {
		e.wantState("shop", "web-tls", Found)
		e.wantState("bank", "web-tls", Pending)
		e.wantState("other", "web-tls", Forbidden)
		got := e.source.Evaluate("other", declaration(named("web-tls")), tlstest.Now)
		if want := `secret "other/web-tls" cannot be read: namespace "other" is not among the configured namespaces; add it to them`; got.Message != want {
			t.Errorf("message %q, want %q", got.Message, want)
		}
		if err := e.source.Status(); err != nil {
			t.Errorf("Status() = %v", err)
		}
	})
}

func benchmarkSource(b *testing.B) *Source {
	b.Helper()
	s := New(fake.NewClientset(), clock.RealClock{}, Options{})
	for i := range 1000 {
		if err := s.all.informer.GetStore().Add(tlsready.Inspect(tlsSecret(b, fmt.Sprintf("web-%d", i)))); err != nil {
			b.Fatal(err)
		}
	}
	s.all.update(func(h *health) { h.synced = true })
	return s
}

func BenchmarkGet(b *testing.B) {
	s := benchmarkSource(b)
	b.ReportAllocs()
	for b.Loop() {
		s.Get("shop", "web-500")
	}
}

func BenchmarkEvaluate(b *testing.B) {
	s := benchmarkSource(b)
	d := declaration(declare.Requirement{SecretName: "web-500", DNSNames: []string{"www.example.com"}})
	b.ReportAllocs()
	for b.Loop() {
		s.Evaluate("shop", d, tlstest.Now)
	}
}
