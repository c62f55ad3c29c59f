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
	//   DominantShare:          node price x the pod's largest share of any
	//                           resource of the node x a discount for nodes
	//                           with old pods.
	//   DominantShareLifetimes: node price x share. Nodes of equal cost are told
	//                           apart by for how much longer the pod would keep
	//                           them in use, as far as lifetimes are declared.
	//   NodePrice:              the node price alone.
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

	// search says how the cheapest node is found. Index keeps the nodes in the
	// order of their cost and takes the first that the pod can use: it is only
	// used for pods and profiles for which that is the node that comparing all
	// nodes would choose, and all others have all nodes compared. Full always
	// compares all, which on thousands of nodes takes many times as long.
	//
	// Default: Index. Unit: none. One of Index and Full. Example: search: Full
	// +optional
	Search string `json:"search,omitempty"`

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

	// trustAnnotations says whether prices of annotations are taken as they
	// are. With false, one is passed over with a warning event if it is below a
	// tenth or above ten times the price that prices or else the catalog has
	// for the node, or, where neither has one, below a thirtieth of the
	// estimate, or 0 where prices does not say so: who can write one Node
	// cannot draw every pod to it.
	//
	// Default: false. Unit: none. Example: trustAnnotations: true
	// +optional
	TrustAnnotations bool `json:"trustAnnotations,omitempty"`

	// prices are fixed prices for nodes with certain labels, for hardware that
	// no catalog has. The first one that matches a node counts. An annotation
	// on the node comes before them, the catalog behind them.
	//
	// Default: []. Unit of hourlyPrice: dollars per hour, as a string. Example:
	// prices: [{nodeSelector: {matchLabels: {rack: a}}, hourlyPrice: "0.45"}]
	// +optional
	// +listType=atomic
	Prices []NodePrice `json:"prices,omitempty"`

	// estimate says whether a node whose price neither an annotation, nor
	// prices, nor the built-in catalog knows gets an estimate made from its
	// instance type and its resources. With false such a node is priced like
	// the median, per core and GiB, of the nodes that have a price. If no node
	// has, none of them has a price: then cost decides nothing, and a pod with
	// a price limit does not run there.
	//
	// Default: true. Unit: none. Example: estimate: false
	// +optional
	Estimate *bool `json:"estimate,omitempty"`

	// adjustments change the prices of nodes with certain labels, such as a
	// negotiated discount. All that match a node are applied to its price, in
	// this order; the result is never below 0.
	//
	// Default: []. Unit of adjustment: percent of the price, or dollars per
	// hour, as a string with its sign. Example:
	// adjustments: [{nodeSelector: {matchLabels: {team: ml}}, adjustment: "-10%"}]
	// +optional
	// +listType=atomic
	Adjustments []PriceAdjustment `json:"adjustments,omitempty"`

	// nodeFee is added to every price after the adjustments: what is paid for a
	// node beside the machine, such as the fee of a managed service.
	//
	// Default: "0". Unit: dollars per hour, as a string. Example: nodeFee: "0.03"
	// +optional
	NodeFee string `json:"nodeFee,omitempty"`

	// prepaid says how many nodes with certain labels are paid for whether they
	// are used or not, such as reserved instances. They count as free for pods
	// that need what they have. Of the matching nodes the oldest get a slot;
	// a node keeps its slot until it is deleted, and never takes two.
	//
	// Default: []. Unit of count: nodes. Example:
	// prepaid: [{nodeSelector: {matchLabels: {node.kubernetes.io/instance-type: m5.large}}, count: 3}]
	// +optional
	// +listType=atomic
	Prepaid []PrepaidNodes `json:"prepaid,omitempty"`

	// maxPriceAge is the age at which a price becomes stale. A stale annotation
	// gives way to prices and the catalog; every other stale price is used all
	// the same, and marked. The age of an annotation is that of its companion,
	// tollgate.dev/hourly-price-as-of for tollgate.dev/hourly-price; without one
	// it has no age. The catalog is as old as the release, so it is stale
	// soon after it: that is why 0, never, is the default.
	//
	// Default: 0s. Unit: a duration. Example: maxPriceAge: 720h
	// +optional
	MaxPriceAge metav1.Duration `json:"maxPriceAge,omitempty"`
}

// NodePrice is the price of nodes with certain labels.
type NodePrice struct {
	// nodeSelector matches labels of nodes, with matchLabels and
	// matchExpressions. An empty one matches every node.
	// +optional
	NodeSelector metav1.LabelSelector `json:"nodeSelector,omitempty"`

	// hourlyPrice is in dollars per hour, such as "0.45".
	// +required
	HourlyPrice string `json:"hourlyPrice"`
}

// PriceAdjustment changes the price of nodes with certain labels.
type PriceAdjustment struct {
	// nodeSelector matches labels of nodes, with matchLabels and
	// matchExpressions. An empty one matches every node.
	// +optional
	NodeSelector metav1.LabelSelector `json:"nodeSelector,omitempty"`

	// adjustment is a share of the price or dollars per hour, with a sign:
	// "-10%", "+5%", "+0.05", "-0.02".
	// +required
	Adjustment string `json:"adjustment"`
}

// PrepaidNodes is a number of nodes that are paid for in advance.
type PrepaidNodes struct {
	// nodeSelector matches labels of nodes, with matchLabels and
	// matchExpressions. An empty one matches every node.
	// +optional
	NodeSelector metav1.LabelSelector `json:"nodeSelector,omitempty"`

	// count is how many nodes at once are prepaid, at least 1.
	// +required
	Count int32 `json:"count"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// CertGateArgs are the arguments of the CertGate plugin, which holds a pod
// until the TLS Secrets that it declares are usable.
type CertGateArgs struct {
	metav1.TypeMeta `json:",inline"`

	// source says where the plugin learns whether a certificate is usable.
	//
	//   Secrets:      from the Secrets of type kubernetes.io/tls themselves. The
	//                 scheduler needs get, list and watch on Secrets, and works
	//                 with any issuer and without tollgate-controller.
	//   PodCondition: from the pod condition tollgate.dev/TLSReady, which
	//                 tollgate-controller writes by the same rules. The
	//                 scheduler needs no permission on Secrets at all.
	//
	// Default: Secrets. Unit: none. Example: source: PodCondition
	// +optional
	Source string `json:"source,omitempty"`

	// namespaces are those whose Secrets are read, so that a Role in each of
	// them suffices. Empty reads the Secrets of all namespaces, which needs a
	// ClusterRole. Pods of other namespaces that declare Secrets are held. Only
	// for source Secrets.
	// Default: []. Unit: none. Example: namespaces: [shop, api]
	// +optional
	// +listType=set
	Namespaces []string `json:"namespaces,omitempty"`

	// exemptNamespaces are the namespaces whose pods are never held, whatever
	// they declare. An explicit [] exempts none. tollgate-controller has the
	// flag --exempt-namespaces, which has to say the same.
	// Default: [kube-system, tollgate-system]. Unit: none. Example: exemptNamespaces: [kube-system, ingress-nginx]
	// +optional
	// +listType=set
	ExemptNamespaces []string `json:"exemptNamespaces,omitempty"`

	// exemptPriorityClasses are the priority classes whose pods are never held,
	// whatever they declare. An explicit [] exempts none. tollgate-controller
	// has the flag --exempt-priority-classes, which has to say the same.
	// Default: [system-cluster-critical, system-node-critical]. Unit: none. Example: exemptPriorityClasses: []
	// +optional
	// +listType=set
	ExemptPriorityClasses []string `json:"exemptPriorityClasses,omitempty"`
}
