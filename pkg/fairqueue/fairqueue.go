// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fairqueue is the order of work queues that all namespaces share.
package fairqueue

import "k8s.io/client-go/util/workqueue"

// RoundRobin is the order of a work queue in which namespaces take turns, so that one with
// thousands of keys delays another by one key at a time. Within a namespace, first come is
// first served. The work queue calls it with its own lock held.
type RoundRobin[K comparable] struct {
	namespaceOf func(K) string
	turns       []string // namespaces with waiting keys, the next first
	waiting     map[string][]K
	total       int
}

var _ workqueue.Queue[string] = &RoundRobin[string]{}

// New returns an empty order of keys that belong to these namespaces.
func New[K comparable](namespaceOf func(K) string) *RoundRobin[K] {
	return &RoundRobin[K]{namespaceOf: namespaceOf, waiting: make(map[string][]K)}
}

// Touch does nothing: a key that is added again keeps its place.
func (q *RoundRobin[K]) Touch(K) {}

// Push adds a key behind the others of its namespace.
func (q *RoundRobin[K]) Push(k K) {
	namespace := q.namespaceOf(k)
	keys := q.waiting[namespace]
	if len(keys) == 0 {
		q.turns = append(q.turns, namespace)
	}
	q.waiting[namespace] = append(keys, k)
	q.total++
}

// Len returns the number of keys.
func (q *RoundRobin[K]) Len() int { return q.total }

// Pop takes the first key of the namespace whose turn it is.
func (q *RoundRobin[K]) Pop() K {
	namespace := q.turns[0]
	q.turns = q.turns[1:]
	keys := q.waiting[namespace]
	if len(keys) > 1 {
		q.waiting[namespace] = keys[1:]
		q.turns = append(q.turns, namespace)
	} else {
		delete(q.waiting, namespace)
	}
	q.total--
	return keys[0]
}
