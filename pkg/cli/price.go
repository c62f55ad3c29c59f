// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// NodePrice is the price of a node, as part of reports.
type NodePrice struct {
	// HourlyPriceMicroDollars is the list price of the node per hour, after
	// adjustments and node fee, in millionths of a dollar; null if it is not
	// known.
	HourlyPriceMicroDollars *int64 `json:"hourlyPriceMicroDollars"`
	// PriceSource is Annotation, Rule, Catalog, Estimate or Unknown.
	PriceSource string `json:"priceSource"`
	// PriceDetail says which annotation, rule or entry of the catalog; for an
	// unknown price why.
	PriceDetail string `json:"priceDetail,omitempty"`
	// PriceAdjusted lists what the adjustments and the node fee did.
	PriceAdjusted string `json:"priceAdjusted,omitempty"`
	// PriceAsOf is when the price was true; left out if not known.
	PriceAsOf *time.Time `json:"priceAsOf,omitempty"`
	// PriceStale says that the price is older than the configuration allows.
	PriceStale bool `json:"priceStale,omitempty"`
	// PriceProblem says which annotations were passed over, and why.
	PriceProblem string `json:"priceProblem,omitempty"`
	// CapacityType is on-demand, spot or unknown.
	CapacityType string `json:"capacityType"`
	// Prepaid says that the node is paid for whether it is used or not.
	Prepaid bool `json:"prepaid"`
}

func nodePrice(p pricing.Price) NodePrice {
	n := NodePrice{
		PriceSource: string(p.Source), PriceDetail: p.Detail, PriceAdjusted: p.Adjusted, PriceStale: p.Stale,
		PriceProblem: p.Problem, CapacityType: string(p.CapacityType), Prepaid: p.Prepaid,
	}
	if p.Known() {
		perHour := int64(p.PerHour)
		n.HourlyPriceMicroDollars = &perHour
	}
	if !p.AsOf.IsZero() {
		asOf := p.AsOf.UTC()
		n.PriceAsOf = &asOf
	}
	return n
}

// newBook knows the prices of all nodes: prepaid slots depend on all of them.
func newBook(o pricing.Options, nodes []*corev1.Node, c clock.PassiveClock) *pricing.Book {
	book := pricing.NewBook(o, c)
	for _, node := range nodes {
		book.Set(node)
	}
	return book
}

// unknownNote says how many nodes have no price, what follows, and what to do.
func unknownNote(n int, consequence string, o pricing.Options) string {
	text := fmt.Sprintf("the price of %s is not known %s; set the annotation %s on each, or add a rule to prices of CostScoreArgs",
		plural(n, "node", "nodes"), consequence, pricing.PriceAnnotation)
	if !o.Estimate {
		text += ", or set estimate: true there"
	}
	return text
}
