// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// maxWarningBytes bounds the warning of one Secret, in bytes.
const maxWarningBytes = 800

// warning is one line: what holds other pods comes before mere remarks, each in the order of
// the checks. The Secret is named once.
func (j *judgement) warning() string {
	switch {
	case len(j.waived)+len(j.remarks) == 0:
		return ""
	case len(j.waived) == 0 && len(j.remarks) == 1:
		return j.remarks[0]
	case len(j.waived) == 1 && len(j.remarks) == 0:
		return j.waived[0]
	}
	ref := j.ref()
	parts := make([]string, 0, len(j.waived)+len(j.remarks))
	for _, message := range slices.Concat(j.waived, j.remarks) {
		parts = append(parts, strings.TrimPrefix(strings.TrimPrefix(message, ref), ":"))
	}
	return text.Truncate(ref+":"+strings.Join(parts, ";"), maxWarningBytes)
}
