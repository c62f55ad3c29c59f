// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// familyOf returns the name of an instance type with "*" for its size, in
// lower case, such as "m5.*", "standard_d*s_v5" and "n2-standard-*". It
// returns "" for a name that is not of the cloud's form, and for a size of
// Azure with constrained cores, which costs as much as the full one.
func familyOf(cloud, instanceType string) string {
	name := strings.ToLower(instanceType)
	switch cloud {
	case catalog.AWS:
		family, size, _ := strings.Cut(name, ".")
		if family == "" || size == "" {
			return ""
		}
		return family + ".*"
	case catalog.Azure:
		rest, ok := strings.CutPrefix(name, "standard_")
		letters := rest[:prefix(rest, isLetter)]
		rest = rest[len(letters):]
		digits := prefix(rest, isDigit)
		if !ok || letters == "" || digits == 0 || strings.HasPrefix(rest[digits:], "-") {
			return ""
		}
		return "standard_" + letters + "*" + rest[digits:]
	case catalog.GCP:
		return familyOfGCP(name)
	default:
		return ""
	}
}

// familyOfGCP takes a custom machine type for one of its series' standard
// types, and one without a series for N1, whose form that is.
func familyOfGCP(name string) string {
	if strings.HasPrefix(name, "custom-") {
		return "n1-standard-*"
	}
	parts := strings.Split(name, "-")
	if len(parts) < 3 || slices.Contains(parts, "") || !isDigit(parts[2][0]) && parts[1] != "custom" {
		return ""
	}
	if parts[1] == "custom" {
		return parts[0] + "-standard-*"
	}
	parts[2] = "*"
	return strings.Join(parts, "-")
}

func isLetter(b byte) bool { return 'a' <= b && b <= 'z' }
func isDigit(b byte) bool  { return '0' <= b && b <= '9' }

// prefix returns how many of the first bytes of s are of a kind.
func prefix(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}

type familyKey struct{ cloud, family string }

// families holds the instance types of known shape by family. It is made when
// it is first needed: in most clusters the catalog has all types.
var families = sync.OnceValue(func() map[familyKey][]string {
	all := map[familyKey][]string{}
	for _, c := range catalog.All() {
		for _, name := range c.Types() {
			if family := familyOf(c.Name, name); family != "" {
				if _, ok := c.Shape(name); ok {
					key := familyKey{c.Name, family}
					all[key] = append(all[key], name)
				}
			}
		}
	}
	return all
})

// cloudOfFamily returns the one cloud whose catalog has types of the family of
// an instance type; "" if there is none, or more than one.
func cloudOfFamily(instanceType string) string {
	cloud := ""
	for _, c := range catalog.All() {
		family := familyOf(c.Name, instanceType)
		if family == "" || len(families()[familyKey{c.Name, family}]) == 0 {
			continue
		}
		if cloud != "" {
			return ""
		}
		cloud = c.Name
	}
	return cloud
}

// familyRate is what machines of a family cost.
type familyRate struct {
	region string
	// types is how many types it is the median of.
	types int
	// ofUnits is the median of price over the price of cores and memory at the
	// default unit prices; perGPU is the median price per GPU, 0 in a family
	// without.
	ofUnits, perGPU float64
}

// rateOf returns the rate of a family in a region, else in the reference
// region. The type that it is for does not count.
func rateOf(cloud *catalog.Cloud, region, family, except string) (familyRate, bool) {
	siblings := families()[familyKey{cloud.Name, family}]
	for _, region := range []string{region, cloud.ReferenceRegion} {
		var ofUnits, perGPU []float64
		for _, name := range siblings {
			price, sold := cloud.OnDemand(region, name)
			shape, _ := cloud.Shape(name)
			units := float64(shape.VCPUs)*float64(defaultUnitPrices.Core) + float64(shape.MemoryMiB)/1024*float64(defaultUnitPrices.GiB)
			if !sold || units == 0 || strings.EqualFold(name, except) {
				continue
			}
			ofUnits = append(ofUnits, float64(price)/units)
			if shape.MilliGPUs > 0 {
				perGPU = append(perGPU, float64(price)/float64(shape.MilliGPUs)*1000)
			}
		}
		if len(ofUnits) > 0 {
			return familyRate{region: region, types: len(ofUnits), ofUnits: medianOf(ofUnits), perGPU: medianOf(perGPU)}, true
		}
	}
	return familyRate{}, false
}

// price returns what a node of the family costs on demand:
//
//	GPUs x perGPU                               where both have GPUs
//	ofUnits x (cores x Core + GiB x GiB)        else
func (f familyRate) price(node *corev1.Node) (Money, bool) {
	if f.perGPU > 0 {
		gpus := UnitPrices{GPU: 1}.microsOf(node)
		if gpus > 0 {
			return clamp(gpus * f.perGPU), true
		}
	}
	units := UnitPrices{Core: defaultUnitPrices.Core, GiB: defaultUnitPrices.GiB}.microsOf(node)
	return clamp(f.ofUnits * units), units > 0
}

// fromFamily estimates the price of a type that the catalog does not know by
// those of its family.
func fromFamily(node *corev1.Node, id identity, l *listing, p *Price) bool {
	family := familyOf(l.cloud.Name, id.instanceType)
	if family == "" {
		return false
	}
	rate, ok := rateOf(l.cloud, id.region, family, id.instanceType)
	if !ok {
		return false
	}
	perHour, ok := rate.price(node)
	if !ok {
		return false
	}
	reason := l.reason
	if id.capacity == CapacityTypeSpot {
		perHour = scalePermille(perHour, spotPermille(l.cloud.Name))
		if !l.cloud.HasType(id.instanceType) {
			reason = withSpot(reason, l.cloud.Name)
		}
	}
	if gpus := attachedTo(node, id); gpus.count > 0 {
		perHour = add(perHour, gpus.perHour())
		reason = and(reason, gpus.reason())
	}
	p.Base, p.Source, p.AsOf = perHour, SourceEstimate, l.cloud.OnDemandAsOf
	p.Detail = because(fmt.Sprintf("estimate from %d of %s/%s/%s", rate.types, l.cloud.Name, rate.region, family), reason)
	return true
}
