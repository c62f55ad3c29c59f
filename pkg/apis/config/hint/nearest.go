// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package hint

import "github.com/tollgate-dev/tollgate/pkg/apis/config/nearest"

// Nearest returns the candidate that is nearest to word, and "" if none is near.
func Nearest(word string, candidates []string) string {
	return nearest.Word(word, candidates)
}
