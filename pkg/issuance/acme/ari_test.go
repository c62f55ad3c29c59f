// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

var born = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

func TestAbsurd(t *testing.T) {
	leaf := &x509.Certificate{NotBefore: born, NotAfter: born.AddDate(0, 0, 100)}
	day := func(n int) time.Time { return born.AddDate(0, 0, n) }
	for name, tt := range map[string]struct {
		start, end time.Time
		want       string
	}{
		"usual":               {day(60), day(62), ""},
		"to the end":          {day(99), day(100), ""},
		"now, for revocation": {day(11), day(12), ""},
		"at issuance":         {day(0), day(2), "less than a tenth"},
		"before issuance":     {day(-5), day(-4), "less than a tenth"},
		"at a tenth":          {day(10), day(12), "less than a tenth"},
		"backwards":           {day(62), day(60), "ends before it starts"},
		"empty":               {day(60), day(60), "ends before it starts"},
		"no end":              {day(60), time.Time{}, "incomplete"},
		"nothing":             {time.Time{}, time.Time{}, "incomplete"},
		"after the end":       {day(101), day(102), "ends after the certificate"},
		"for ever":            {day(60), day(9999), "ends after the certificate"},
	} {
		got := absurd(tt.start, tt.end, leaf)
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestMovedForward(t *testing.T) {
	leaf := &x509.Certificate{NotBefore: born, NotAfter: born.AddDate(0, 0, 100)}
	day := func(n int) time.Time { return born.AddDate(0, 0, n) }
	usual := v1alpha1.RenewalInfo{Start: &metav1.Time{Time: day(60)}}
	already := v1alpha1.RenewalInfo{Start: &metav1.Time{Time: day(1)}, Message: moved + " to then"}
	for name, tt := range map[string]struct {
		before     v1alpha1.RenewalInfo
		start, end time.Time
		want       bool
	}{
		"revoked":                         {usual, day(2), day(3), true},
		"revoked, in the past":            {usual, day(-2), day(-1), true},
		"still revoked":                   {already, day(3), day(4), true},
		"at the first question":           {v1alpha1.RenewalInfo{}, day(2), day(3), false},
		"after a failure alone":           {v1alpha1.RenewalInfo{Message: "it answered HTTP 503"}, day(2), day(3), false},
		"later than the first tenth":      {usual, day(11), day(12), false},
		"backwards":                       {usual, day(3), day(2), false},
		"nothing":                         {usual, time.Time{}, time.Time{}, false},
		"ends after the certificate":      {usual, day(2), day(101), false},
		"the same early window as before": {v1alpha1.RenewalInfo{Start: &metav1.Time{Time: day(2)}}, day(2), day(3), false},
	} {
		if got := movedForward(tt.before, tt.start, tt.end, leaf); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
}

func TestNextCheck(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 6 * time.Hour, "0": time.Minute, "-5": 6 * time.Hour, "3600": time.Hour, "99999999": 24 * time.Hour, "soon": 6 * time.Hour,
		born.Add(2 * time.Hour).Format("Mon, 02 Jan 2006 15:04:05 GMT"): 2 * time.Hour,
	} {
		if got := nextCheck(header, usualAsk, born).Sub(born); got != want {
			t.Errorf("Retry-After %q: %s, want %s", header, got, want)
		}
	}
}

// TestCertificateID has the example of RFC 9773 section 4.1.
func TestCertificateID(t *testing.T) {
	leaf := &x509.Certificate{
		AuthorityKeyId: []byte{0x69, 0x88, 0x5B, 0x6B, 0x87, 0x46, 0x40, 0x41, 0xE1, 0xB3, 0x7B, 0x84, 0x7B, 0xA0, 0xAE, 0x2C, 0xDE, 0x01, 0xC8, 0xD4},
		SerialNumber:   big.NewInt(0x8765_4321),
	}
	if got, want := CertificateID(leaf), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"; got != want {
		t.Errorf("CertificateID = %s, want %s", got, want)
	}
	leaf.AuthorityKeyId = nil
	if got := CertificateID(leaf); got != "" {
		t.Errorf("CertificateID without a key identifier = %s, want none", got)
	}
}
