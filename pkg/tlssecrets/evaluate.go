// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"time"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// Evaluate tells whether everything that a pod of the namespace declares is usable at the
// given time. It never blocks. A Secret of another type is dropped if the declaration
// found it by itself and a fault if it was listed by name. Whatever is not known holds.
func (s *Source) Evaluate(namespace string, d declare.Declaration, now time.Time) tlsready.Verdict {
	var few [4]tlsready.Verdict
	verdicts := few[:0]
	for _, r := range d.Requirements {
		facts, state, err := s.get(namespace, r.SecretName)
		switch state {
		case OtherType:
			if r.Auto {
				continue
			}
		case Pending:
			verdicts = append(verdicts, hold(tlsready.LookupPending, namespace, r.SecretName, "is not among the TLS Secrets and is being looked up"))
			continue
		case NotSynced:
			// The pod's other Secrets are unknown for the same reason.
			return hold(tlsready.NotSynced, namespace, r.SecretName, "cannot be judged before the TLS Secrets are listed for the first time")
		case Forbidden:
			return hold(tlsready.SecretsForbidden, namespace, r.SecretName, "cannot be read: "+err.Error())
		}
		verdicts = append(verdicts, tlsready.Evaluate(facts, namespace, r, now))
	}
	return tlsready.Summarize(verdicts)
}

func hold(reason tlsready.Reason, namespace, name, text string) tlsready.Verdict {
	return tlsready.Verdict{Reason: reason, Message: `secret "` + namespace + "/" + name + `" ` + text}
}
