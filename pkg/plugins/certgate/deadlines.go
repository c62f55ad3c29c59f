// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"container/heap"
	"time"
)

// deadlines is a heap of the index's entries that have a time to wake at, earliest first.
// Use set to change it: the other methods are heap.Interface's.
type deadlines []*entry

// set changes the entry's time; zero takes it out of the heap.
func (d *deadlines) set(e *entry, at time.Time) {
	listed := !e.wakeAt.IsZero()
	e.wakeAt = at
	switch {
	case listed && at.IsZero():
		// heap.Remove never compares the entry that it takes out, so its time may be gone.
		heap.Remove(d, e.position)
	case listed:
		heap.Fix(d, e.position)
	case !at.IsZero():
		heap.Push(d, e)
	}
}

func (d deadlines) Len() int { return len(d) }

func (d deadlines) Less(i, j int) bool { return d[i].wakeAt.Before(d[j].wakeAt) }

func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].position, d[j].position = i, j
}

func (d *deadlines) Push(x any) {
	e := x.(*entry)
	e.position = len(*d)
	*d = append(*d, e)
}

func (d *deadlines) Pop() any {
	last := len(*d) - 1
	e := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	return e
}
