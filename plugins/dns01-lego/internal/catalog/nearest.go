// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package catalog

// Nearest returns the candidate that needs the fewest edits to become word,
// the first of equals, or "" when all need more than a third of its letters.
func Nearest(word string, candidates []string) string {
	best, fewest := "", len(word)/3+1
	for _, c := range candidates {
		if d := distance(word, c); d < fewest {
			best, fewest = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance of a and b in bytes.
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
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
