// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// Node is what a cost depends on beside the request.
type Node struct {
	// Price is the list price of the whole node, also where it is prepaid.
	Price pricing.Money
	// Prepaid says that the node is paid for whether it is used or not.
	Prepaid bool
	// Allocatable is the node's status.allocatable.
	Allocatable Request
	// DaemonSets is the sum of the requests of the node's DaemonSet pods.
	DaemonSets Request
	// Requested is the sum of the requests of all pods of the node, DaemonSets
	// included, the pod in question not.
	Requested Request
	// Age is how long the oldest pod of the node has run, DaemonSet and mirror
	// pods left out; 0 for a node without pods.
	Age time.Duration
	// Extension is for how much longer the node would be needed for the pod in
	// question than for the pods that it has, as Extension computes it.
	Extension time.Duration
}

// Cost is what a pod costs on a node, with the parts it is made of:
// List = Price x Share x AgeFactor.
type Cost struct {
	// Dollars is what the pod is charged, in dollars per hour, not rounded to
	// any unit: List, or 0 if Prepaid is set.
	Dollars float64
	// List is what the pod would be charged at list price, in the same unit. It
	// orders prepaid nodes among themselves.
	List float64
	// Prepaid says that the node is paid for in any case, and that the pod
	// may use it for nothing.
	Prepaid bool
	// Unrequested is why a prepaid node is charged at list price all the same:
	// an extended resource of it that the pod does not request. It is "" on any
	// other node.
	Unrequested corev1.ResourceName
	// Price is the list price of the node.
	Price pricing.Money
	// Share is the part of the node that the pod pays for, in (0,1].
	Share float64
	// Resource is the one whose share that is; "" if the whole node counts.
	Resource corev1.ResourceName
	// AgeFactor is in (0,1]; 1 if age does not count.
	AgeFactor float64
	// Extension is the node's, and 0 if the strategy does not use it.
	Extension time.Duration
	// Bucket tells equal costs apart, the lower the better: 0 to MaxBucket. It
	// is Bucket(Extension) for DominantShareLifetimes, else 0.
	Bucket int
}

// Strategy computes what a pod costs on a node.
type Strategy func(Request, Node) Cost
