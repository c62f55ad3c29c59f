// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// maxProbes bounds the calls of x509.Verify for one Secret. One is enough unless authorities
// or intermediates begin or end within the validity of the leaf. There are fewer if they
// would exceed maxWork together.
const maxProbes = 4

// TrustFacts says when authorities vouch for the certificate of one version of a Secret.
// They are immutable.
type TrustFacts struct {
	// uid and version are those of the Secret; empty if the facts are shared.
	uid     types.UID
	version string
	// forLife: they vouch for it from notBefore to notAfter of the leaf; windows is empty then.
	forLife bool
	// windows are the times at which they do: ascending, apart, within the validity of the leaf.
	windows []window
	// unusable says why there are no authorities, "" if there are; it continues "ca.crt ".
	unusable string
	// detail says why they never do.
	detail string
}

// window is a time from start up to, not including, end.
type window struct{ start, end time.Time }

// Facts about trust that most Secrets share.
var (
	noAuthorities  = &TrustFacts{unusable: errNoAnchors.Error()}
	trustedForLife = &TrustFacts{forLife: true}
)

// InspectTrust verifies the signatures of a Secret's certificates against authorities,
// once for each pair of versions, within the limits of Inspect. EvaluateTrusted then only
// looks up.
func InspectTrust(s *corev1.Secret, authorities *Anchors) (t *TrustFacts) {
	t = &TrustFacts{}
	defer func() {
		if recover() != nil { // as in Inspect: a bug in a parser must not end the process
			*t = TrustFacts{detail: "its certificates cannot be verified"}
		}
		t.uid, t.version = s.UID, s.ResourceVersion
	}()
	certs, fault := parseCertificates(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey])
	switch {
	case authorities == nil:
		*t = *noAuthorities
	case fault != nil:
		t.detail = "tls.crt cannot be parsed"
	default:
		*t = *prove(certs, authorities).facts(nil)
	}
	return t
}

// Of reports whether the facts are about this version of the Secret.
func (t *TrustFacts) Of(f *Facts) bool { return t.uid == f.UID && t.version == f.ResourceVersion }

// proof is what x509.Verify has found.
type proof struct {
	leaf *x509.Certificate
	// anchors are the authorities with the right names.
	anchors []*x509.Certificate
	windows []window
	// chains are those that are valid at the beginning of the first window.
	chains [][]*x509.Certificate
	detail string
	// tooMuch: it would take too long to find anything.
	tooMuch bool
}

// prove finds when there is a chain of valid certificates from the leaf to an authority.
// The validity of a chain begins with that of one of its certificates. So it looks at the
// notBefore of each, and at the end of a chain for another that takes over.
func prove(certs []*x509.Certificate, authorities *Anchors) proof {
	p := proof{leaf: certs[0]}
	if authorities == nil {
		return p
	}
	anchors := authorities.relevant(certs)
	p.anchors = anchors
	if len(anchors) == 0 {
		p.detail = strangers(certs, authorities)
		return p
	}
	work, each := maxWork-chainWork(certs)-anchorWork(certs, anchors), max(1, pathWork(certs, anchors))
	if work < each {
		p.anchors, p.tooMuch = nil, true
		return p
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, cert := range certs[1:] {
		intermediates.AddCert(cert)
	}
	for _, cert := range anchors {
		roots.AddCert(cert)
	}
	starts := beginnings(p.leaf, certs, anchors)
	at := p.leaf.NotBefore
	for range min(maxProbes, work/each) {
		if at.IsZero() {
			at = at.Add(time.Second) // x509.Verify would take the clock's time
		}
		chains, err := p.leaf.Verify(x509.VerifyOptions{
			Roots:         roots,
			Intermediates: intermediates,
			CurrentTime:   at,
			KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, // WrongUsage is a check of its own
		})
		if err != nil && p.detail == "" {
			p.detail = untrustedBecause(err, certs, anchors)
		}
		if end := furthestEnd(chains, p.leaf.NotAfter); end.After(at) {
			if len(p.windows) == 0 {
				p.chains = chains
			}
			p.add(window{at.UTC(), end.UTC()})
			at = end
			if at.Before(p.leaf.NotAfter) {
				continue
			}
			break
		}
		next := slices.IndexFunc(starts, func(t time.Time) bool { return t.After(at) })
		if next < 0 {
			break
		}
		at = starts[next]
	}
	return p
}

// add appends a window or lengthens the last one.
func (p *proof) add(w window) {
	if last := len(p.windows) - 1; last >= 0 && p.windows[last].end.Equal(w.start) {
		p.windows[last].end = w.end
		return
	}
	p.windows = append(p.windows, w)
}

// beginnings returns when certificates become valid while the leaf is, ascending.
func beginnings(leaf *x509.Certificate, groups ...[]*x509.Certificate) []time.Time {
	var starts []time.Time
	for _, group := range groups {
		for _, cert := range group {
			if cert.NotBefore.After(leaf.NotBefore) && cert.NotBefore.Before(leaf.NotAfter) {
				starts = append(starts, cert.NotBefore)
			}
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	return slices.CompactFunc(starts, time.Time.Equal)
}

// furthestEnd returns the latest time up to which one of the chains is valid as a whole.
func furthestEnd(chains [][]*x509.Certificate, limit time.Time) time.Time {
	var furthest time.Time
	for _, chain := range chains {
		end := limit
		for _, cert := range chain {
			if cert.NotAfter.Before(end) {
				end = cert.NotAfter
			}
		}
		if end.After(furthest) {
			furthest = end
		}
	}
	return furthest
}

// facts condenses the proof; problem is that of ParseAnchors.
func (p proof) facts(problem error) *TrustFacts {
	switch {
	case errors.Is(problem, errNoAnchors):
		return noAuthorities
	case problem != nil:
		return &TrustFacts{unusable: problem.Error()}
	case p.tooMuch:
		return &TrustFacts{unusable: errTooMuchWork.Error()}
	case len(p.windows) == 1 && p.windows[0].start.Equal(p.leaf.NotBefore) && p.windows[0].end.Equal(p.leaf.NotAfter):
		return trustedForLife
	case len(p.windows) > 0:
		return &TrustFacts{windows: slices.Clip(p.windows)}
	}
	return &TrustFacts{detail: p.detail}
}

// contains reports whether the chain is part of a verified one, so that its signatures need
// not be verified again.
func (p proof) contains(c chain) bool {
	return slices.ContainsFunc(p.chains, func(verified []*x509.Certificate) bool {
		return len(verified) >= len(c) && slices.EqualFunc(c, verified[:len(c)], func(l link, cert *x509.Certificate) bool { return l.cert.Equal(cert) })
	})
}
