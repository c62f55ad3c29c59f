// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"math"
	"slices"
)

// MaxScore is the score of the cheapest, as fwk.MaxNodeScore.
const MaxScore = 100

// ownScore is how many of the cheapest have a score of their own where there
// are more costs than scores.
const ownScore = 50

// Rank replaces encoded costs by scores from 0 to MaxScore, in place, and
// returns the slice. Equal costs get equal scores and a lower cost never gets
// a lower score. Only the order of costs counts, not their size, so that
// neither currency nor outliers matter.
//
// Details, for n different costs and i the place of one among them from 0:
//
//	n <= 101:          100 - i
//	n >  101, i <  50: 100 - i
//	n >  101, i >= 50: 50 - floor(50 x log(i - 49) / log(n - 50))
//
// So the cheapest has its score to itself, up to 101 costs never share, and of
// more the 50 cheapest never do.
func Rank(costs []int64) []int64 {
	distinct := slices.Clone(costs)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	n := len(distinct)
	for j, cost := range costs {
		i, _ := slices.BinarySearch(distinct, cost)
		costs[j] = scoreAt(i, n)
	}
	return costs
}

func scoreAt(i, n int) int64 {
	if n <= MaxScore+1 || i < ownScore {
		return int64(MaxScore - i)
	}
	return int64(MaxScore-ownScore) - int64(float64(MaxScore-ownScore)*math.Log(float64(i-ownScore+1))/math.Log(float64(n-ownScore)))
}
