// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// median is what the priced nodes of a cluster cost, compared with the default
// unit prices.
type median struct {
	// ratio is the median of price over estimate; nodes is of how many nodes.
	ratio float64
	nodes int
}

// price estimates the price of a node without one:
//
//	ratio x (cores x Core + GiB x GiB + accelerators x GPU)
//
// It leaves the price as it is where no node is priced, or this one has no
// resources.
func (m median) price(node *corev1.Node, id identity, p *Price) {
	micros := defaultEstimate(node, id)
	if m.nodes == 0 || micros == 0 {
		return
	}
	p.Base, p.Source = clamp(m.ratio*micros), SourceEstimate
	p.Detail = because(fmt.Sprintf("median of %d priced nodes", m.nodes), p.Detail)
}

// defaultEstimate returns the price of the node's resources at the default unit
// prices, in micro-dollars per hour, unrounded. Spot nodes are compared with
// spot prices, and on-demand ones with on-demand prices.
func defaultEstimate(node *corev1.Node, id identity) float64 {
	micros := defaultUnitPrices.microsOf(node)
	if id.capacity == CapacityTypeSpot {
		micros *= float64(spotPermille(id.cloud)) / 1000
	}
	return micros
}

// ratioOf returns what a priced node adds to the median; 0 for a node that does
// not count: one that is unknown, estimated, free, virtual or without resources.
func ratioOf(node *corev1.Node, p *Price) float64 {
	if !p.Known() || p.Source == SourceEstimate || p.Base == 0 {
		return 0
	}
	id := identify(node)
	micros := defaultEstimate(node, id)
	if micros == 0 || id.virtual {
		return 0
	}
	return float64(p.Base) / micros
}

// ratios keeps the median while nodes come and go.
type ratios struct {
	sorted []float64
	// version changes whenever the median may.
	version uint64
}

// replace takes one ratio out and puts another in; 0 stands for none.
func (r *ratios) replace(before, after float64) {
	if before == after {
		return
	}
	r.version++
	if before != 0 {
		i, _ := slices.BinarySearch(r.sorted, before)
		r.sorted = slices.Delete(r.sorted, i, i+1)
	}
	if after != 0 {
		i, _ := slices.BinarySearch(r.sorted, after)
		r.sorted = slices.Insert(r.sorted, i, after)
	}
}

func (r *ratios) median() median {
	return median{ratio: middle(r.sorted), nodes: len(r.sorted)}
}

// medianOf sorts v, and returns 0 if it is empty.
func medianOf(v []float64) float64 {
	slices.Sort(v)
	return middle(v)
}

func middle(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
