// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// evaluate returns the gate's verdict on a pod, with who makes or repairs the Secrets
// added to its message. The text holds no relative times, so it changes only with the
// facts. known is false if the state of a Secret, or who makes it, still has to be found out.
func (r *reconciler) evaluate(ctx context.Context, pod *corev1.Pod) (verdict tlsready.Verdict, known bool, err error) {
	d, err := declare.Parse(pod)
	if err != nil {
		return tlsready.Verdict{Reason: tlsready.InvalidDeclaration, Message: err.Error()}, true, nil
	}
	now := r.clock.Now()
	whole := r.secrets.Evaluate(pod.Namespace, d, now)
	if whole.Ready && whole.Reason != tlsready.WaitTimedOut {
		return whole, true, nil
	}
	known = true
	verdicts := make([]tlsready.Verdict, len(d.Requirements))
	for i := range d.Requirements {
		verdicts[i] = r.secrets.Evaluate(pod.Namespace, declare.Declaration{Requirements: d.Requirements[i : i+1]}, now)
		known = known && verdicts[i].Reason != tlsready.LookupPending && verdicts[i].Reason != tlsready.NotSynced
	}
	if whole.Ready {
		// The pod goes on at once, but what was said of it before stays until more is known.
		return whole, known || !podcondition.Read(pod, now).Ready, nil
	}
	for i := range verdicts {
		explained, err := r.explain(ctx, pod.Namespace, d.Requirements[i].SecretName, &verdicts[i])
		if err != nil {
			return tlsready.Verdict{}, false, err
		}
		known = known && explained
	}
	return tlsready.Timeout(tlsready.Summarize(verdicts), d.Deadline, now), known, nil
}

// withDeadlock puts first that the pod waits for itself.
func (r *reconciler) withDeadlock(pod types.NamespacedName, v tlsready.Verdict) tlsready.Verdict {
	if v.Ready || r.deadlocks == nil {
		return v
	}
	if why := r.deadlocks.Of(pod); why != "" {
		v.Reason, v.Message = tlsready.Deadlock, why+"; "+v.Message
	}
	return v
}
