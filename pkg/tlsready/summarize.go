// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"fmt"
	"slices"
	"strings"
)

// maxListedVerdicts bounds the failing Secrets in one message.
const maxListedVerdicts = 3

// severity orders reasons in a summary: first what a person must repair, last what
// passes by itself. Reasons that are not listed are repaired in the Secret.
var severity = map[Reason]int{
	InvalidDeclaration: -3,
	SecretsForbidden:   -2,
	SecretNotFound:     1,
	NotYetValid:        2,
	LookupPending:      3,
	NotSynced:          4,
}

// Summarize makes one verdict of those for all Secrets of a pod. It is ready only if all
// are. Otherwise reason and message begin with the worst; the message lists three failing
// Secrets and counts the rest; equally bad ones keep their order. RecheckAt is the
// earliest of all. No verdicts at all are ready.
func Summarize(verdicts []Verdict) Verdict {
	sum := Verdict{Ready: true, Reason: Ready}
	failing := 0
	for i := range verdicts {
		v := &verdicts[i]
		if !v.RecheckAt.IsZero() && (sum.RecheckAt.IsZero() || v.RecheckAt.Before(sum.RecheckAt)) {
			sum.RecheckAt = v.RecheckAt
		}
		if v.Ready {
			continue
		}
		failing++
		sum.Ready, sum.Reason, sum.Message = false, v.Reason, v.Message
	}
	if failing > 1 {
		sum.Reason, sum.Message = worst(verdicts, failing)
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
	messages := make([]string, 0, maxListedVerdicts)
	for _, v := range list[:min(len(list), maxListedVerdicts)] {
		messages = append(messages, v.Message)
	}
	text := strings.Join(messages, "; ")
	if rest := len(list) - len(messages); rest > 0 {
		text += fmt.Sprintf("; and %d more", rest)
	}
	return list[0].Reason, text
}
