// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// EventReasonInvalidPrice is the reason of the warning on a Node whose price
// annotation cannot be read.
const EventReasonInvalidPrice = "InvalidPrice"

// problemReporter tells people about prices that were passed over: by a
// warning event on the Node and by a metric.
type problemReporter struct {
	recorder events.EventRecorder
	keys     []string
}

// newProblemReporter wants the annotations that are read after
// pricing.PriceAnnotation. A nil recorder writes no events.
func newProblemReporter(recorder events.EventRecorder, annotations []string) *problemReporter {
	r := &problemReporter{recorder: recorder, keys: []string{pricing.PriceAnnotation}}
	for _, key := range annotations {
		if !slices.Contains(r.keys, key) {
			r.keys = append(r.keys, key)
		}
	}
	return r
}

// report is called once for every node and every value that is wrong there.
func (r *problemReporter) report(node *v1.Node, price pricing.Price) {
	for _, key := range r.keys {
		value, ok := node.Annotations[key]
		if !ok {
			continue
		}
		if _, err := pricing.ParseMoney(value); err == nil {
			break // this one was used
		}
		priceProblems.WithLabelValues(key).Inc()
	}
	if r.recorder == nil {
		return
	}
	instead := "the node now has no price"
	if price.Known() {
		instead = "using " + price.PerHour.String() + " from " + price.Detail
	}
	r.recorder.Eventf(node, nil, v1.EventTypeWarning, EventReasonInvalidPrice, "Pricing", "%s; %s", price.Problem, instead)
}
