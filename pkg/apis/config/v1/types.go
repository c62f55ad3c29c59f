// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// CostScoreArgs are the arguments of the CostScore plugin, which puts each pod
// where it costs least.
type CostScoreArgs struct {
	metav1.TypeMeta `json:",inline"`

	// strategy names the formula that turns the price of a node into the cost
	// of a pod on it.
	//
	//   DominantShare: node price x the pod's largest share of any resource of
	//                  the node x a discount for nodes with old pods.
	//   NodePrice:     the node price alone.
	//
	// Default: DominantShare. Unit: none. Example: strategy: NodePrice
	// +optional
	Strategy string `json:"strategy,omitempty"`

	// ageExponent says how much cheaper a node counts whose pods have been
	// running for long: cost is multiplied by (1 + age/5min)^-ageExponent,
	// where age is that of the node's oldest pod. 0 turns the discount off;
	// values above 1 are rejected. Only DominantShare uses it.
	//
	// Default: 0.06. Unit: none (an exponent). Example: ageExponent: 0
	// +optional
	AgeExponent *float64 `json:"ageExponent,omitempty"`

	// priceAnnotations are the keys of node annotations that are read for a
	// price, in this order, after tollgate.dev/hourly-price, which is always
	// read first. An explicit [] leaves only that one. The annotations' values
	// are plain decimals, "0.096" or "$0.096".
	//
	// Default: [hightower.com/cost]. Unit of the annotations' values: dollars
	// per hour. Example: priceAnnotations: [example.com/hourly-cost]
	// +optional
	// +listType=atomic
	PriceAnnotations []string `json:"priceAnnotations"`

	// estimate says whether a node whose price neither an annotation nor the
	// built-in catalog knows gets an estimate made from its resources. With
	// false such a node has no price: it ranks behind all nodes that have one,
	// and a pod with a price limit does not run there.
	//
	// Default: true. Unit: none. Example: estimate: false
	// +optional
	Estimate *bool `json:"estimate,omitempty"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// CertGateArgs are the arguments of the CertGate plugin, which holds a pod
// until the TLS Secrets that it declares are usable.
type CertGateArgs struct {
	metav1.TypeMeta `json:",inline"`

	// source says where the plugin learns whether a certificate is usable.
	//
	//   Secrets: from the Secrets of type kubernetes.io/tls themselves. The
	//            scheduler needs get, list and watch on Secrets.
	//
	// Default: Secrets. Unit: none. Example: source: Secrets
	// +optional
	Source string `json:"source,omitempty"`
}
