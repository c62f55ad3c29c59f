// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"fmt"
	"time"
)

// defaultRemaining is the longest that is asked for by default; for short-lived
// certificates it is a twentieth of their lifetime.
const (
	defaultRemaining         = 5 * time.Minute
	defaultRemainingFraction = 20
)

// remaining returns for how long the certificate must still be valid. What a pod asks for is
// held below half of the lifetime: otherwise a certificate that lives shorter than the pod
// thinks would never be good enough, however often it is renewed.
func (j *judgement) remaining() time.Duration {
	lifetime := max(0, j.facts.NotAfter.Sub(j.facts.NotBefore))
	if j.r.MinRemaining <= 0 {
		return min(defaultRemaining, lifetime/defaultRemainingFraction)
	}
	return min(j.r.MinRemaining, max(0, lifetime/2-time.Second))
}

// begun is check 10.
func (j *judgement) begun() bool {
	if !j.now.Before(j.facts.NotBefore) {
		return true
	}
	j.changesAt(j.facts.NotBefore)
	return j.hold(NotYetValid, j.ref()+": certificate becomes valid at "+stamp(j.facts.NotBefore)+
		" (if that is a surprise, compare the clocks of the CA and of this machine)")
}

// lasting is checks 11 and 12.
func (j *judgement) lasting() bool {
	var reason Reason
	var message string
	switch remaining := j.remaining(); {
	case !j.now.Before(j.facts.NotAfter):
		reason, message = Expired, j.ref()+": certificate expired at "+stamp(j.facts.NotAfter)+"; renew it"
	case !j.now.Before(j.facts.NotAfter.Add(-remaining)):
		j.changesAt(j.facts.NotAfter)
		reason, message = ExpiresTooSoon, j.ref()+": "+j.tooSoonMessage(remaining)
	default:
		j.changesAt(j.facts.NotAfter.Add(-remaining))
		return true
	}
	if j.r.WarnExpired {
		return j.waive(message)
	}
	return j.hold(reason, message)
}

func (j *judgement) tooSoonMessage(remaining time.Duration) string {
	why := "the pod asks for"
	switch {
	case j.r.MinRemaining <= 0:
		why = "a pod asks for by default"
	case remaining < j.r.MinRemaining:
		why = "remains of the " + j.r.MinRemaining.String() + " that the pod asks for, as it may not ask for half of the lifetime"
	}
	return fmt.Sprintf("certificate expires at %s, within the %s that %s; renew it", stamp(j.facts.NotAfter), remaining, why)
}
