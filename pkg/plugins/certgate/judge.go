// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// evaluator tells whether what a pod of the namespace declares is usable. It does not block.
type evaluator interface {
	Evaluate(namespace string, d declare.Declaration, now time.Time) tlsready.Verdict
}

// watch connects the plugin to its sources of change and starts its goroutines, which end with ctx.
func (pl *CertGate) watch(ctx context.Context, factory informers.SharedInformerFactory, source *tlssecrets.Source) error {
	pods := factory.Core().V1().Pods()
	pl.pods = pods.Lister()
	if _, err := pods.Informer().AddEventHandler(pl.waker.podHandler()); err != nil {
		return fmt.Errorf("adding a handler to the pod informer: %w", err)
	}
	source.OnChange(pl.waker.secretChanged)
	go source.Run(ctx)
	go pl.waker.run(ctx)
	go pl.faults.run(ctx)
	return nil
}

// judge returns nil if the pod may go on, else a status of the given code that says why not.
// A pod that is held is in the waiting index afterwards, one that may go on is not.
//
// The order of the steps is what keeps wake-ups from being lost: see the package comment.
func (pl *CertGate) judge(arg *v1.Pod, code fwk.Code) *fwk.Status {
	pl.waiting.Add(arg)
	pod, pending := pl.latest(arg)
	verdict := pl.evaluate(pod)
	observeEvaluation(verdict)
	if verdict.Ready {
		pl.release(pod)
		return nil
	}
	if pending {
		pl.hold(pod, verdict)
	} else {
		pl.waiting.Remove(pod.UID)
	}
	return fwk.NewStatus(code, verdict.Message)
}

// latest returns the lister's version of the pod, which may be newer than the queue's, and
// whether the pod still waits for a node. It falls back to arg if the lister has no such pod.
func (pl *CertGate) latest(arg *v1.Pod) (pod *v1.Pod, pending bool) {
	pod, err := pl.pods.Pods(arg.Namespace).Get(arg.Name)
	if err != nil || pod.UID != arg.UID {
		return arg, false
	}
	return pod, pod.Spec.NodeName == ""
}

// evaluate lists the pod's Secrets in the waiting index and then looks at them.
func (pl *CertGate) evaluate(pod *v1.Pod) tlsready.Verdict {
	if !declare.Declared(pod) {
		return tlsready.Verdict{Ready: true, Reason: tlsready.Ready}
	}
	declaration, known := pl.waiting.Declaration(pod)
	if !known {
		var err error
		if declaration, err = declare.Parse(pod); err != nil {
			pl.waiting.Require(pod, declare.Declaration{})
			return tlsready.Verdict{Reason: tlsready.InvalidDeclaration, Message: err.Error()}
		}
		pl.waiting.Require(pod, declaration)
	}
	return pl.secrets.Evaluate(pod.Namespace, declaration, pl.clock.Now())
}

// release takes the pod out of the waiting index.
func (pl *CertGate) release(pod *v1.Pod) {
	held, ok := pl.waiting.Remove(pod.UID)
	if !ok || held.Since.IsZero() {
		return
	}
	waited := pl.clock.Since(held.Since)
	observeWait(waited)
	pl.logger.V(2).Info("Released pod", "pod", klog.KObj(pod), "lastReason", held.Reason, "waited", waited)
}

// hold notes why the pod waits and arranges for its next look by the clock.
func (pl *CertGate) hold(pod *v1.Pod, verdict tlsready.Verdict) {
	now := pl.clock.Now()
	held, changed := pl.waiting.Hold(pod.UID, verdict.Reason, now)
	if changed {
		pl.logger.V(2).Info("Holding pod", "pod", klog.KObj(pod), "reason", verdict.Reason, "message", verdict.Message)
	}
	recheck := verdict.RecheckAt
	if grace, own := ownFault(verdict.Reason); own && !held.Reported {
		if report := held.ReasonSince.Add(grace); now.Before(report) {
			recheck = earliest(recheck, report)
		} else if pl.waiting.Report(pod.UID) {
			pl.faults.offer(fault{pod: pod, reason: verdict.Reason, message: verdict.Message})
		}
	}
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
