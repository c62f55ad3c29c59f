// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

const remedy = `; grant get, list and watch on secrets to ServiceAccount kube-system/tollgate`

func refused(doing, verb string) string {
	return doing + ` secrets: forbidden: User "system:serviceaccount:kube-system:tollgate" cannot ` + verb + ` resource "secrets" in API group "" at the cluster scope` + remedy
}

func (e *env) wantStatus(want string) {
	e.t.Helper()
	err := e.source.Status()
	if got := ""; err != nil || want != "" {
		if err != nil {
			got = err.Error()
		}
		if got != want {
			e.t.Errorf("Status() = %q, want %q", got, want)
		}
	}
}

func TestForbiddenRecovers(t *testing.T) {
	objects := []runtime.Object{tlsSecret(t, "web-tls")}
	runDenied(t, Options{}, objects, []string{"get", "list", "watch"}, func(e *env) {
		e.wantState("shop", "web-tls", Forbidden)
		e.wantStatus(refused("listing", "list"))
		e.wantVerdict(declaration(named("web-tls")), tlsready.SecretsForbidden, `secret "shop/web-tls" cannot be read: `+refused("listing", "list"))
		if got := e.takeChanges(); len(got) != 1 || got[0] != "/" {
			t.Errorf("changes %q, want one for everything", got)
		}
		time.Sleep(10 * time.Minute) // virtual: many refusals later
		if got := e.takeChanges(); len(got) != 0 {
			t.Errorf("changes %q while nothing changes", got)
		}

		e.allow("get", "list", "watch")
		time.Sleep(forbiddenRetry)
		e.settle()
		e.wantStatus("")
		e.wantState("shop", "web-tls", Found)
		if got := e.takeChanges(); len(got) == 0 || got[len(got)-1] != "/" {
			t.Errorf("changes %q, want everything", got)
		}
	})
}

func TestRevokedPermissionClosesTheGate(t *testing.T) {
	run(t, Options{}, []runtime.Object{tlsSecret(t, "web-tls")}, func(e *env) {
		e.wantState("shop", "web-tls", Found)
		e.deny("list", "watch")
		e.breakWatches()
		time.Sleep(2 * time.Minute) // virtual
		e.settle()
		e.wantState("shop", "web-tls", Forbidden)

		e.allow("list", "watch")
		time.Sleep(2 * time.Minute)
		e.settle()
		e.wantState("shop", "web-tls", Found)
		e.wantStatus("")
	})
}

// TestSingleRefusalIsConfirmed lets every call of the API be refused once after it was
// allowed, which must not be seen.
func TestSingleRefusalIsConfirmed(t *testing.T) {
	run(t, Options{}, []runtime.Object{tlsSecret(t, "web-tls")}, func(e *env) {
		e.takeChanges()
		e.source.Get("shop", "config")
		e.settle()
		e.takeChanges()
		for range 3 {
			e.refuseOnce("list", "watch", "get")
			e.breakWatches()
			for range 120 {
				time.Sleep(time.Second) // virtual
				e.wantState("shop", "web-tls", Found)
				e.wantStatus("")
			}
		}
		if got := e.takeChanges(); len(got) != 0 {
			t.Errorf("changes %q after refusals that meant nothing", got)
		}
		if left := e.refusalsLeft(); left != 0 && left != 1 {
			t.Errorf("%d refusals did not happen", left)
		}
	})
}

func TestWatchAloneForbidden(t *testing.T) {
	runDenied(t, Options{}, []runtime.Object{tlsSecret(t, "web-tls")}, []string{"watch"}, func(e *env) {
		e.wantStatus(refused("watching", "watch"))
		e.wantState("shop", "web-tls", Forbidden)
		e.allow("watch")
		time.Sleep(2 * time.Minute) // virtual
		e.settle()
		e.wantState("shop", "web-tls", Found)
	})
}

func TestGetAloneForbidden(t *testing.T) {
	runDenied(t, Options{}, []runtime.Object{tlsSecret(t, "web-tls"), opaqueSecret("config")}, []string{"get"}, func(e *env) {
		e.wantState("shop", "web-tls", Found)
		e.wantState("shop", "config", Pending)
		e.settle()
		e.wantStatus(refused("getting", "get"))
		e.wantVerdict(declaration(found("config")), tlsready.SecretsForbidden, `secret "shop/config" cannot be read: `+refused("getting", "get"))
		e.allow("get")
		time.Sleep(2 * forbiddenRetry)
		e.settle()
		e.wantStatus("")
		e.wantState("shop", "config", OtherType)
	})
}

func TestForbiddenErrorNamesTheUser(t *testing.T) {
	for text, want := range map[string]string{
		`secrets is forbidden: User "system:serviceaccount:a:b" cannot list`: "listing secrets: forbidden: User \"system:serviceaccount:a:b\" cannot list; grant get, list and watch on secrets to ServiceAccount a/b",
		`secrets is forbidden: User "jane" cannot list`:                      "listing secrets: forbidden: User \"jane\" cannot list; grant get, list and watch on secrets to user \"jane\"",
		`denied by policy`: "listing secrets: forbidden: denied by policy; grant get, list and watch on secrets to the user of this process",
	} {
		cause := textError(text)
		err := forbiddenError("listing", cause)
		if err.Error() != want {
			t.Errorf("forbiddenError(%q) = %q, want %q", text, err, want)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q has several lines", err)
		}
	}
}

type textError string

func (e textError) Error() string { return string(e) }
