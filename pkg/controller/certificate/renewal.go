// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"hash/fnv"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	// shortLived is the lifetime below which certificates are renewed half-way (Let's Encrypt's integration guide).
	shortLived = 10 * 24 * time.Hour
	// spread is the part of the lifetime over which the renewals of certificates that were issued together are spread.
	spread = 0.05
	// soonest a certificate may be renewed, unless half of its lifetime is shorter.
	soonest = 5 * time.Minute
)

// Life is what the time of renewal depends on.
type Life struct {
	NotBefore, NotAfter time.Time
	// IssuedAt is when the certificate was obtained; zero if that is unknown.
	IssuedAt time.Time
	// RenewBefore is spec.renewBefore; zero if it is not set.
	RenewBefore time.Duration
	// Percentage is spec.renewBeforePercentage; zero if it is not set.
	Percentage int32
	// Jitter of the certificate, at least 0 and below 1.
	Jitter float64
	// Window is what the CA says; nil if it says nothing.
	Window *v1alpha1.RenewalInfo
	// Moved says that the CA has moved its window forward, as it does for a certificate that it revokes.
	Moved bool
	// SupersededAt is when another CA took over from the one that signed; zero if none has.
	SupersededAt time.Time
}

// Jitter returns a number from 0 to below 1 that depends on the TLSCertificate alone: each has its own, and keeps it.
func Jitter(cert *v1alpha1.TLSCertificate) float64 {
	h := fnv.New64a()
	for _, part := range []string{string(cert.UID), cert.Namespace, cert.Name} {
		_, _ = h.Write([]byte(part + "\x00")) // never fails
	}
	// FNV mixes its last bytes badly into the upper bits: mix once more (the finalizer of MurmurHash3).
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// RenewalTime returns when the next certificate is asked for, birth being notBefore or, if it is later, issuedAt, and life the time
// from birth to notAfter. The earliest of
//
//   - notAfter - renewBefore, or notAfter - renewBeforePercentage/100 x life, if one of them is set; else, unless the CA names a
//     window, birth + 2/3 x life (1/2 if notAfter - notBefore is below ten days), less jitter x 5 % of life;
//   - start + jitter x (end - start) of the CA's window (RFC 9773 section 4.2);
//
// but not before birth + the greater of a tenth of life and the lesser of five minutes and half of life: no certificate is due when
// it is born. A renewBefore that is not shorter than life counts as half of it. A window that begins before birth or ends after
// notAfter is not believed. If the CA has moved its window forward it is the window's start, but not before birth + the lesser of five
// minutes and half of life. After a change of the CA it is supersededAt + jitter x the lesser of a day and a tenth of life, if
// that is earlier: at most one certificate is issued so for each change.
func (l Life) RenewalTime() time.Time {
	birth := l.NotBefore
	if l.IssuedAt.After(birth) && l.IssuedAt.Before(l.NotAfter) {
		birth = l.IssuedAt
	}
	life := l.NotAfter.Sub(birth)
	before := l.RenewBefore
	if l.Percentage > 0 {
		before = scale(life, float64(l.Percentage)/100)
	}
	if before >= life {
		before = life / 2
	}
	window, named := l.window(birth)
	var at time.Time
	switch {
	case before > 0:
		at = l.NotAfter.Add(-before)
		if named && window.Before(at) {
			at = window
		}
	case named:
		at = window
	default:
		at = birth.Add(l.usual(life))
	}
	if earliest := birth.Add(max(life/10, min(soonest, life/2))); at.Before(earliest) {
		at = earliest
	}
	if l.Moved && l.Window != nil && l.Window.Start != nil {
		at = earlier(at, later(l.Window.Start.Time, birth.Add(min(soonest, life/2))))
	}
	if !l.SupersededAt.IsZero() {
		if change := l.SupersededAt.Add(scale(min(24*time.Hour, life/10), l.Jitter)); change.Before(at) {
			at = change
		}
	}
	return at.Truncate(time.Second)
}

func (l Life) usual(life time.Duration) time.Duration {
	part := life / 3 * 2
	if l.NotAfter.Sub(l.NotBefore) < shortLived {
		part = life / 2
	}
	return part - scale(life, spread*l.Jitter)
}

// window returns the certificate's moment in the CA's window, if there is one that can be believed.
func (l Life) window(birth time.Time) (time.Time, bool) {
	w := l.Window
	if w == nil || w.Start == nil || w.End == nil || !w.End.After(w.Start.Time) || !w.Start.After(birth) || w.End.After(l.NotAfter) {
		return time.Time{}, false
	}
	return w.Start.Add(scale(w.End.Sub(w.Start.Time), l.Jitter)), true
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }
