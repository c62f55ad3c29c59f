// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import "time"

// Timeout lets a pod that is not ready go on once its deadline has passed. Before that the
// deadline is a time at which the verdict changes. A zero deadline changes nothing.
func Timeout(v Verdict, deadline, now time.Time) Verdict {
	switch {
	case v.Ready || deadline.IsZero():
		return v
	case now.Before(deadline):
		if v.RecheckAt.IsZero() || deadline.Before(v.RecheckAt) {
			v.RecheckAt = deadline
		}
		return v
	}
	return Verdict{
		Ready: true, Reason: WaitTimedOut, RecheckAt: time.Time{},
		Warning: "waited until " + stamp(deadline) + ", as the pod asked; " + v.Message,
	}
}
