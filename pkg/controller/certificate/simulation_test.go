// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"crypto/x509"
	"math/rand/v2"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// server is an ACME server that issues at once, and that may behave badly.
type server struct {
	*env
	ca *tlstest.CA
	// life of its certificates; backdate is the part of it that has passed when they are issued.
	life, backdate time.Duration
	// window of renewal information from the certificate's notBefore on; none if both are zero.
	from, to time.Duration
	issued   int
	asked    int
}

// Run implements Executor.
func (s *server) Run(ctx context.Context, req acme.Request) (acme.Progress, error) {
	s.issued++
	now := s.clock.Now()
	certPEM, keyPEM := s.ca.Issue(tlstest.Options{
		DNSNames: req.Certificate.Spec.DNSNames, NotBefore: now.Add(-s.backdate), NotAfter: now.Add(s.life - s.backdate),
		Change: func(c *x509.Certificate) { c.AuthorityKeyId = []byte{1, 2, 3} },
	})
	written, err := target.Write(ctx, s.Client, s.Client, req.Certificate, target.Pair{ChainPEM: certPEM, KeyPEM: keyPEM}, now)
	return acme.Progress{Issued: written}, err
}

// Cleanup implements Executor.
func (s *server) Cleanup(context.Context, *v1alpha1.TLSCertificate) error { return nil }

// Release implements Executor.
func (s *server) Release(types.NamespacedName) {}

// RenewalInfo implements RenewalInformer.
func (s *server) RenewalInfo(_ context.Context, _ *v1alpha1.TLSCertificate, _ v1alpha1.Issuer, leaf *x509.Certificate) (*v1alpha1.RenewalInfo, error) {
	s.asked++
	if s.from == 0 && s.to == 0 {
		return nil, nil
	}
	return window(leaf.NotBefore.Add(s.from), leaf.NotBefore.Add(s.to)), nil
}

func newServer(t *testing.T) *server {
	issuer := internal("**.example.com")
	issuer.Spec.CA, issuer.Spec.ACME = nil, &v1alpha1.ACMEIssuer{}
	issuer.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: "True", ObservedGeneration: 1}}
	e := newEnvOf(t, issuer, web())
	s := &server{env: e, ca: tlstest.NewCAWith(t, tlstest.Options{NotAfter: start.AddDate(20, 0, 0)})}
	e.Executor, e.RenewalInformer, e.Recorder = s, s, nil
	return s
}

// simulate drives the reconciler for as long, and returns for how long the Secret was of no use after it had been written once.
func (s *server) simulate(whole time.Duration) (useless time.Duration, looks int) {
	s.Helper()
	key := client.ObjectKey{Namespace: "shop", Name: "web"}
	for end := s.clock.Now().Add(whole); s.clock.Now().Before(end); looks++ {
		before := s.issued
		result, err := s.Reconcile(s.Context(), ctrl.Request{NamespacedName: key})
		if err == nil && s.issued > before { // the written Secret wakes it again
			result, err = s.Reconcile(s.Context(), ctrl.Request{NamespacedName: key})
		}
		if err != nil {
			s.Fatal(err)
		}
		if result.RequeueAfter <= 0 {
			s.Fatalf("nothing wakes the TLSCertificate again after %s", s.clock.Now())
		}
		if left := leafOf(s.secret()).NotAfter.Sub(s.clock.Now()); left < result.RequeueAfter {
			useless += result.RequeueAfter - max(0, left)
		}
		s.pass(result.RequeueAfter)
	}
	return useless, looks
}

func TestNoLoops(t *testing.T) {
	const day = 24 * time.Hour
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := newServer(t)
		s.life = []time.Duration{30 * time.Second, 5 * time.Minute, time.Hour, day, 6 * day, 10 * day}[seed%6]
		s.life += time.Duration(r.Int64N(int64(s.life)/int64(time.Second)/2)) * time.Second
		s.backdate = min(time.Hour, s.life*time.Duration(r.IntN(50))/100).Truncate(time.Second)
		switch seed / 6 {
		case 1: // open at birth
			s.from, s.to = -time.Hour, s.life/2
		case 2: // soon after birth
			s.from, s.to = s.backdate+time.Second, s.backdate+2*time.Second
		case 3: // for ever
			s.from, s.to = s.life/2, 100*s.life
		}
		whole := min(14*day, 20*s.life)
		useless, looks := s.simulate(whole)
		left := s.life - s.backdate
		most := 2 + int(whole/(max(left/10, min(5*time.Minute, left/2))-time.Second))
		if seed/6 != 2 {
			most = 2 + int(whole/(left*2/5))
		}
		if s.issued > most || s.issued < 2 && whole > s.life {
			t.Errorf("seed %d, life %s, back-dated %s, window %s to %s: %d certificates in %s, want at most %d", seed, s.life, s.backdate, s.from, s.to, s.issued, whole, most)
		}
		if useless > 0 {
			t.Errorf("seed %d: the Secret was of no use for %s of %s", seed, useless, whole)
		}
		if s.asked > s.issued+int(whole/askAgain) || looks > 10*s.issued+int(whole/(20*time.Minute))+10 {
			t.Errorf("seed %d: asked %d times, looked %d times in %s", seed, s.asked, looks, whole)
		}
	}
}

// TestUselessCertificatesAreFailures has a CA whose certificates have ended when they come, or nearly.
func TestUselessCertificatesAreFailures(t *testing.T) {
	const day = 24 * time.Hour
	for name, tt := range map[string]struct{ life, backdate time.Duration }{
		"ended":          {90 * day, 91 * day},
		"seconds left":   {90 * day, 90*day - 8*time.Second},
		"a minute left":  {90 * day, 90*day - time.Minute},
		"a second lived": {time.Second, 0},
		"eight seconds":  {8 * time.Second, 0},
	} {
		s := newServer(t)
		s.life, s.backdate = tt.life, tt.backdate
		s.simulate(14 * day)
		// 1 min, 10 min, 100 min, then a day.
		if s.issued > 3+14+1 {
			t.Errorf("%s: %d certificates in two weeks", name, s.issued)
		}
		// It recovers when the CA does.
		s.life, s.backdate = 10*day, 0
		s.simulate(2 * day)
		cert := s.run()
		s.want(cert, v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
		if cert.Status.FailedAttempts != 0 {
			t.Errorf("%s: %d failed attempts are remembered", name, cert.Status.FailedAttempts)
		}
	}
}
