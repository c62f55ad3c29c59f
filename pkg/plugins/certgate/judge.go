// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// judge returns nil if the pod may go on, else a status of the given code that says why not.
// A pod that is held is in the waiting index afterwards, one that may go on is not.
//
// The order of the steps is what keeps wake-ups from being lost: see the package comment.
func (pl *CertGate) judge(arg *v1.Pod, code fwk.Code) *fwk.Status {
	pl.waiting.Add(arg)
	pod, pending := pl.current(arg)
	verdict := pl.evaluate(pod)
	observeEvaluation(verdict)
	if verdict.Ready {
		pl.release(pod, verdict)
		return nil
	}
	if pending {
		pl.hold(pod, verdict)
	} else {
		pl.waiting.Remove(pod.UID)
	}
	return fwk.NewStatus(code, verdict.Message)
}

// current returns the lister's version of the pod, which may be newer than the queue's, and
// whether the pod still waits for a node. It falls back to arg if the lister has no such pod.
func (pl *CertGate) current(arg *v1.Pod) (pod *v1.Pod, pending bool) {
	pod, err := pl.pods.Pods(arg.Namespace).Get(arg.Name)
	if err != nil || pod.UID != arg.UID {
		return arg, false
	}
	return pod, pod.Spec.NodeName == ""
}

// evaluate lists the pod's Secrets in the waiting index and then looks at them.
func (pl *CertGate) evaluate(pod *v1.Pod) tlsready.Verdict {
	if !pl.exempt.Gated(pod) {
		return tlsready.Verdict{Ready: true, Reason: tlsready.Ready}
	}
	declaration, invalid, known := pl.waiting.Declaration(pod)
	if !known {
		declaration, invalid = declare.Parse(pod)
		pl.waiting.Require(pod, declaration, invalid)
	}
	if invalid != nil {
		return tlsready.Verdict{Reason: tlsready.InvalidDeclaration, Message: invalid.Error()}
	}
	return pl.source.Evaluate(pod, declaration, pl.clock.Now())
}

// release takes the pod out of the waiting index.
func (pl *CertGate) release(pod *v1.Pod, verdict tlsready.Verdict) {
	held, ok := pl.waiting.Remove(pod.UID)
	if !ok || held.Since.IsZero() {
		return
	}
	waited := pl.clock.Since(held.Since)
	observeWait(waited)
	pl.logger.V(2).Info("Released pod", "pod", klog.KObj(pod), "lastReason", held.Reason, "waited", waited, "warning", verdict.Warning)
	pl.tellReleased(pod, held, verdict)
}

// hold notes why the pod waits and arranges for its next look by the clock.
func (pl *CertGate) hold(pod *v1.Pod, verdict tlsready.Verdict) {
	now := pl.clock.Now()
	held, changed := pl.waiting.Hold(pod.UID, verdict.Reason, now)
	if changed {
		pl.logger.V(2).Info("Holding pod", "pod", klog.KObj(pod), "reason", verdict.Reason, "message", verdict.Message)
	}
	recheck := earliest(verdict.RecheckAt, pl.tellHeld(pod, held, verdict, now))
	if !recheck.IsZero() && !recheck.After(now) {
		recheck = now.Add(minRecheck)
	}
	if pl.waiting.WakeAt(pod.UID, recheck) {
		pl.waker.poke()
	}
}

// minRecheck bounds how often the clock makes a pod be judged again.
const minRecheck = time.Second

// earliest returns the earlier of two times, of which the zero time is the latest.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
