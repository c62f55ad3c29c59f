// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// slowSecret takes long to check: three certificates with the slowest of keys.
func slowSecret(t *testing.T, name string) *corev1.Secret {
	t.Helper()
	options := func(name string) tlstest.Options {
		key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return tlstest.Options{CommonName: name, Key: key}
	}
	root := tlstest.NewCAWith(t, options("Root"))
	sub := root.Intermediate(options("Sub"))
	cert, key := sub.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	s := tlstest.Secret("shop", name, slices.Concat(cert, sub.CertPEM(), root.CertPEM()), key)
	s.Data["ca.crt"] = root.CertPEM()
	return s
}

// TestSlowSecretsAreCheckedOnDemand: the informer, which all depend on, leaves them to the worker.
func TestSlowSecretsAreCheckedOnDemand(t *testing.T) {
	first, second := slowSecret(t, "slow"), slowSecret(t, "slow")
	if f := tlsready.Inspect(first); f.Fault != nil || !tlsready.InspectQuickly(first.DeepCopy()).Unchecked() {
		t.Fatalf("the test's Secret is not as it should be: fault %+v", f.Fault)
	}
	ca := tlstest.NewCA(t)
	runHTTP(t, Options{}, func(api *apiServer, _ *Source) {
		api.put(first, newSecret(ca, "shop", "quick"))
	}, func(e *httpEnv) {
		stored := func() *tlsready.Facts { return e.source.all.get("shop", "slow") }
		if !stored().Unchecked() || e.api.count("get ") != 0 {
			t.Fatalf("the informer has checked the Secret, or somebody has read it")
		}
		e.wantState("shop", "quick", Found)
		e.takeChanges()
		e.wantState("shop", "slow", Pending)
		v := e.source.Evaluate("shop", declaration(named("slow")), tlstest.Now)
		if v.Reason != tlsready.LookupPending || !strings.Contains(v.Message, "is being checked, which takes long") {
			t.Errorf("verdict %+v, want that it is being checked", v)
		}
		e.settle(0)
		e.wantState("shop", "slow", Found)
		if v := e.source.Evaluate("shop", declaration(named("slow")), tlstest.Now); !v.Ready {
			t.Errorf("verdict %+v, want it ready", v)
		}
		if changes := e.takeChanges(); !slices.Contains(changes, "shop/slow") {
			t.Errorf("changes %v, want that of the Secret", changes)
		}

		// The answer for a version does not hold for another, of which the informer has told nobody yet.
		l, k := e.source.lookups, secretKey{"shop", "slow"}
		l.mu.Lock()
		other := *l.known.entries[k].facts
		other.ResourceVersion = "other"
		l.known.entries[k].facts = &other
		l.mu.Unlock()
		e.wantState("shop", "slow", Pending)
		e.settle(2 * maxBackoff)
		e.wantState("shop", "slow", Found)

		// Another version is another Secret.
		e.api.put(second)
		e.settle(0)
		e.wantState("shop", "slow", Pending)
		e.settle(0)
		e.wantState("shop", "slow", Found)
		if facts, _ := e.source.Get("shop", "slow"); facts.FingerprintSHA256 != tlsready.Inspect(second).FingerprintSHA256 {
			t.Errorf("the facts are those of another version")
		}
		// A version that was checked is not checked again, and what becomes quick is the informer's.
		before, _ := e.source.Get("shop", "slow")
		e.settle(5 * maxBackoff)
		if after, _ := e.source.Get("shop", "slow"); after != before {
			t.Errorf("the same version was checked again")
		}
		e.api.put(newSecret(ca, "shop", "slow"))
		e.settle(0)
		e.wantState("shop", "slow", Found)
		if stored().Unchecked() || len(e.source.lookups.known.entries) != 0 {
			t.Errorf("a Secret that is quick to check is still looked up")
		}

		e.api.put(second)
		e.settle(0)
		e.wantState("shop", "slow", Pending)
		e.settle(0)
		e.wantState("shop", "slow", Found)
		e.api.mu.Lock()
		e.api.unset("shop", "slow")
		e.api.mu.Unlock()
		e.settle(0)
		e.wantState("shop", "slow", Pending)
		e.settle(0)
		e.wantState("shop", "slow", NotFound)
	})
}

// TestOldCheckIsNoSecret: a check that ends after the Secret was deleted does not bring it back.
func TestOldCheckIsNoSecret(t *testing.T) {
	slow := slowSecret(t, "slow")
	run(t, Options{}, nil, func(e *env) {
		k := secretKey{"shop", "slow"}
		e.source.lookups.mu.Lock()
		e.source.lookups.known.add(k, &lookup{state: Found, facts: tlsready.Inspect(slow)})
		e.source.lookups.mu.Unlock()
		e.wantState("shop", "slow", Pending)
	})
}
