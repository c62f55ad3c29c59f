// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"fmt"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// inspection is what the target Secret means for a TLSCertificate at a time.
type inspection struct {
	// facts of the Secret; nil if there is none.
	facts *tlsready.Facts
	// owned: the Secret was written for this TLSCertificate.
	owned bool
	// verdict for all names of the spec.
	verdict tlsready.Verdict
	// renewal is when the next certificate is asked for; zero unless the Secret is owned and can be read.
	renewal time.Time
	// need is why a certificate has to be issued; "" if none has.
	need string
}

// foreign reports whether the Secret is somebody else's, so that it is not written.
func (i inspection) foreign() bool { return i.facts != nil && !i.owned }

// policy returns why a certificate has to be issued although the Secret is owned and usable, or "".
type policy func(cert *v1alpha1.TLSCertificate, s *corev1.Secret, i inspection, now time.Time) string

// policies in the order in which they are asked.
var policies = []policy{
	issuerMatches,      // spec.issuerRef was changed
	fingerprintMatches, // somebody replaced the certificate
	algorithmMatches,   // spec.privateKey was changed
	notDue,             // it ends soon
}

// inspect is pure. s is nil if the Secret does not exist.
func inspect(cert *v1alpha1.TLSCertificate, s *corev1.Secret, now time.Time) inspection {
	requirement := declare.Requirement{
		SecretName: cert.Spec.SecretName,
		DNSNames:   append([]string(nil), cert.Spec.DNSNames...),
	}
	for _, text := range cert.Spec.IPAddresses {
		if addr, err := netip.ParseAddr(text); err == nil {
			text = addr.Unmap().String() // tlsready knows the canonical form
		}
		requirement.DNSNames = append(requirement.DNSNames, text)
	}
	i := inspection{}
	if s != nil {
		i.facts = tlsready.Inspect(s)
		i.owned = target.Owned(s, cert)
	}
	i.verdict = tlsready.Evaluate(i.facts, cert.Namespace, requirement, now)
	if i.owned && i.facts.Fault == nil {
		issuedAt, _ := time.Parse(time.RFC3339, s.Annotations[v1alpha1.IssuedAtAnnotation])
		var renewBefore time.Duration
		if cert.Spec.RenewBefore != nil {
			renewBefore = cert.Spec.RenewBefore.Duration
		}
		i.renewal = RenewalTime(i.facts.NotBefore, i.facts.NotAfter, issuedAt, renewBefore)
	}
	switch {
	case i.foreign():
		// Whatever it lacks, it is not ours to mend.
	case !i.verdict.Ready && i.verdict.Reason == tlsready.NotYetValid:
		// Another one would not be valid any sooner.
	case !i.verdict.Ready && !(asTheIssuerMadeIt[i.verdict.Reason] && fingerprintMatches(cert, s, i, now) == ""):
		i.need = i.verdict.Message
	default:
		for _, violated := range policies {
			if i.need = violated(cert, s, i, now); i.need != "" {
				break
			}
		}
	}
	return i
}

// asTheIssuerMadeIt are the faults of a certificate, or of its chain, that the issuer would
// repeat: issuing at once again would go on for ever. The next renewal may mend them.
var asTheIssuerMadeIt = map[tlsready.Reason]bool{
	tlsready.NotALeaf:            true,
	tlsready.ExpiresTooSoon:      true,
	tlsready.BrokenChain:         true,
	tlsready.IntermediateExpired: true,
	tlsready.WeakKey:             true,
	tlsready.WeakSignature:       true,
	tlsready.WrongUsage:          true,
}

func issuerMatches(cert *v1alpha1.TLSCertificate, s *corev1.Secret, _ inspection, _ time.Time) string {
	got, want := s.Annotations[v1alpha1.IssuerAnnotation], target.IssuerRef(cert)
	if got == want {
		return ""
	}
	return fmt.Sprintf("the certificate is from %q, spec.issuerRef is %s", got, want)
}

func fingerprintMatches(_ *v1alpha1.TLSCertificate, s *corev1.Secret, i inspection, _ time.Time) string {
	if s.Annotations[v1alpha1.FingerprintAnnotation] == i.facts.FingerprintSHA256 {
		return ""
	}
	return "the certificate is not the one that was issued"
}

func algorithmMatches(cert *v1alpha1.TLSCertificate, s *corev1.Secret, _ inspection, _ time.Time) string {
	key, err := pki.ParseKey(s.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return err.Error()
	}
	want := pki.ECDSA
	if cert.Spec.PrivateKey != nil && cert.Spec.PrivateKey.Algorithm != "" {
		want = cert.Spec.PrivateKey.Algorithm
	}
	if got := pki.AlgorithmOf(key.Public()); got != want {
		return fmt.Sprintf("the key is %s, spec.privateKey.algorithm is %s", got, want)
	}
	return ""
}

func notDue(_ *v1alpha1.TLSCertificate, _ *corev1.Secret, i inspection, now time.Time) string {
	if now.Before(i.renewal) {
		return ""
	}
	return fmt.Sprintf("renewal is due since %s", i.renewal.UTC().Format(time.RFC3339))
}
