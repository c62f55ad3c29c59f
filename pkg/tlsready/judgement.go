// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"slices"
	"time"
	"unique"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// judgement is an evaluation under way. Its checks return false to end it with a hold.
type judgement struct {
	facts *Facts
	r     declare.Requirement
	now   time.Time

	// held is why the pod is held, "" if it is not, and message says so to people.
	held    Reason
	message string
	// until is when an outcome of the checks so far changes; zero is never.
	until time.Time
	// waived are failures that do not hold this pod; remarks would hold none.
	waived, remarks []string
	// temporary: the certificate is temporary and the pod accepts that.
	temporary bool
}

func (j *judgement) verdict() Verdict {
	if j.held != "" {
		return Verdict{Reason: j.held, Message: j.message, RecheckAt: j.until}
	}
	return Verdict{Ready: true, Reason: Ready, RecheckAt: j.until, Warning: j.warning()}
}

func (j *judgement) ref() string { return secretRef(j.facts.Namespace, j.facts.Name) }

// hold ends the evaluation.
func (j *judgement) hold(reason Reason, message string) bool {
	j.held, j.message = reason, message
	return false
}

// waive goes on with a warning.
func (j *judgement) waive(message string) bool {
	j.waived = append(j.waived, message)
	return true
}

// remark adds a warning of the lesser kind if there is something to say.
func (j *judgement) remark(c check) {
	if message := j.found(c); message != "" {
		j.remarks = append(j.remarks, message)
	}
}

// changesAt notes when the outcome of a check changes by itself.
func (j *judgement) changesAt(t time.Time) {
	if t.After(j.now) && (j.until.IsZero() || t.Before(j.until)) {
		j.until = t
	}
}

// found returns what Inspect has found, or "".
func (j *judgement) found(c check) string {
	if j.facts.details == nil {
		return ""
	}
	return j.facts.details.message(c)
}

// passes is a check that Inspect has made and that the pod may switch off.
func (j *judgement) passes(c check, reason Reason) bool {
	message := j.found(c)
	return message == "" || j.holdUnlessAllowed(reason, message)
}

func (j *judgement) holdUnlessAllowed(reason Reason, message string) bool {
	if slices.Contains(j.r.Allow, string(reason)) {
		return j.waive(message)
	}
	return j.hold(reason, message)
}

// permanent is check 9.
func (j *judgement) permanent() bool {
	message := j.found(checkTemporary)
	if message == "" {
		return true
	}
	if !j.r.AllowTemporary {
		return j.hold(Temporary, message)
	}
	j.temporary = true
	return j.waive(message)
}

// complete is check 15. A temporary certificate has no chain, and a pod that accepts one
// accepts that.
func (j *judgement) complete() bool {
	j.remark(remarkRoot)
	if message := j.found(checkComplete); message != "" && j.r.RequireChain && !j.temporary {
		return j.hold(IncompleteChain, message)
	}
	if !j.temporary {
		j.remark(checkComplete)
	}
	return true
}

// intermediatesValid is check 16.
func (j *judgement) intermediatesValid() bool {
	d := j.facts.details
	if d == nil {
		return true
	}
	if j.now.Before(d.starts.at) {
		j.changesAt(d.starts.at)
		return j.hold(IntermediateExpired, d.starts.message)
	}
	switch {
	case d.ends.at.IsZero():
	case j.now.Before(d.ends.at):
		j.changesAt(d.ends.at)
		j.remark(remarkIntermediate)
	case j.r.WarnExpired:
		return j.waive(d.ends.message)
	default:
		return j.hold(IntermediateExpired, d.ends.message)
	}
	return true
}

// usable is check 19.
func (j *judgement) usable() bool {
	if j.r.Usage == declare.UsageClient {
		var none unique.Handle[string]
		return j.facts.clientFault == none || j.holdUnlessAllowed(WrongUsage, j.ref()+j.facts.clientFault.Value())
	}
	j.remark(remarkKeyUsage)
	return j.passes(checkServerUsage, WrongUsage)
}
