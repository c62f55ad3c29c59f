// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// listing is what the catalog says about the price of an instance type.
type listing struct {
	cloud *catalog.Cloud // nil if there is no catalog for the node
	// found says that there is a price: of exactly the node's region, type and
	// capacity type if exact is set, else one that can stand in for it.
	found, exact bool
	// attached says that perHour includes GPUs that are not the type's.
	attached bool
	perHour  Money
	// detail names the catalog's entry; asOf is the day of its data.
	detail string
	asOf   time.Time
	// reason says why the price is not exact, or not there; "" if it is, or if
	// the node names no instance type.
	reason string
}

// Why there is no exact price, whatever the catalog has.
const (
	whyVirtual = "a virtual node is not a machine, and its pods are billed one by one"
	whyWindows = "prices of the catalog are for Linux, the license of Windows is not in them"
)

// listingOf looks a node up in the catalog. The price of a machine with attached
// GPUs includes them, see attachedTo.
func listingOf(node *corev1.Node, id identity) listing {
	if id.virtual {
		return listing{reason: whyVirtual}
	}
	l := lookUp(id)
	if gpus := attachedTo(node, id); l.found && gpus.count > 0 {
		l.exact, l.attached = false, true
		l.perHour = add(l.perHour, gpus.perHour())
		l.reason = and(l.reason, gpus.reason())
	}
	if id.windows {
		l.exact = false
		l.reason = and(l.reason, whyWindows)
	}
	return l
}

// lookUp returns what the catalog has for the type alone.
func lookUp(id identity) listing {
	if id.instanceType == "" {
		return listing{}
	}
	cloud := catalog.For(id.cloud)
	if cloud == nil {
		return listing{reason: "no catalog for instance type " + quote(id.instanceType)}
	}
	l := listing{cloud: cloud, detail: cloud.Name + "/" + id.region + "/" + id.instanceType, asOf: cloud.OnDemandAsOf}
	onDemand, isOnDemand := cloud.OnDemand(id.region, id.instanceType)
	if id.capacity == CapacityTypeSpot {
		if spot, ok := cloud.Spot(id.region, id.instanceType); ok {
			l.found, l.exact, l.perHour, l.asOf = true, true, Money(spot), cloud.SpotAsOf
			return l
		}
	} else if isOnDemand {
		l.found, l.exact, l.perHour = true, true, Money(onDemand)
		return l
	}

	if !isOnDemand {
		if !cloud.HasType(id.instanceType) {
			l.reason = fmt.Sprintf("instance type %s is not in the %s catalog", quote(id.instanceType), cloud.Name)
			return l
		}
		l.reason = absence(cloud, id)
		var region string
		if region, onDemand, l.found = cloud.Reference(id.instanceType); l.found {
			l.detail = cloud.Name + "/" + region + "/" + id.instanceType
		}
	}
	l.found = l.found || isOnDemand
	l.perHour = Money(onDemand)
	if id.capacity == CapacityTypeSpot {
		l.reason = withSpot(l.reason, cloud.Name)
		l.perHour = scalePermille(l.perHour, spotPermille(cloud.Name))
	}
	return l
}

// withSpot adds to a reason that the price of spot is not a listed one.
func withSpot(reason, cloud string) string {
	permille := spotPermille(cloud)
	return and(reason, fmt.Sprintf("spot taken as %d.%d%% of on-demand", permille/10, permille%10))
}

// and adds to a reason, if there is one.
func and(reason, more string) string {
	if reason == "" {
		return more
	}
	return reason + ", " + more
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
