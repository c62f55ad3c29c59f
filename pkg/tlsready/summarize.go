// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"fmt"
	"slices"
	"strings"
)

// maxListedVerdicts bounds the failing Secrets in one message, and those with a warning.
const maxListedVerdicts = 3

// severity orders reasons in a summary: first what a person must repair, last what
// passes by itself. Reasons that are not listed are repaired in the Secret.
var severity = map[Reason]int{
	InvalidDeclaration: -3,
	SecretsForbidden:   -2,
	Deadlock:           -1,
	Temporary:          1,
	SecretNotFound:     1,
	NotYetValid:        2,
	LookupPending:      3,
	NotSynced:          4,
}

// Summarize makes one verdict of those for all Secrets of a pod. It is ready only if all
// are. Otherwise reason and message begin with the worst; the message lists three failing
// Secrets and counts the rest; equally bad ones keep their order. RecheckAt is the
// earliest of all. The warnings of a ready summary are listed in the same way, in the order of
// the verdicts. No verdicts at all are ready.
func Summarize(verdicts []Verdict) Verdict {
	sum := Verdict{Ready: true, Reason: Ready}
	failing, warning := 0, 0
	for i := range verdicts {
		v := &verdicts[i]
		if !v.RecheckAt.IsZero() && (sum.RecheckAt.IsZero() || v.RecheckAt.Before(sum.RecheckAt)) {
			sum.RecheckAt = v.RecheckAt
		}
		if v.Warning != "" {
			warning++
			sum.Warning = v.Warning
		}
		if v.Ready {
			continue
		}
		failing++
		sum.Ready, sum.Reason, sum.Message = false, v.Reason, v.Message
	}
	switch {
	case failing > 0:
		sum.Warning = ""
		if failing > 1 {
			sum.Reason, sum.Message = worst(verdicts, failing)
		}
	case warning > 1:
		warnings := make([]string, 0, warning)
		for _, v := range verdicts {
			if v.Warning != "" {
				warnings = append(warnings, v.Warning)
			}
		}
		sum.Warning = listMessages(warnings)
	}
	return sum
}

func worst(verdicts []Verdict, failing int) (Reason, string) {
	list := make([]Verdict, 0, failing)
	for _, v := range verdicts {
		if !v.Ready {
			list = append(list, v)
		}
	}
	slices.SortStableFunc(list, func(a, b Verdict) int { return severity[a.Reason] - severity[b.Reason] })
	messages := make([]string, 0, failing)
	for _, v := range list {
		messages = append(messages, v.Message)
	}
	return list[0].Reason, listMessages(messages)
}

// listMessages joins the first messages and counts the rest.
func listMessages(messages []string) string {
	text := strings.Join(messages[:min(len(messages), maxListedVerdicts)], "; ")
	if rest := len(messages) - maxListedVerdicts; rest > 0 {
		text += fmt.Sprintf("; and %d more", rest)
	}
	return text
}
