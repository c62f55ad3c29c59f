// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"crypto/x509"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// check is what Inspect looks at once so that Evaluate need not.
type check uint8

// Checks that hold a pod unless it allows them, and remarks, which never do.
const (
	checkLeaf check = iota
	checkTemporary
	checkChain
	checkComplete
	checkKey
	checkSignature
	checkServerUsage
	remarkRoot
	remarkIntermediate
	remarkKeyUsage
)

// finding is a check that failed and the whole message about it.
type finding struct {
	check   check
	message string
}

// details is what Inspect keeps of a pair that can be loaded, beside the facts that are shown.
type details struct {
	findings []finding
	// starts and ends narrow the validity of the leaf to that of the intermediates.
	starts, ends turn
	// trust is about the authorities in ca.crt.
	trust *TrustFacts
}

// turn is a time at which the intermediates begin or cease to be valid and the message
// for when they are not. A zero time is none.
type turn struct {
	at      time.Time
	message string
}

// Details of most Secrets, held once.
var (
	plainDetails   = &details{trust: noAuthorities}
	trustedDetails = &details{trust: trustedForLife}
)

// examine runs the checks that need the certificates and not the time or a requirement. The authorities are those in ca.crt, and
// problem is why there are none.
func examine(s *corev1.Secret, certs []*x509.Certificate, authorities *Anchors, problem error) *details {
	ref := secretRef(s.Namespace, s.Name)
	d := &details{}
	add := func(c check, message string) {
		if message != "" {
			d.findings = append(d.findings, finding{c, ref + message})
		}
	}
	proof := prove(certs, authorities)
	d.trust = proof.facts(problem)
	chain := linkUp(certs)
	leaf := chain[0]

	add(checkLeaf, leafMessage(leaf.cert))
	add(checkTemporary, temporaryMessage(s, leaf.cert))
	if !proof.contains(chain) {
		add(checkChain, chain.brokenMessage())
	}
	add(checkComplete, chain.incompleteMessage(proof))
	add(checkKey, chain.weakKeyMessage())
	add(checkSignature, chain.weakSignatureMessage())
	add(checkServerUsage, serverUsageMessage(leaf.cert))
	add(remarkRoot, chain.rootMessage())
	d.starts, d.ends = chain.boundaries(ref)
	add(remarkIntermediate, chain.earlyEndMessage())
	add(remarkKeyUsage, keyUsageRemark(leaf.cert))

	if len(d.findings) == 0 && d.starts.at.IsZero() && d.ends.at.IsZero() {
		switch d.trust {
		case noAuthorities:
			return plainDetails
		case trustedForLife:
			return trustedDetails
		}
	}
	return d
}

// message returns what a check has found, or "".
func (d *details) message(c check) string {
	for i := range d.findings {
		if d.findings[i].check == c {
			return d.findings[i].message
		}
	}
	return ""
}
