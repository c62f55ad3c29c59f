// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"time"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// Evaluate tells whether the Secret with these facts meets the requirement at the given
// time; nil facts stand for a Secret that does not exist. It only looks up: the same facts
// always give the same message until the verdict changes. Authorities outside the Secret
// are not asked: see EvaluateTrusted.
func Evaluate(facts *Facts, namespace string, r declare.Requirement, now time.Time) Verdict {
	var trust *TrustFacts
	if facts != nil && r.Trust.Kind == declare.TrustSecret {
		trust = noAuthorities
		if facts.details != nil {
			trust = facts.details.trust
		}
	}
	return evaluate(facts, trust, namespace, r, now)
}

// EvaluateTrusted is Evaluate where the authorities of the requirement are in a ConfigMap or
// ClusterTrustBundle. The trust facts must be of the same version of the Secret.
func EvaluateTrusted(facts *Facts, trust *TrustFacts, namespace string, r declare.Requirement, now time.Time) Verdict {
	return evaluate(facts, trust, namespace, r, now)
}

// evaluate runs the checks in their order; the first that fails decides. Reading, parsing and
// matching the pair are the first seven, of which the outcome is facts.Fault.
func evaluate(facts *Facts, trust *TrustFacts, namespace string, r declare.Requirement, now time.Time) Verdict {
	switch {
	case facts == nil:
		return Verdict{Reason: SecretNotFound, Message: secretRef(namespace, r.SecretName) + " does not exist"}
	case facts.Fault != nil:
		return Verdict{Reason: facts.Fault.Reason, Message: facts.Fault.Message}
	}
	j := judgement{facts: facts, r: r, now: now}
	_ = j.passes(checkLeaf, NotALeaf) &&
		j.permanent() &&
		j.begun() &&
		j.lasting() &&
		j.named() &&
		j.passes(checkChain, BrokenChain) &&
		j.complete() &&
		j.intermediatesValid() &&
		j.passes(checkKey, WeakKey) &&
		j.passes(checkSignature, WeakSignature) &&
		j.usable() &&
		j.trusted(trust)
	return j.verdict()
}
