// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

const (
	// ownFaultGrace is how long a fault of the scheduler's own that mends itself at a start
	// may last before people are told.
	ownFaultGrace = 10 * time.Second
	// aloneGrace is how long a pod is held before the scheduler takes it that no controller
	// reports on it. The controller writes its condition within five seconds.
	aloneGrace = 10 * time.Second
	// tellInterval is the least time between two reports on one pod.
	tellInterval = 10 * time.Second
)

// Events that are not verdicts.
const (
	reasonTLSReady     = "TLSReady"
	reasonWaitTimedOut = "TLSWaitTimedOut"

	actionHolding   = "Holding"
	actionReleasing = "Releasing"
)

// tellFrom says from when on this plugin has to tell why the pod is held, if it has to. It
// tells faults of the scheduler's own, which nobody else knows, and everything about a pod on
// which no controller reports.
func tellFrom(pod *v1.Pod, h held, reason tlsready.Reason) (from time.Time, mine bool) {
	switch reason {
	case tlsready.SecretsForbidden:
		from = h.ReasonSince
	case tlsready.NotSynced, tlsready.NoReport, tlsready.ReportStale:
		from = h.ReasonSince.Add(ownFaultGrace)
	default:
		if podcondition.Of(pod) != nil {
			return from, false
		}
		from = h.Since.Add(aloneGrace)
	}
	if !h.ToldAt.IsZero() {
		from = latest(from, h.ToldAt.Add(tellInterval))
	}
	return from, true
}

// tellHeld has people told why the pod is held, unless they know. If it is too early, it
// returns the time to come back, else zero.
func (pl *CertGate) tellHeld(pod *v1.Pod, h held, verdict tlsready.Verdict, now time.Time) time.Time {
	from, mine := tellFrom(pod, h, verdict.Reason)
	if !mine {
		return time.Time{}
	}
	message := explain(pod, verdict)
	if h.Told == message {
		pl.settle(pod)
		return time.Time{}
	}
	if now.Before(from) {
		return from
	}
	r := report{pod: pod, again: slices.Contains(h.ToldReasons, verdict.Reason), settle: unschedulable(pod), event: podevent.Event{
		Type: v1.EventTypeWarning, Reason: string(verdict.Reason), Action: actionHolding, Note: message,
	}}
	if pl.waiting.Tell(pod.UID, verdict.Reason, message, now) && !pl.teller.offer(r) {
		pl.waiting.Untell(pod.UID, time.Time{})
		return now.Add(tellInterval)
	}
	return time.Time{}
}

// explain adds to a missing Secret that nobody looks for its issuer.
func explain(pod *v1.Pod, verdict tlsready.Verdict) string {
	switch {
	case verdict.Reason == tlsready.NoReport:
		return verdict.Message + "; check that it runs, or set source: Secrets in CertGateArgs"
	case verdict.Reason == tlsready.SecretNotFound && podcondition.Of(pod) == nil:
		return verdict.Message + "; no tollgate-controller reports on this pod, so who is to create it is not known here"
	}
	return verdict.Message
}

// tellReleased has people told that the pod goes on, if they were told that it is held or
// if it goes on without a usable Secret.
func (pl *CertGate) tellReleased(pod *v1.Pod, h held, verdict tlsready.Verdict) {
	e := podevent.Event{Action: actionReleasing}
	switch {
	case verdict.Reason == tlsready.WaitTimedOut && podcondition.Of(pod) == nil:
		e.Type, e.Reason, e.Note = v1.EventTypeWarning, reasonWaitTimedOut, verdict.Warning
	case h.Told != "":
		e.Type, e.Reason, e.Note = v1.EventTypeNormal, reasonTLSReady, "Secrets usable; held since "+h.Since.UTC().Format(time.RFC3339)
	default:
		return
	}
	pl.teller.offer(report{pod: pod, event: e})
}

// settle has the reason of condition PodScheduled corrected on a held pod that autoscalers
// count, where no controller does it.
func (pl *CertGate) settle(pod *v1.Pod) {
	if unschedulable(pod) {
		pl.teller.offer(report{pod: pod, settle: true})
	}
}

// unschedulable says whether autoscalers would buy a node for the pod, and nobody else but
// this plugin keeps them from it.
func unschedulable(pod *v1.Pod) bool {
	scheduled := podcondition.Get(pod, v1.PodScheduled)
	return scheduled != nil && scheduled.Status == v1.ConditionFalse && scheduled.Reason == v1.PodReasonUnschedulable &&
		podcondition.Of(pod) == nil
}

// untold has a report made again that was not written.
func (pl *CertGate) untold(r report, err error) {
	now := pl.clock.Now()
	if pl.teller.complain(now) {
		pl.logger.Error(err, "Failed to tell why a pod is held, retrying; other pods may be concerned too", "pod", klog.KObj(r.pod))
	}
	pl.waiting.Untell(r.pod.UID, now.Add(tellInterval))
	pl.waker.poke()
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
