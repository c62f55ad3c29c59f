// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Strategies of CostScore: how the price of a node becomes the cost of a pod.
const (
	// StrategyDominantShare charges a pod for its largest share of the node.
	StrategyDominantShare = "DominantShare"
	// StrategyDominantShareLifetimes is DominantShare for pods whose lifetimes
	// are declared: nodes of equal cost are told apart by for how much longer
	// the pod would keep them in use.
	StrategyDominantShareLifetimes = "DominantShareLifetimes"
	// StrategyNodePrice charges a pod the price of the whole node.
	StrategyNodePrice = "NodePrice"
)

// Strategies lists the values of CostScoreArgs.Strategy.
var Strategies = []string{StrategyDominantShare, StrategyDominantShareLifetimes, StrategyNodePrice}

// Values of CostScoreArgs.Search: how the cheapest node is found.
const (
	// SearchIndex finds it in an index, without looking at all nodes, where that
	// is proved to give the same node, and looks at all of them elsewhere.
	SearchIndex = "Index"
	// SearchFull filters and scores all nodes that the profile's
	// percentageOfNodesToScore lets the scheduler look at.
	SearchFull = "Full"
)

// Searches lists the values of CostScoreArgs.Search.
var Searches = []string{SearchIndex, SearchFull}

// Sources of CertGate: where it learns whether a pod's certificates are usable.
const (
	// SourceSecrets reads the Secrets of type kubernetes.io/tls.
	SourceSecrets = "Secrets"
	// SourcePodCondition trusts the pod condition tollgate.dev/TLSReady, which
	// tollgate-controller writes.
	SourcePodCondition = "PodCondition"
)

// Sources lists the values of CertGateArgs.Source.
var Sources = []string{SourceSecrets, SourcePodCondition}

// Defaults of CostScoreArgs.
const (
	// DefaultAgeExponent is the exponent that was best in the simulations: see
	// package costmodel for the formula it belongs to.
	DefaultAgeExponent = 0.06
	// DefaultEstimate says that a node without a known price gets an estimate.
	DefaultEstimate = true
	// DefaultNodeFee is no fee, in dollars per hour.
	DefaultNodeFee = "0"
)

// DefaultPriceAnnotations are the node annotations that are read for a price
// after tollgate.dev/hourly-price.
var DefaultPriceAnnotations = []string{"hightower.com/cost"}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// CostScoreArgs holds the arguments of the CostScore plugin.
type CostScoreArgs struct {
	metav1.TypeMeta

	// Strategy is one of Strategies.
	Strategy string
	// AgeExponent is how much the age of a node lowers its cost; nil means
	// DefaultAgeExponent.
	AgeExponent *float64
	// Search is one of Searches; "" means SearchIndex.
	Search string
	// PriceAnnotations are read for a price, in this order, after
	// tollgate.dev/hourly-price.
	PriceAnnotations []string
	// TrustAnnotations takes prices of annotations that are far from what the
	// node costs without them.
	TrustAnnotations bool
	// Prices are fixed prices; the first one that matches a node counts.
	Prices []NodePrice
	// Estimate prices nodes that have no other price by their resources; nil
	// means DefaultEstimate.
	Estimate *bool
	// Adjustments change the prices of the nodes that they match, in order.
	Adjustments []PriceAdjustment
	// NodeFee is added to every price, in dollars per hour; "" means
	// DefaultNodeFee.
	NodeFee string
	// Prepaid says how many nodes are paid for whether they are used or not.
	Prepaid []PrepaidNodes
	// MaxPriceAge is the age at which a price becomes stale; 0 is never.
	MaxPriceAge metav1.Duration
}

// NodePrice is the price of nodes with certain labels.
type NodePrice struct {
	// NodeSelector matches labels of nodes; an empty one matches every node.
	NodeSelector metav1.LabelSelector
	// HourlyPrice is in dollars per hour, such as "0.45".
	HourlyPrice string
}

// PriceAdjustment changes the price of nodes with certain labels.
type PriceAdjustment struct {
	// NodeSelector matches labels of nodes; an empty one matches every node.
	NodeSelector metav1.LabelSelector
	// Adjustment is a share of the price or dollars per hour, such as "-10%"
	// or "+0.05".
	Adjustment string
}

// PrepaidNodes is a number of nodes that are paid for in advance.
type PrepaidNodes struct {
	// NodeSelector matches labels of nodes; an empty one matches every node.
	NodeSelector metav1.LabelSelector
	// Count is how many nodes at once are prepaid.
	Count int32
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// CertGateArgs holds the arguments of the CertGate plugin.
type CertGateArgs struct {
	metav1.TypeMeta

	// Source is one of Sources.
	Source string
	// Namespaces are those whose Secrets are read, so that Roles in them
	// suffice; empty means all. Pods of other namespaces that declare Secrets
	// are held. Only for SourceSecrets.
	Namespaces []string
	// ExemptNamespaces are the namespaces whose pods are never held.
	ExemptNamespaces []string
	// ExemptPriorityClasses are the priority classes whose pods are never held.
	ExemptPriorityClasses []string
}
