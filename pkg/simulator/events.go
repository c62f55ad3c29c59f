// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"container/heap"
	"time"
)

// kind orders what happens in the same instant.
type kind int

const (
	podEnds kind = iota
	nodeReady
	priceChanges
	podArrives
	consolidate
	nodeIdle
	scan
)

type event struct {
	at   time.Duration
	kind kind
	seq  int // in order of scheduling, so that the order is total
	pod  *podState
	node *nodeState
	turn int // of the pod or node that the event is about; it is void if they went on
	i    int // index of a price change
}

// eventQueue is a heap of what is going to happen.
type eventQueue struct {
	events []event
	seq    int
}

func (q *eventQueue) push(e event) {
	q.seq++
	e.seq = q.seq
	heap.Push((*eventHeap)(&q.events), e)
}

func (q *eventQueue) pop() event { return heap.Pop((*eventHeap)(&q.events)).(event) }

func (q *eventQueue) empty() bool { return len(q.events) == 0 }

func (q *eventQueue) next() time.Duration { return q.events[0].at }

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }

func (h eventHeap) Less(i, j int) bool {
	a, b := &h[i], &h[j]
	if a.at != b.at {
		return a.at < b.at
	}
	if a.kind != b.kind {
		return a.kind < b.kind
	}
	return a.seq < b.seq
}

func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *eventHeap) Push(x any) { *h = append(*h, x.(event)) }

func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}
