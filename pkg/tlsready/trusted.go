// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// VerifyTrust does check 20 alone: it tells whether the authorities that the requirement
// names, read from anchorsPEM, vouch for the Secret's certificate. It parses and verifies
// everything anew; to evaluate often, keep the result of InspectTrust. An anchorsPEM
// without authorities gives TrustNotFound.
func VerifyTrust(s *corev1.Secret, anchorsPEM []byte, now time.Time, r declare.Requirement) Verdict {
	authorities, err := ParseAnchors(anchorsPEM)
	if err != nil {
		return TrustUnusable(s.Namespace, r, err.Error())
	}
	facts := Inspect(s)
	if facts.Fault != nil {
		return Verdict{Reason: facts.Fault.Reason, Message: facts.Fault.Message}
	}
	j := judgement{facts: facts, r: r, now: now}
	j.trusted(InspectTrust(s, authorities))
	return j.verdict()
}

// TrustUnusable is the verdict for a ConfigMap or ClusterTrustBundle that does not exist, may
// not be read or has no authorities. The problem continues a phrase that names it, such as
// "does not exist" or an error of ParseAnchors.
func TrustUnusable(namespace string, r declare.Requirement, problem string) Verdict {
	return Verdict{Reason: TrustNotFound, Message: secretRef(namespace, r.SecretName) +
		": the authorities that must have signed it are unknown: " + authoritiesRef(namespace, r.Trust) + " " + problem}
}

// authoritiesRef names the source of authorities for people.
func authoritiesRef(namespace string, t declare.Trust) string {
	switch t.Kind {
	case declare.TrustConfigMap:
		return "key " + printable(t.Key) + ` of configmap "` + namespace + "/" + printable(t.Name) + `"`
	case declare.TrustClusterTrustBundle:
		return `clustertrustbundle "` + printable(t.Name) + `"`
	}
	return trustKey
}

// trusted is check 20. Where a pod accepts what has expired, that counts for authorities
// and intermediates as well as for the leaf.
func (j *judgement) trusted(t *TrustFacts) bool {
	switch {
	case j.r.Trust.Kind == "" || j.temporary:
		return true
	case t == nil: // the caller asks the authorities
		return true
	case t.unusable != "":
		return j.hold(Untrusted, j.ref()+": "+authoritiesRef(j.facts.Namespace, j.r.Trust)+" "+t.unusable+", and the pod trusts only the authorities in it")
	case t.forLife:
		return true // the leaf's own validity has been checked
	}
	current, next, last := t.at(j.now)
	j.changesAt(next)
	switch source := authoritiesRef(j.facts.Namespace, j.r.Trust); {
	case current:
		return true
	case len(t.windows) == 0:
		return j.hold(Untrusted, j.ref()+": certificate is not signed by an authority in "+source+" ("+t.detail+")")
	case j.r.WarnExpired && !last.IsZero():
		if j.now.Before(j.facts.NotAfter) {
			j.waive(j.ref() + ": the authorities in " + source + " have vouched for the certificate until " + stamp(last))
		}
		return true
	case !next.IsZero():
		return j.hold(Untrusted, j.ref()+": the authorities in "+source+" vouch for the certificate from "+stamp(next)+" on")
	default:
		return j.hold(Untrusted, j.ref()+": the authorities in "+source+" have vouched for the certificate until "+stamp(last)+"; renew what expired then, an authority or an intermediate")
	}
}

// at tells whether now lies in a window, when that changes and when the last window
// before now has ended; zero times are never.
func (t *TrustFacts) at(now time.Time) (current bool, next, last time.Time) {
	for _, w := range t.windows {
		switch {
		case now.Before(w.start):
			return false, w.start, last
		case now.Before(w.end):
			return true, w.end, last
		}
		last = w.end
	}
	return false, time.Time{}, last
}
