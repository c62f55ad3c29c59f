// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// PriceAnnotation on a node is its price in dollars per hour. It is
// always read first.
const PriceAnnotation = "tollgate.dev/hourly-price"

// Options are the choices a user has about prices.
type Options struct {
	// Annotations are further keys of node annotations with a price in dollars
	// per hour, read in this order after PriceAnnotation.
	Annotations []string
	// Estimate allows prices of Source Estimate. Without it, a node that has
	// neither annotation nor exact catalog entry is Unknown.
	Estimate bool
}

// Resolver finds the prices of nodes. It has no state of its own, and is safe
// for concurrent use.
type Resolver struct {
	annotations []string
	estimate    bool
}

// NewResolver returns a Resolver. The first call in a process decodes the
// embedded catalog.
func NewResolver(o Options) *Resolver {
	catalog.All()
	r := &Resolver{annotations: []string{PriceAnnotation}, estimate: o.Estimate}
	for _, key := range o.Annotations {
		if !slices.Contains(r.annotations, key) {
			r.annotations = append(r.annotations, key)
		}
	}
	return r
}

// Price returns what the node costs. It depends on the node's annotations,
// labels, providerID, capacity and allocatable only, so that it may be kept as
// long as these stay the same.
func (r *Resolver) Price(node *corev1.Node) Price {
	id := identify(node)
	p := Price{Source: SourceUnknown, CapacityType: id.capacity}
	if r.fromAnnotation(node, &p) {
		return p
	}
	missing, ok := r.fromCatalog(id, &p)
	if ok {
		return p
	}
	if r.estimate {
		if perHour, ok := defaultUnitPrices.Of(node); ok {
			if id.capacity == CapacityTypeSpot {
				perHour = scalePermille(perHour, spotPermille(id.cloud))
			}
			p.PerHour, p.Source, p.Detail = perHour, SourceEstimate, "estimate"
		}
	}
	switch {
	case p.Known() && missing != "":
		p.Detail += " (" + missing + ")"
	case !p.Known():
		p.Detail = missing
	}
	return p
}

// fromAnnotation takes the first annotation that is a price, and notes those
// that are not.
func (r *Resolver) fromAnnotation(node *corev1.Node, p *Price) bool {
	for _, key := range r.annotations {
		value, ok := node.Annotations[key]
		if !ok {
			continue
		}
		perHour, err := ParseMoney(value)
		if err == nil {
			p.PerHour, p.Source, p.Detail = perHour, SourceAnnotation, key
			return true
		}
		if p.Problem != "" {
			p.Problem += "; "
		}
		p.Problem += fmt.Sprintf("annotation %s is %s: %v", key, quote(value), err)
	}
	return false
}

// fromCatalog takes the exact price, else what can be inferred from another
// one. Otherwise it says what is missing, "" if the node names no type.
func (r *Resolver) fromCatalog(id identity, p *Price) (missing string, ok bool) {
	if id.instanceType == "" {
		return "", false
	}
	cloud := catalog.For(id.cloud)
	if cloud == nil {
		return "no catalog for instance type " + quote(id.instanceType), false
	}
	onDemand, isOnDemand := cloud.OnDemand(id.region, id.instanceType)
	name := cloud.Name + "/" + id.region + "/" + id.instanceType
	if id.capacity == CapacityTypeSpot {
		if spot, ok := cloud.Spot(id.region, id.instanceType); ok {
			p.PerHour, p.Source, p.Detail, p.AsOf = Money(spot), SourceCatalog, name, cloud.SpotAsOf
			return "", true
		}
	} else if isOnDemand {
		p.PerHour, p.Source, p.Detail, p.AsOf = Money(onDemand), SourceCatalog, name, cloud.OnDemandAsOf
		return "", true
	}

	// From here on everything is an estimate.
	reason := ""
	if !isOnDemand {
		if !cloud.HasType(id.instanceType) {
			return fmt.Sprintf("instance type %s is not in the %s catalog", quote(id.instanceType), cloud.Name), false
		}
		reason = absence(cloud, id)
		var region string
		if region, onDemand, isOnDemand = cloud.Reference(id.instanceType); isOnDemand {
			name = cloud.Name + "/" + region + "/" + id.instanceType
		}
	}
	perHour := Money(onDemand)
	if id.capacity == CapacityTypeSpot {
		if reason != "" {
			reason += ", "
		}
		permille := spotPermille(cloud.Name)
		reason += fmt.Sprintf("spot taken as %d.%d%% of on-demand", permille/10, permille%10)
		perHour = scalePermille(perHour, permille)
	}
	if !isOnDemand || !r.estimate {
		return reason, false
	}
	p.PerHour, p.Source, p.AsOf = perHour, SourceEstimate, cloud.OnDemandAsOf
	p.Detail = name + " (" + reason + ")"
	return "", true
}

// absence says why the catalog has no price for a known type.
func absence(cloud *catalog.Cloud, id identity) string {
	switch {
	case id.region == "":
		return "the node names no region"
	case !cloud.HasRegion(id.region):
		return "region " + id.region + " is not in the catalog"
	default:
		return "not priced in region " + id.region
	}
}

// quote shortens values that would fill a message.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return fmt.Sprintf("%.*q...", most, s)
	}
	return fmt.Sprintf("%q", s)
}
