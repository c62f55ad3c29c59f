// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// TestNamespacesNeedOnlyRoles refuses everything outside two namespaces, as Roles do.
func TestNamespacesNeedOnlyRoles(t *testing.T) {
	ca := tlstest.NewCA(t)
	runHTTP(t, Options{Namespaces: []string{"b", "a"}}, func(api *apiServer, _ *Source) {
		api.put(newSecret(ca, "a", "web-tls"), newSecret(ca, "b", "web-tls"), newSecret(ca, "c", "web-tls"))
		api.refuse = func(_, namespace string) bool { return namespace != "a" && namespace != "b" }
	}, func(e *httpEnv) {
		if err := e.source.Status(); err != nil {
			t.Errorf("Status() = %v", err)
		}
		e.wantState("a", "web-tls", Found)
		e.wantState("b", "web-tls", Found)
		e.wantState("a", "missing", Pending)
		e.settle(time.Second)
		e.wantState("a", "missing", NotFound)
		e.api.put(newSecret(ca, "b", "late"))
		e.settle(time.Second)
		e.wantState("b", "late", Found)

		got := e.source.Evaluate("c", declaration(named("web-tls")), tlstest.Now)
		want := tlsready.Verdict{Reason: tlsready.SecretsForbidden, Message: `secret "c/web-tls" cannot be read: namespace "c" is not among the configured namespaces; add it to them`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("unexpected verdict elsewhere (-want, +got):\n%s", diff)
		}
		e.settle(time.Minute)
		requests := []string{
			"get /api/v1/namespaces/a/secrets/missing",
			"watch /api/v1/namespaces/a/secrets",
			"watch /api/v1/namespaces/b/secrets",
		}
		if diff := cmp.Diff(requests, e.api.seen()); diff != "" {
			t.Errorf("unexpected requests (-want, +got):\n%s", diff)
		}
	})
}

// TestOneForbiddenNamespace checks that it holds its own pods and no others.
func TestOneForbiddenNamespace(t *testing.T) {
	ca := tlstest.NewCA(t)
	runHTTP(t, Options{Namespaces: []string{"a", "b"}}, func(api *apiServer, _ *Source) {
		api.put(newSecret(ca, "a", "web-tls"), newSecret(ca, "b", "web-tls"))
		api.refuse = func(_, namespace string) bool { return namespace == "b" }
	}, func(e *httpEnv) {
		d := declaration(named("web-tls"))
		for range 3 {
			if got := e.source.Evaluate("a", d, tlstest.Now); !got.Ready {
				t.Errorf("namespace a: %+v, want it ready", got)
			}
			got := e.source.Evaluate("b", d, tlstest.Now)
			want := `secret "b/web-tls" cannot be read: listing secrets: forbidden: User "jane" cannot list in namespace "b"; grant get, list and watch on secrets to user "jane"`
			if got.Reason != tlsready.SecretsForbidden || got.Message != want {
				t.Errorf("namespace b: %+v, want message %q", got, want)
			}
			e.settle(10 * time.Second)
		}
		if err := e.source.Status(); err == nil || !strings.Contains(err.Error(), `in namespace "b"`) {
			t.Errorf("Status() = %v, want it to name namespace b", err)
		}
		e.api.refuseIf(func(string, string) bool { return false })
		e.takeChanges()
		e.settle(2 * time.Minute)
		if got := e.source.Evaluate("b", d, tlstest.Now); !got.Ready {
			t.Errorf("namespace b: %+v, want it ready", got)
		}
		for _, change := range e.takeChanges() {
			if change != "b/" {
				t.Errorf("change %q, want only those of namespace b", change)
			}
		}
	})
}
