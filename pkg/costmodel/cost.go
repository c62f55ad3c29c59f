// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// Node is what a cost depends on.
type Node struct {
	// Price is the price of the whole node.
	Price pricing.Money
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
}

// Cost is what a pod costs on a node, with the parts it is made of:
// Dollars = Price x Share x AgeFactor.
type Cost struct {
	// Dollars is in dollars per hour, not rounded to any unit.
	Dollars float64
	// Price is the price of the node.
	Price pricing.Money
	// Share is the part of the node that the pod pays for, in (0,1].
	Share float64
	// Resource is the one whose share that is; "" if the whole node counts.
	Resource corev1.ResourceName
	// AgeFactor is in (0,1]; 1 if age does not count.
	AgeFactor float64
}

// Strategy computes what a pod costs on a node.
type Strategy func(Request, Node) Cost
