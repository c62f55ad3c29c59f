// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// charge sets what follows from List. On a prepaid node the pod pays nothing,
// since the node is paid for in any case. It pays the list price if the node
// has an extended resource that the pod does not request: a GPU that is paid
// for and that a pod without one keeps from being used is not free.
func (c *Cost) charge(r *Request, n *Node) {
	c.Dollars = c.List
	if !n.Prepaid {
		return
	}
	if c.Unrequested = unrequested(r, n); c.Unrequested == "" {
		c.Dollars, c.Prepaid = 0, true
	}
}

// unrequested returns the first by name of the node's extended resources that
// the pod does not request, "" if it requests them all.
func unrequested(r *Request, n *Node) corev1.ResourceName {
	var first corev1.ResourceName
	for name, have := range n.Allocatable.Scalar {
		if have > 0 && r.Scalar[name] <= 0 && (first == "" || name < first) && isSold(name) {
			first = name
		}
	}
	return first
}

// addresses are extended resources that a cloud puts on ordinary nodes to count
// network addresses. Nobody buys a node for them.
var addresses = map[corev1.ResourceName]bool{
	"vpc.amazonaws.com/pod-eni":            true,
	"vpc.amazonaws.com/PrivateIPv4Address": true,
}

// isSold reports whether a scalar resource is an extended one, by the rules of
// IsExtendedResourceName of kube-scheduler, and not one of addresses. Huge
// pages and attachable volumes are native resources.
func isSold(name corev1.ResourceName) bool {
	s := string(name)
	return strings.Contains(s, "/") && !strings.Contains(s, corev1.ResourceDefaultNamespacePrefix) &&
		!strings.HasPrefix(s, corev1.DefaultResourceRequestsPrefix) && !addresses[name]
}
