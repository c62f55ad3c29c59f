// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import "time"

// RenewalTime returns when the next certificate is asked for:
//
//	birth + 2/3 x (notAfter - birth), or notAfter - renewBefore if that is set,
//
// birth being notBefore or, if it is later, issuedAt (zero: unknown). A renewBefore longer than half of the lifetime
// counts as half, so that no certificate is due when it is born.
func RenewalTime(notBefore, notAfter, issuedAt time.Time, renewBefore time.Duration) time.Time {
	birth := notBefore
	if issuedAt.After(birth) && issuedAt.Before(notAfter) {
		birth = issuedAt
	}
	lifetime := notAfter.Sub(birth)
	at := birth.Add(lifetime / 3 * 2)
	if renewBefore > 0 {
		at = notAfter.Add(-min(renewBefore, lifetime/2))
	}
	return at.Truncate(time.Second)
}
