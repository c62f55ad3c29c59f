// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// Judge is Evaluate for what the pod declares: InvalidDeclaration if that is malformed,
// Ready if it declares nothing. It never blocks.
func (s *Source) Judge(pod *corev1.Pod, now time.Time) tlsready.Verdict {
	d, err := declare.Parse(pod)
	if err != nil {
		return tlsready.Verdict{Reason: tlsready.InvalidDeclaration, Message: err.Error()}
	}
	return s.Evaluate(pod.Namespace, d, now)
}

// Evaluate tells whether everything that a pod of the namespace declares is usable at the
// given time, or the deadline of the declaration has passed. It never blocks. A Secret of
// another type is dropped if the declaration found it by itself and a fault if it was
// listed by name. Whatever is not known holds.
func (s *Source) Evaluate(namespace string, d declare.Declaration, now time.Time) tlsready.Verdict {
	var few [4]tlsready.Verdict
	verdicts := few[:0]
	for i := range d.Requirements {
		verdict, counts := s.evaluate(namespace, &d.Requirements[i], now)
		if verdict.Reason == tlsready.NotSynced {
			// The pod's other Secrets are unknown for the same reason.
			verdicts = append(few[:0], verdict)
			break
		}
		if counts {
			verdicts = append(verdicts, verdict)
		}
	}
	return tlsready.Timeout(tlsready.Summarize(verdicts), d.Deadline, now)
}

// evaluate judges one Secret; counts is false if it does not matter to the pod.
func (s *Source) evaluate(namespace string, r *declare.Requirement, now time.Time) (verdict tlsready.Verdict, counts bool) {
	facts, state, err := s.get(namespace, r.SecretName)
	switch state {
	case OtherType:
		if r.Auto {
			return tlsready.Verdict{}, false
		}
	case Pending:
		switch {
		case errors.Is(err, errChecking):
			return hold(tlsready.LookupPending, namespace, r.SecretName, "is being checked, which takes long with such large keys or so many certificates"), true
		case err != nil:
			return hold(tlsready.LookupPending, namespace, r.SecretName, "is not among the TLS Secrets and is not looked up yet: "+noRoomText), true
		}
		return hold(tlsready.LookupPending, namespace, r.SecretName, "is not among the TLS Secrets and is being looked up"), true
	case NotSynced:
		if err != nil {
			return hold(tlsready.NotSynced, namespace, r.SecretName, "cannot be judged: "+err.Error()), true
		}
		return hold(tlsready.NotSynced, namespace, r.SecretName, "cannot be judged before the TLS Secrets are listed for the first time"), true
	case Forbidden:
		return hold(tlsready.SecretsForbidden, namespace, r.SecretName, "cannot be read: "+err.Error()), true
	}
	if needsReading(r.Trust) {
		return s.trusts.judge(facts, namespace, r, now), true
	}
	return tlsready.Evaluate(facts, namespace, *r, now), true
}

// noRoomText says what a person can do about a namespace that asks for too much.
var noRoomText = fmt.Sprintf("this namespace asks for more than %d lookups, or the cluster for more than %d; it follows when there is room; "+
	"delete pods that wait for Secrets that nobody makes", maxPerNamespace, maxRemembered)

func hold(reason tlsready.Reason, namespace, name, text string) tlsready.Verdict {
	return tlsready.Verdict{Reason: reason, Message: `secret "` + namespace + "/" + name + `" ` + text}
}
