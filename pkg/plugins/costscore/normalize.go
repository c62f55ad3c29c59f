// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

// normalize replaces encoded costs by ranks; see costmodel.Rank for the
// formula.
func normalize(scores fwk.NodeScoreList) {
	costs := make([]int64, len(scores))
	for i := range scores {
		costs[i] = scores[i].Score
	}
	for i, rank := range costmodel.Rank(costs) {
		scores[i].Score = rank
	}
}
