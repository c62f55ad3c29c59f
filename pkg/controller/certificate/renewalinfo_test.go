// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
)

// TestCertificateID is the example of RFC 9773 section 4.1.
func TestCertificateID(t *testing.T) {
	aki, err := hex.DecodeString("69885b6b87464041e1b37b847bd2ae2cde01c8d4")
	if err != nil {
		t.Fatal(err)
	}
	got := acme.CertificateID(&x509.Certificate{AuthorityKeyId: aki, SerialNumber: big.NewInt(0x87654321)})
	if want := "aYhba4dGQEHhs3uEe9KuLN4ByNQ.AIdlQyE"; got != want {
		t.Errorf("CertificateID = %s, want %s", got, want)
	}
	if acme.CertificateID(&x509.Certificate{SerialNumber: big.NewInt(1)}) != "" {
		t.Error("a certificate without authority key identifier has an ID")
	}
}

// silent is an ACME server that does not answer.
type silent struct{ asked int }

func (s *silent) RenewalInfo(context.Context, *v1alpha1.TLSCertificate, v1alpha1.Issuer, *x509.Certificate) (*v1alpha1.RenewalInfo, error) {
	s.asked++
	return nil, errors.New("no answer")
}

func TestRenewalInfo(t *testing.T) {
	const day = 24 * time.Hour
	s := newServer(t)
	s.life, s.from, s.to = 90*day, 70*day, 72*day
	s.run()
	cert := s.run()
	info := cert.Status.ACME.RenewalInfo
	if s.asked != 1 || info == nil || info.CertificateID != acme.CertificateID(s.leaf()) {
		t.Fatalf("asked %d times: %+v", s.asked, info)
	}
	if at := cert.Status.RenewalTime.Time; at.Before(start.Add(70*day)) || at.After(start.Add(72*day)) {
		t.Errorf("renewalTime %s is not in the CA's window", at)
	}
	if want := start.Add(askAgain); !info.NextCheck.Time.Equal(want) {
		t.Errorf("nextCheck %s, want %s", info.NextCheck, want)
	}
	// The CA revokes: it moves the window.
	s.pass(30 * day)
	s.from, s.to = 29*day, 29*day+time.Hour
	if s.run(); s.issued != 2 {
		t.Errorf("%d certificates, want a second since the window has passed", s.issued)
	}
	s.from, s.to = 70*day, 72*day
	cert = s.run()
	if got := cert.Status.ACME.RenewalInfo; got.CertificateID != acme.CertificateID(s.leaf()) || s.issued != 2 {
		t.Errorf("after renewal: %+v, %d certificates", got, s.issued)
	}
	// While it does not answer, what it said stays.
	quiet := &silent{}
	s.RenewalInformer = quiet
	s.pass(askAgain)
	s.run()
	cert = s.run()
	got := cert.Status.ACME.RenewalInfo
	if quiet.asked != 1 || got.Start == nil || !strings.Contains(got.Message, "no answer") || !got.NextCheck.Time.Equal(s.clock.Now().Add(askAfterFailure)) {
		t.Errorf("asked %d times: %+v", quiet.asked, got)
	}
}
