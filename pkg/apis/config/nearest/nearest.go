// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package nearest finds what a misspelled word was meant to be. It imports nothing.
package nearest

// Word returns the candidate with the smallest edit distance to word, the
// first of several equally near ones, and "" if none is near: at most a third
// of the letters, and at least two of them, may differ.
func Word(word string, candidates []string) string {
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance of a and b in bytes, where a letter in
// the wrong case costs nothing: case is what people get wrong most.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if lower(a[i]) != lower(b[j]) {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
