// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/nearest"
	"github.com/tollgate-dev/tollgate/pkg/text"
)

// maxQuoted is how much of a wrong value a fault repeats, in bytes.
const maxQuoted = 80

// checkChoice wants value to be one of valid.
func checkChoice(value string, valid []string) error {
	if slices.Contains(valid, value) {
		return nil
	}
	quoted := make([]string, len(valid))
	for i, v := range valid {
		quoted[i] = quote(v)
	}
	return fmt.Errorf("%s is not one of %s%s", quote(value), strings.Join(quoted, ", "), didYouMean(value, valid))
}

// didYouMean returns a clause that names the candidate that is nearest to word, or "".
func didYouMean(word string, candidates []string) string {
	if near := nearest.Word(text.Clip(word, maxQuoted), candidates); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// parseDuration reads a positive duration of at most longest, in the form of
// time.ParseDuration.
func parseDuration(s string, longest time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf(`%s is not a duration; want hours, minutes and seconds, such as "1h30m" (a day is "24h")`, quote(s))
	}
	if d <= 0 || d > longest {
		return 0, fmt.Errorf(`%s is out of range; want more than "0s" and at most "%dh"`, quote(s), longest/time.Hour)
	}
	return d, nil
}

func quote(s string) string {
	return fmt.Sprintf("%q", text.Clip(s, maxQuoted))
}

// oneLine returns the text of a decoder's error on one short line.
func oneLine(err error) string {
	clean := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text.Clip(err.Error(), 4*maxQuoted))
	return text.Clip(strings.Join(strings.Fields(clean), " "), 200)
}
