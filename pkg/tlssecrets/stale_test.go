// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// TestOldFactsHold lets the API server be away for some minutes, and for longer.
func TestOldFactsHold(t *testing.T) {
	ca := tlstest.NewCA(t)
	for name, lists := range map[string]bool{"watch": false, "list": true} {
		t.Run(name, func(t *testing.T) {
			runHTTP(t, Options{}, func(api *apiServer, _ *Source) {
				api.noInitialEvents = lists
				api.put(newSecret(ca, "shop", "web"))
			}, func(e *httpEnv) {
				e.wantState("shop", "web", Found)
				e.takeChanges()
				down := time.Now()
				e.api.setDown(true)
				e.settle(4 * time.Minute)
				e.wantState("shop", "web", Found)
				e.api.setDown(false)
				e.settle(2 * time.Minute)
				if changes := e.takeChanges(); len(changes) > 0 {
					t.Errorf("changes %v of a short absence", changes)
				}

				e.api.setDown(true)
				e.settle(6 * time.Minute)
				e.wantState("shop", "web", NotSynced)
				if changes := e.takeChanges(); !slices.Contains(changes, "/") {
					t.Errorf("changes %v, want that all may have changed", changes)
				}
				d := declare.Declaration{Requirements: []declare.Requirement{{SecretName: "web"}}}
				v := e.source.Evaluate("shop", d, time.Now())
				for _, want := range []string{`secret "shop/web" cannot be judged: the API server has sent nothing about TLS Secrets since `, "etcd has no leader", "tried again all the time"} {
					if v.Ready || v.Reason != tlsready.NotSynced || !strings.Contains(v.Message, want) {
						t.Errorf("verdict %+v, want %s with %q", v, tlsready.NotSynced, want)
					}
				}
				if err := e.source.Status(); err == nil || !strings.Contains(v.Message, err.Error()) {
					t.Errorf("status %v, want what the verdict says", err)
				}
				e.settle(time.Hour)
				if again := e.source.Evaluate("shop", d, time.Now()); again.Message != v.Message {
					t.Errorf("the message has become %q, it was %q", again.Message, v.Message)
				}

				e.api.put(newSecret(ca, "shop", "late"))
				e.api.setDown(false)
				e.settle(90 * time.Second)
				e.wantState("shop", "web", Found)
				e.wantState("shop", "late", Found)
				if changes := e.takeChanges(); !slices.Contains(changes, "/") {
					t.Errorf("changes %v, want that all may have changed", changes)
				}
				if err := e.source.Status(); err != nil {
					t.Errorf("status %v after %s", err, time.Since(down))
				}
			})
		})
	}
}

// TestSilentWatchIsReplaced: the API server sends nothing, not even bookmarks. That is no reason to hold.
func TestSilentWatchIsReplaced(t *testing.T) {
	ca := tlstest.NewCA(t)
	runHTTP(t, Options{}, func(api *apiServer, _ *Source) { api.put(newSecret(ca, "shop", "web")) }, func(e *httpEnv) {
		before := e.api.count("watch ")
		e.settle(14 * time.Minute)
		if n := e.api.count("watch ") - before; n != 0 {
			t.Errorf("%d other watches, want none", n)
		}
		for range 60 {
			e.settle(time.Minute)
			e.wantState("shop", "web", Found)
		}
		if n := e.api.count("watch ") - before; n < 3 || n > 5 {
			t.Errorf("%d other watches within 74 minutes, want one every 15", n)
		}
		e.api.put(newSecret(ca, "shop", "late"))
		e.settle(time.Second)
		e.wantState("shop", "late", Found)
	})
}

// TestGrantAfterLongRefusal: a refusal is another matter, and ends as soon as the permission is there.
func TestGrantAfterLongRefusal(t *testing.T) {
	ca := tlstest.NewCA(t)
	runHTTP(t, Options{}, func(api *apiServer, _ *Source) { api.put(newSecret(ca, "shop", "web")) }, func(e *httpEnv) {
		refused := true
		e.api.refuseIf(func(string, string) bool { return refused })
		e.api.expire(func() {})
		e.settle(time.Hour)
		e.wantState("shop", "web", Forbidden)
		e.api.mu.Lock()
		refused = false
		e.api.mu.Unlock()
		e.settle(forbiddenRetry + time.Second)
		e.wantState("shop", "web", Found)
	})
}
