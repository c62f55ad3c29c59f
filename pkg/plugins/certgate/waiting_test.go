// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// model is the waiting index done naively: every question looks at every pod.
type model map[types.UID]*modelPod

type modelPod struct {
	secrets []string
	held    held
	wakeAt  time.Time
}

func (m model) uids(of func(*modelPod) bool) []types.UID {
	var uids []types.UID
	for uid, pod := range m {
		if of(pod) {
			uids = append(uids, uid)
		}
	}
	return uids
}

// TestWaitingMatchesModel does random things to the index and to a naive model of it.
func TestWaitingMatchesModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heldPods := 0
		w, m, now := newWaiting(func(delta int) { heldPods += delta }), model{}, start
		pods := make([]*v1.Pod, 5)
		for i := range pods {
			pods[i] = newPod(fmt.Sprint(i), nil)
		}
		somePod := rapid.SampledFrom(pods)
		someSecrets := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.ID[string])
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				pod := somePod.Draw(t, "pod")
				w.Add(pod)
				if m[pod.UID] == nil {
					m[pod.UID] = &modelPod{}
				}
			},
			"require": func(t *rapid.T) {
				pod, secrets := somePod.Draw(t, "pod"), someSecrets.Draw(t, "secrets")
				d := declare.Declaration{}
				for _, s := range secrets {
					d.Requirements = append(d.Requirements, declare.Requirement{SecretName: s})
				}
				w.Require(pod, d, nil)
				if p := m[pod.UID]; p != nil {
					p.secrets = secrets
					got, _, known := w.Declaration(pod)
					if diff := cmp.Diff(d, got, cmpopts.EquateEmpty()); diff != "" {
						t.Fatalf("Unexpected declaration (-want, +got):\n%s", diff)
					}
					if !known {
						t.Fatalf("Declaration of %v is not known", secrets)
					}
					if _, _, known := w.Declaration(pod.DeepCopy()); !known {
						t.Fatal("The declaration is not known for another version of the pod with the same annotations")
					}
					other := pod.DeepCopy()
					other.Annotations = map[string]string{"tollgate.dev/require-tls": "other"}
					if _, _, known := w.Declaration(other); known {
						t.Fatal("The declaration is known for a version of the pod with other annotations")
					}
				}
			},
			"hold": func(t *rapid.T) {
				pod := somePod.Draw(t, "pod")
				reason := rapid.SampledFrom([]tlsready.Reason{tlsready.SecretNotFound, tlsready.Expired}).Draw(t, "reason")
				got, changed := w.Hold(pod.UID, reason, now)
				p := m[pod.UID]
				if p == nil {
					return
				}
				if want := p.held.Reason != reason; changed != want {
					t.Fatalf("Hold says that the reason changed: %t, want %t", changed, want)
				}
				if p.held.Since.IsZero() {
					p.held.Since = now
				}
				if changed {
					p.held.Reason, p.held.ReasonSince = reason, now
				}
				if diff := cmp.Diff(p.held, got); diff != "" {
					t.Fatalf("Unexpected hold (-want, +got):\n%s", diff)
				}
			},
			"tell": func(t *rapid.T) {
				pod, message := somePod.Draw(t, "pod"), rapid.SampledFrom([]string{"a", "b"}).Draw(t, "message")
				reason := rapid.SampledFrom([]tlsready.Reason{tlsready.Expired, tlsready.BadPEM}).Draw(t, "reason")
				p := m[pod.UID]
				got, want := w.Tell(pod.UID, reason, message, now), p != nil && p.held.Told != message
				if got != want {
					t.Fatalf("Tell returned %t, want %t", got, want)
				}
				if got {
					p.held.Told, p.held.ToldAt = message, now
					if !slices.Contains(p.held.ToldReasons, reason) {
						p.held.ToldReasons = append(p.held.ToldReasons, reason)
					}
				}
			},
			"untell": func(t *rapid.T) {
				pod, at := somePod.Draw(t, "pod"), now.Add(time.Duration(rapid.IntRange(1, 9).Draw(t, "seconds"))*time.Second)
				w.Untell(pod.UID, at)
				if p := m[pod.UID]; p != nil {
					p.held.Told = ""
					if p.wakeAt.IsZero() || at.Before(p.wakeAt) {
						p.wakeAt = at
					}
				}
			},
			"wake at": func(t *rapid.T) {
				pod, seconds := somePod.Draw(t, "pod"), rapid.IntRange(0, 9).Draw(t, "seconds")
				var at time.Time
				if seconds > 0 {
					at = now.Add(time.Duration(seconds) * time.Second)
				}
				w.WakeAt(pod.UID, at)
				if p := m[pod.UID]; p != nil {
					p.wakeAt = at
				}
			},
			"remove": func(t *rapid.T) {
				pod := somePod.Draw(t, "pod")
				got, ok := w.Remove(pod.UID)
				p := m[pod.UID]
				if ok != (p != nil) {
					t.Fatalf("Remove returned %t, want %t", ok, p != nil)
				}
				if p != nil {
					if diff := cmp.Diff(p.held, got); diff != "" {
						t.Fatalf("Unexpected hold (-want, +got):\n%s", diff)
					}
					delete(m, pod.UID)
				}
			},
			"time passes": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "seconds")) * time.Second)
				due, next := w.Due(now)
				want := m.uids(func(p *modelPod) bool { return !p.wakeAt.IsZero() && !p.wakeAt.After(now) })
				wantUIDs(t, "pods due", want, due)
				var wantNext time.Time
				for _, p := range m {
					if p.wakeAt.After(now) {
						wantNext = earliest(wantNext, p.wakeAt)
					} else {
						p.wakeAt = time.Time{}
					}
				}
				if !next.Equal(wantNext) {
					t.Fatalf("The next time is %v, want %v", next, wantNext)
				}
			},
			"": func(t *rapid.T) {
				wantUIDs(t, "pods", slices.Collect(maps.Keys(m)), w.All(""))
				for _, secret := range []string{"a", "b", "c"} {
					want := m.uids(func(p *modelPod) bool { return slices.Contains(p.secrets, secret) })
					wantUIDs(t, "waiters for "+secret, want, w.Waiters(types.NamespacedName{Namespace: namespace, Name: secret}))
				}
				if got := w.Waiters(types.NamespacedName{Namespace: "elsewhere", Name: "a"}); len(got) > 0 {
					t.Fatalf("Pods %v wait for a Secret of another namespace", got)
				}
				if want := len(m.uids(func(p *modelPod) bool { return !p.held.Since.IsZero() })); heldPods != want {
					t.Fatalf("%d pods are counted as held, want %d", heldPods, want)
				}
				if len(w.bySecret) > 3 || len(m) == 0 && len(w.bySecret)+len(w.deadlines) > 0 {
					t.Fatalf("The index keeps %v and %v for %d pods", w.bySecret, w.deadlines, len(m))
				}
			},
		})
	})
}

func wantUIDs(t *rapid.T, what string, want, got []types.UID) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("Unexpected %s (-want, +got):\n%s", what, diff)
	}
}

func TestEarliest(t *testing.T) {
	var never time.Time
	later := start.Add(time.Second)
	for _, tt := range []struct{ a, b, want time.Time }{
		{never, never, never},
		{start, never, start},
		{never, start, start},
		{start, later, start},
		{later, start, start},
	} {
		if got := earliest(tt.a, tt.b); !got.Equal(tt.want) {
			t.Errorf("earliest(%v, %v) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
