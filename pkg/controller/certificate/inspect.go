// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// inspection is what the target Secret means for a TLSCertificate at a time.
type inspection struct {
	// facts of the Secret; nil if there is none.
	facts *tlsready.Facts
	// owned: the Secret was written for this TLSCertificate.
	owned bool
	// unowned: nobody says that the Secret is theirs. It is kept, and renewed when it is due.
	unowned bool
	// rival is another TLSCertificate that has the Secret, or comes first; "" if there is none.
	rival string
	// verdict for all names of the spec.
	verdict tlsready.Verdict
	// renewal is when the next certificate is asked for; zero unless the Secret is owned or unowned and can be read.
	renewal time.Time
	// need is why a certificate has to be issued; "" if none has.
	need string
}

// foreign reports whether the Secret is somebody else's, so that it is not written.
func (i inspection) foreign() bool { return i.facts != nil && !i.owned && !i.unowned || i.rival != "" }

// inspect is pure. s is nil if the Secret does not exist.
func inspect(cert *v1alpha1.TLSCertificate, s *corev1.Secret, by origin, now time.Time) inspection {
	i := inspection{rival: by.rival}
	if s != nil {
		i.facts = tlsready.Inspect(s)
		i.owned = target.Owned(s, cert)
	}
	i.verdict = tlsready.Evaluate(i.facts, cert.Namespace, requirement(cert), now)
	i.unowned = i.facts != nil && !i.owned && i.rival == "" && (target.Unowned(s) || by.orphan) && adoptable(i.verdict)
	if (i.owned || i.unowned) && i.facts.Fault == nil {
		i.renewal = life(cert, s, by, i).RenewalTime()
	}
	x := subject{cert: cert, s: s, by: by, i: i, now: now}
	switch {
	case i.foreign():
		// Whatever it lacks, it is not ours to mend.
	case i.unowned && !i.verdict.Ready:
		i.need = i.verdict.Message
	case i.unowned:
		i.need = notDue(x)
	case !i.verdict.Ready && i.verdict.Reason == tlsready.NotYetValid:
		// Another one would not be valid any sooner.
	case !i.verdict.Ready && (!asTheIssuerMadeIt[i.verdict.Reason] || fingerprintMatches(x) != ""):
		i.need = i.verdict.Message
	default:
		for _, violated := range policies {
			if i.need = violated(x); i.need != "" {
				break
			}
		}
	}
	return i
}

// adoptable: a certificate that serves, or did until it ended. A damaged one may be about to be mended by whoever made it.
func adoptable(v tlsready.Verdict) bool {
	return v.Ready || v.Reason == tlsready.Expired || v.Reason == tlsready.ExpiresTooSoon
}

// requirement is what the spec asks of the Secret.
func requirement(cert *v1alpha1.TLSCertificate) declare.Requirement {
	r := declare.Requirement{
		SecretName: cert.Spec.SecretName,
		DNSNames:   slices.Clone(cert.Spec.DNSNames),
		URIs:       slices.Compact(slices.Sorted(slices.Values(cert.Spec.URIs))),
	}
	if slices.Contains(cert.Spec.Usages, ca.ClientAuth) && !slices.Contains(cert.Spec.Usages, ca.ServerAuth) {
		r.Usage = declare.UsageClient
	}
	for _, text := range cert.Spec.IPAddresses {
		if addr, err := netip.ParseAddr(text); err == nil {
			text = addr.Unmap().String() // tlsready knows the canonical form
		}
		r.DNSNames = append(r.DNSNames, text)
	}
	return r
}

// life is what the time of renewal depends on.
func life(cert *v1alpha1.TLSCertificate, s *corev1.Secret, by origin, i inspection) Life {
	leaf := leafOf(s)
	l := Life{
		NotBefore: i.facts.NotBefore, NotAfter: i.facts.NotAfter, Jitter: Jitter(cert),
		Window: renewalInfo(cert, leaf),
	}
	l.Moved = acme.Moved(l.Window)
	if i.owned { // who signed what was only found there does not matter
		l.SupersededAt = by.supersededAt(leaf)
	}
	// A time that cannot be read is unknown.
	l.IssuedAt, _ = time.Parse(time.RFC3339, s.Annotations[v1alpha1.IssuedAtAnnotation])
	if cert.Spec.RenewBefore != nil {
		l.RenewBefore = cert.Spec.RenewBefore.Duration
	}
	if cert.Spec.RenewBeforePercentage != nil {
		l.Percentage = *cert.Spec.RenewBeforePercentage
	}
	return l
}
