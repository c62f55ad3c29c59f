// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nearest

import "testing"

func TestWord(t *testing.T) {
	candidates := []string{"strategy", "ageExponent", "priceAnnotations", "estimate"}
	tests := []struct{ word, want string }{
		{"strategyy", "strategy"},
		{"stratgey", "strategy"},
		{"STRATEGY", "strategy"},
		{"ageexponent", "ageExponent"},
		{"priceAnnotation", "priceAnnotations"},
		{"estimates", "estimate"},
		{"colour", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := Word(tt.word, candidates); got != tt.want {
			t.Errorf("Word(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}
