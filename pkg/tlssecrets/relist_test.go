// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// TestExpiredWatchLosesNothing changes Secrets while no watch is open and lets the resource
// version expire, with and without initial events in watches, and with one refusal.
func TestExpiredWatchLosesNothing(t *testing.T) {
	ca := tlstest.NewCA(t)
	for name, test := range map[string]struct{ lists, refuseOnce bool }{
		"watch":              {},
		"list":               {lists: true},
		"watch, one refusal": {refuseOnce: true},
		"list, one refusal":  {lists: true, refuseOnce: true},
	} {
		t.Run(name, func(t *testing.T) {
			runHTTP(t, Options{}, func(api *apiServer, _ *Source) {
				api.noInitialEvents = test.lists
				api.put(newSecret(ca, "shop", "same"), newSecret(ca, "shop", "changes"), newSecret(ca, "shop", "goes"))
			}, func(e *httpEnv) {
				e.wantState("shop", "changes", Found)
				before, _ := e.source.Get("shop", "changes")
				e.wantState("shop", "comes", Pending)
				e.settle(time.Second)
				e.wantState("shop", "comes", NotFound)
				e.takeChanges()

				refusals := 0
				e.api.refuseIf(func(verb, _ string) bool {
					refuse := test.refuseOnce && verb != "get" && refusals == 0
					if refuse {
						refusals++
					}
					return refuse
				})
				e.api.expire(func() {
					e.api.set(newSecret(ca, "shop", "changes"), newSecret(ca, "shop", "comes"))
					e.api.unset("shop", "goes")
				})
				for range 90 {
					e.settle(time.Second)
					e.wantState("shop", "same", Found)
				}
				if after, _ := e.source.Get("shop", "changes"); after == nil || after.FingerprintSHA256 == before.FingerprintSHA256 {
					t.Errorf("the change of a Secret was lost")
				}
				e.wantState("shop", "comes", Found)
				if diff := cmp.Diff([]string{"shop/changes", "shop/comes", "shop/goes"}, e.takeChanges()); diff != "" {
					t.Errorf("unexpected changes (-want, +got):\n%s", diff)
				}
				e.wantState("shop", "goes", Pending)
				if refused := refusals == 1; refused != test.refuseOnce {
					t.Errorf("refused: %v, want %v", refused, test.refuseOnce)
				}
				requests := strings.Join(e.api.seen(), " ")
				if listed := strings.Contains(requests, "list "); listed != test.lists {
					t.Errorf("listed: %v, want %v", listed, test.lists)
				}
			})
		})
	}
}
