// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package hint

import (
	"errors"
	"testing"
)

func TestForErrorWithoutHint(t *testing.T) {
	tests := []struct {
		name string
		err  error
	}{
		{"nil", nil},
		{"another error", errors.New("connection refused")},
		{"field of no plugin", errors.New(`strict decoding error: unknown field "profilez"`)},
		{"unknown plugin", errors.New(`decoding args for plugin Nope: strict decoding error: unknown field "a"`)},
		{"field below a plain value", errors.New(`decoding args for plugin NodeResourcesFit: strict decoding error: unknown field "a.b.c"`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ForError(tt.err); got != "" {
				t.Errorf("got hint %q, want none", got)
			}
		})
	}
}

// FuzzForError looks for panics: the text quotes what users wrote.
func FuzzForError(f *testing.F) {
	f.Add(`decoding args for plugin NodeResourcesFit: strict decoding error: unknown field "scoringStrategy.resources[0].nam"`)
	f.Add(`decoding args for plugin NodeAffinity: strict decoding error: unknown field "...", unknown field "[", unknown field "a."`)
	f.Fuzz(func(_ *testing.T, text string) {
		ForError(errors.New(text))
	})
}
