// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"time"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// needsReading reports whether the authorities are in an object that has to be read.
func needsReading(t declare.Trust) bool {
	return t.Kind == declare.TrustConfigMap || t.Kind == declare.TrustClusterTrustBundle
}

// trustRef names the object with the authorities for people.
func trustRef(namespace string, t declare.Trust) string {
	if t.Kind == declare.TrustClusterTrustBundle {
		return `clustertrustbundle "` + t.Name + `"`
	}
	return `configmap "` + namespace + "/" + t.Name + `"`
}

// nobody vouches for any certificate.
var nobody = &tlsready.TrustFacts{}

// judge is tlsready.Evaluate for a requirement whose authorities have to be read. It does no
// I/O, and asks for them only if the Secret is ready but for them.
func (t *trusts) judge(facts *tlsready.Facts, namespace string, r *declare.Requirement, now time.Time) tlsready.Verdict {
	if v := tlsready.EvaluateTrusted(facts, nobody, namespace, *r, now); v.Reason != tlsready.Untrusted {
		return v
	}
	answer, room := t.get(trustKey{namespace, r.SecretName, r.Trust}, version{facts.UID, facts.ResourceVersion})
	switch {
	case !room:
		return hold(tlsready.LookupPending, namespace, r.SecretName, "cannot be checked against "+trustRef(namespace, r.Trust)+" yet: "+noRoomText)
	case answer == nil:
		return hold(tlsready.LookupPending, namespace, r.SecretName, "is being checked against "+trustRef(namespace, r.Trust))
	case answer.problem != "":
		return tlsready.TrustUnusable(namespace, *r, answer.problem)
	case answer.refused != "":
		return hold(tlsready.SecretsForbidden, namespace, r.SecretName, answer.refused)
	}
	return tlsready.EvaluateTrusted(facts, answer.facts, namespace, *r, now)
}
