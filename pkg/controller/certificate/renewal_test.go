// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

func window(from, to time.Time) *v1alpha1.RenewalInfo {
	return &v1alpha1.RenewalInfo{Start: &metav1.Time{Time: from}, End: &metav1.Time{Time: to}}
}

func TestRenewalTime(t *testing.T) {
	const day = 24 * time.Hour
	end := start.Add(90 * day)
	at := func(days float64) time.Time { return start.Add(time.Duration(days * float64(day))) }
	for _, tt := range []struct {
		name string
		life Life
		want time.Time
	}{
		{"two thirds", Life{NotAfter: end}, at(60)},
		{"jitter", Life{NotAfter: end, Jitter: 0.5}, at(60 - 2.25)},
		{"half of nine days", Life{NotAfter: at(9)}, at(4.5)},
		{"renewBefore", Life{NotAfter: end, RenewBefore: day, Jitter: 0.9}, at(89)},
		{"renewBefore beyond the lifetime", Life{NotAfter: end, RenewBefore: 365 * day}, at(45)},
		{"renewBefore of nearly the lifetime", Life{NotAfter: end, RenewBefore: 89 * day}, at(9)},
		{"percentage", Life{NotAfter: end, Percentage: 20}, at(72)},
		{"percentage of nearly the lifetime", Life{NotAfter: end, Percentage: 99}, at(9)},
		{"back-dated by the CA", Life{NotAfter: end, IssuedAt: at(80), RenewBefore: 365 * day}, at(85)},
		{"issued after its end", Life{NotAfter: end, IssuedAt: end.Add(time.Hour)}, at(60)},
		{"window", Life{NotAfter: end, Window: window(at(70), at(72)), Jitter: 0.25}, at(70.5)},
		{"window and renewBefore: the earlier", Life{NotAfter: end, Window: window(at(70), at(72)), RenewBefore: 30 * day}, at(60)},
		{"renewBefore and window: the earlier", Life{NotAfter: end, Window: window(at(40), at(42)), RenewBefore: 30 * day}, at(40)},
		{"window that begins with the certificate", Life{NotAfter: end, Window: window(at(0), at(2))}, at(60)},
		{"window soon after birth", Life{NotAfter: end, Window: window(at(0.1), at(0.2))}, at(9)},
		{"window after the end", Life{NotAfter: end, Window: window(at(89), at(91))}, at(60)},
		{"window that ends before it begins", Life{NotAfter: end, Window: window(at(72), at(70))}, at(60)},
		{"half a window", Life{NotAfter: end, Window: &v1alpha1.RenewalInfo{Start: &metav1.Time{Time: at(70)}}}, at(60)},
		{"revoked in the first tenth", Life{NotAfter: end, Window: window(at(2), at(3)), Moved: true, Jitter: 0.5}, at(2)},
		{"revoked, the window is over", Life{NotAfter: end, Window: window(at(-2), at(-1)), Moved: true}, start.Add(5 * time.Minute)},
		{"revoked when it was due", Life{NotAfter: end, Window: window(at(80), at(81)), Moved: true, RenewBefore: 30 * day}, at(60)},
		{"revoked, an hour long", Life{NotAfter: start.Add(time.Hour), Window: window(at(-1), at(-0.5)), Moved: true}, start.Add(5 * time.Minute)},
		{"another CA signs now", Life{NotAfter: end, SupersededAt: at(20), Jitter: 0.5}, at(20.5)},
		{"another CA signs now, shortly before renewal", Life{NotAfter: end, SupersededAt: at(59.9), Jitter: 0.9}, at(60 - 4.05)},
		{"thirty seconds", Life{NotAfter: start.Add(30 * time.Second)}, start.Add(15 * time.Second)},
		{"an hour with a window of the first minute", Life{NotAfter: start.Add(time.Hour), Window: window(start.Add(time.Second), start.Add(time.Minute))}, start.Add(6 * time.Minute)},
	} {
		tt.life.NotBefore = start
		if got := tt.life.RenewalTime(); !got.Equal(tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestRenewalTimeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := func(from, to int64, what string) time.Duration {
			return time.Duration(rapid.Int64Range(from, to).Draw(t, what)) * time.Second
		}
		whole := seconds(30, 400*24*3600, "lifetime")
		l := Life{NotBefore: start, NotAfter: start.Add(whole), Jitter: rapid.Float64Range(0, 0.999999).Draw(t, "jitter")}
		issued := seconds(0, int64(whole/time.Second)-10, "issued after")
		l.IssuedAt = start.Add(issued)
		switch rapid.IntRange(0, 2).Draw(t, "set") {
		case 0:
			l.RenewBefore = seconds(1, 500*24*3600, "renewBefore")
		case 1:
			l.Percentage = int32(rapid.IntRange(1, 99).Draw(t, "percentage"))
		}
		if rapid.Bool().Draw(t, "with a window") {
			from := start.Add(seconds(-1000, 500*24*3600, "window from"))
			l.Window = window(from, from.Add(seconds(-10, 100*24*3600, "window")))
		}
		at, life := l.RenewalTime(), whole-issued
		if earliest := l.IssuedAt.Add(max(life/10, min(5*time.Minute, life/2)) - time.Second); at.Before(earliest) {
			t.Fatalf("renewal at %s, within a tenth of the lifetime after the birth at %s", at, l.IssuedAt)
		}
		if !at.Before(l.NotAfter) {
			t.Fatalf("renewal at %s, when the certificate has ended at %s", at, l.NotAfter)
		}
		l.SupersededAt = start.Add(seconds(-1000, 400*24*3600, "superseded after"))
		if sooner := l.RenewalTime(); sooner.After(at) || sooner.After(l.SupersededAt.Add(24*time.Hour)) && !sooner.Equal(at) {
			t.Fatalf("superseded at %s, renewal at %s; without, at %s", l.SupersededAt, sooner, at)
		}
	})
}

func TestJitterIsSpreadAndStable(t *testing.T) {
	var all []float64
	for i := range 2000 {
		cert := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprint("web-", i), UID: types.UID(fmt.Sprint("u", i))}}
		j := Jitter(cert)
		if j < 0 || j >= 1 || j != Jitter(cert.DeepCopy()) {
			t.Fatalf("jitter %v of %s", j, cert.Name)
		}
		all = append(all, j)
	}
	slices.Sort(all)
	for i, j := range all {
		if want := float64(i) / 2000; j < want-0.05 || j > want+0.05 {
			t.Fatalf("jitter %d of 2000 in order is %v, want about %v", i, j, want)
		}
	}
}
