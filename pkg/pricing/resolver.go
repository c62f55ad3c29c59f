// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// Resolver finds the prices of single nodes, such as templates, without those
// of a cluster. It has no state of its own, and is safe for concurrent use.
// Where there are nodes, use a Book.
type Resolver struct {
	Options

	annotations []string // all keys, in order
}

// NewResolver returns a Resolver. The first call in a process decodes the
// embedded catalog.
func NewResolver(o Options) *Resolver {
	catalog.All()
	r := &Resolver{Options: o, annotations: []string{PriceAnnotation}}
	for _, key := range o.Annotations {
		if !slices.Contains(r.annotations, key) {
			r.annotations = append(r.annotations, key)
		}
	}
	return r
}

// Price returns what the node costs. It leaves out what takes other nodes to
// know, which are the median and who is prepaid, and what takes a clock: no
// price is stale.
func (r *Resolver) Price(node *corev1.Node) Price {
	return r.resolve(node, time.Time{}, median{})
}

// resolve returns what the node costs at a time, prepaid or not. It depends on
// the node's annotations, labels, providerID, capacity, allocatable and
// IsVirtual only, so that it may be kept as long as these and the median stay
// the same, and Price.StaleAt is not reached.
func (r *Resolver) resolve(node *corev1.Node, now time.Time, m median) Price {
	id := identify(node)
	l := listingOf(node, id)
	p := Price{Source: SourceUnknown, CapacityType: id.capacity}
	switch {
	case r.fromAnnotation(node, id, &l, now, &p):
	case r.fromRule(node, &p):
	case l.exact:
		p.Base, p.Source, p.Detail, p.AsOf = l.perHour, SourceCatalog, l.detail, l.asOf
	case id.virtual:
		p.Detail = l.reason
	case r.Estimate:
		r.fromEstimate(node, id, &l, &p)
	default:
		p.Detail = l.reason
		m.price(node, id, &p)
	}
	r.adjust(node, &p)
	r.age(now, &p)
	return p
}

// fromRule takes the first rule that matches.
func (r *Resolver) fromRule(node *corev1.Node, p *Price) bool {
	for i := range r.Rules {
		if rule := &r.Rules[i]; matches(rule.Selector, node) {
			p.Base, p.Source, p.Detail = rule.PerHour, SourceRule, fmt.Sprintf("prices[%d]", i)
			return true
		}
	}
	return false
}

// fromEstimate takes what the catalog says about the type elsewhere, else what
// it says about the type's family, else the unit prices.
func (r *Resolver) fromEstimate(node *corev1.Node, id identity, l *listing, p *Price) {
	if l.found {
		p.Base, p.Source, p.Detail, p.AsOf = l.perHour, SourceEstimate, l.detail+" ("+l.reason+")", l.asOf
		return
	}
	p.Detail = l.reason
	if l.cloud != nil && fromFamily(node, id, l, p) {
		return
	}
	perHour, ok := defaultUnitPrices.Of(node)
	if !ok {
		return
	}
	if id.capacity == CapacityTypeSpot {
		perHour = scalePermille(perHour, spotPermille(id.cloud))
	}
	p.Base, p.Source, p.Detail = perHour, SourceEstimate, because("estimate", l.reason)
}

// because adds a reason, if there is one, to a text.
func because(text, reason string) string {
	if reason == "" {
		return text
	}
	return text + " (" + reason + ")"
}

// quote shortens values that would fill a message.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return fmt.Sprintf("%.*q...", most, s)
	}
	return fmt.Sprintf("%q", s)
}
