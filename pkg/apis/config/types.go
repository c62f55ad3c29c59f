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
	// StrategyNodePrice charges a pod the price of the whole node.
	StrategyNodePrice = "NodePrice"
)

// Strategies lists the values of CostScoreArgs.Strategy.
var Strategies = []string{StrategyDominantShare, StrategyNodePrice}

// Sources of CertGate: where it learns whether a pod's certificates are usable.
const (
	// SourceSecrets reads the Secrets of type kubernetes.io/tls.
	SourceSecrets = "Secrets"
)

// Sources lists the values of CertGateArgs.Source.
var Sources = []string{SourceSecrets}

// Defaults of CostScoreArgs.
const (
	// DefaultAgeExponent is the exponent that was best in the simulations: see
	// package costmodel for the formula it belongs to.
	DefaultAgeExponent = 0.06
	// DefaultEstimate says that a node without a known price gets an estimate.
	DefaultEstimate = true
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
	// PriceAnnotations are read for a price, in this order, after
	// tollgate.dev/hourly-price.
	PriceAnnotations []string
	// Estimate prices nodes that have no other price by their resources; nil
	// means DefaultEstimate.
	Estimate *bool
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// CertGateArgs holds the arguments of the CertGate plugin.
type CertGateArgs struct {
	metav1.TypeMeta

	// Source is one of Sources.
	Source string
}
