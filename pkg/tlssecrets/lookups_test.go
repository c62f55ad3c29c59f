// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

func (e *env) countGets() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.gets
}

// remembered returns the number of names that are looked up.
func (e *env) remembered() int {
	e.source.lookups.mu.Lock()
	defer e.source.lookups.mu.Unlock()
	return len(e.source.lookups.known.entries)
}

func TestLookupsBackOffAndEnd(t *testing.T) {
	run(t, Options{}, nil, func(e *env) {
		e.wantState("shop", "missing", Pending)
		e.settle()
		if n := e.countGets(); n != 1 {
			t.Errorf("%d GETs at once, want 1", n)
		}
		time.Sleep(16 * time.Second) // virtual; after 1, 3, 7 and 15 s
		if n := e.countGets(); n != 5 {
			t.Errorf("%d GETs after 16 s, want 5", n)
		}
		e.takeChanges()
		time.Sleep(time.Hour)
		n := e.countGets()
		if n < 20 || n > 25 {
			t.Errorf("%d GETs within the retention of %v, want one every 30 s", n, retention)
		}
		if got := e.takeChanges(); len(got) != 0 {
			t.Errorf("changes %q while nothing changes", got)
		}
		if entries := e.remembered(); entries != 0 {
			t.Errorf("%d names are remembered after nobody asked for an hour", entries)
		}
		e.wantState("shop", "missing", Pending)
		e.settle()
		e.wantState("shop", "missing", NotFound)
	})
}

func TestLookupSeesOtherTypeCreatedLater(t *testing.T) {
	run(t, Options{}, nil, func(e *env) {
		e.wantState("shop", "config", Pending)
		e.settle()
		e.takeChanges()
		e.create(opaqueSecret("config"))
		time.Sleep(maxBackoff)
		e.settle()
		e.wantState("shop", "config", OtherType)
		if got := e.takeChanges(); len(got) != 1 || got[0] != "shop/config" {
			t.Errorf("changes %q, want one of shop/config", got)
		}
		e.delete("shop", "config")
		time.Sleep(maxBackoff)
		e.settle()
		e.wantState("shop", "config", NotFound)
		// The type can change only by recreation: the informer takes over.
		e.create(tlsSecret(t, "config"))
		e.settle()
		e.wantState("shop", "config", Found)
	})
}

// TestLookupWaitsForTheInformer covers a GET that sees a TLS Secret before the informer.
func TestLookupWaitsForTheInformer(t *testing.T) {
	run(t, Options{}, nil, func(e *env) {
		var ahead atomic.Bool
		ahead.Store(true)
		e.client.PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return ahead.Load(), tlsSecret(t, "web-tls"), nil
		})
		e.wantState("shop", "web-tls", Pending)
		e.settle()
		e.wantState("shop", "web-tls", Pending)
		ahead.Store(false)
		time.Sleep(maxBackoff)
		e.settle()
		e.wantState("shop", "web-tls", NotFound)
	})
}

func TestLookupSurvivesErrors(t *testing.T) {
	run(t, Options{}, []runtime.Object{opaqueSecret("config")}, func(e *env) {
		var failing atomic.Bool
		failing.Store(true)
		e.client.PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return failing.Load(), nil, errors.New("connection refused")
		})
		e.wantState("shop", "config", Pending)
		time.Sleep(time.Minute) // virtual
		e.wantState("shop", "config", Pending)
		e.wantVerdict(declaration(named("config")), tlsready.LookupPending, `secret "shop/config" is not among the TLS Secrets and is being looked up`)
		failing.Store(false)
		time.Sleep(2 * maxBackoff)
		e.settle()
		e.wantState("shop", "config", OtherType)
	})
}

// TestLookupsAreLimited checks the rate of first GETs and that known missing names do not
// delay new ones.
func TestLookupsAreLimited(t *testing.T) {
	run(t, Options{}, []runtime.Object{opaqueSecret("config")}, func(e *env) {
		for i := range 500 {
			e.source.Get("shop", fmt.Sprintf("missing-%d", i))
		}
		time.Sleep(10 * time.Second) // virtual
		if n, most := e.countGets(), firstBurst+10*firstPerSecond+recheckBurst+10*recheckPerSecond; n > most+5 || n < most/2 {
			t.Errorf("%d GETs in 10 s, want at most about %d", n, most)
		}
		time.Sleep(30 * time.Second)
		e.wantState("shop", "missing-499", NotFound)
		e.wantState("shop", "config", Pending)
		time.Sleep(time.Second)
		e.wantState("shop", "config", OtherType)
	})
}

func TestStateNames(t *testing.T) {
	for state, want := range map[State]string{Pending: "Pending", Found: "Found", NotFound: "NotFound", OtherType: "OtherType", NotSynced: "NotSynced", Forbidden: "Forbidden"} {
		if got := state.String(); got != want {
			t.Errorf("State(%d) is %q, want %q", int(state), got, want)
		}
	}
}
