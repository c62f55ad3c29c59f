// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"sync"
	"sync/atomic"
	"time"

	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/nodeindex"
)

const (
	// patience is for how long a node is looked at in each cycle after an event
	// of it: the scheduler may not have heard of the event yet. Handlers of one
	// informer run side by side, so ours may be the first.
	patience = 100 * time.Millisecond
	// mostWatched is how many nodes are looked at in each cycle for that: as many
	// as a hundred pods bound and deleted in a moment have. Where more happens, the
	// first are left to be looked at in turn.
	mostWatched = 300
	// around is how long it takes to look at all nodes in turn, if nothing says
	// that they changed.
	around = time.Second
)

// follower keeps an index equal to the snapshots of the scheduling cycles. Those
// have what no informer knows: the pods that were given a node and are not yet
// bound. A node has changed if its generation has. To look at the generations of
// all nodes takes longer than all else once there are thousands, so it looks at
// those that it has been told of, and at some others in turn. What it is not told
// of is a pod of another profile that was given a node, which catchUp notices
// where it matters, or that lost it again before it was bound.
type follower struct {
	index nodeindex.Index
	// ageless says that the strategy does not look at ages.
	ageless bool
	version uint64 // of the prices
	// nodes is the list of the last snapshot. The scheduler makes a new one when
	// nodes come or go, and never changes one.
	nodes  []fwk.NodeInfo
	seen   []*seen // in the same order
	byName map[string]*seen
	turn   int // the next in turn
	last   time.Time
	// owed is the time since the last one, times the number of nodes.
	owed time.Duration
	// watched are the nodes that have an until.
	watched []*seen

	// active says that there is an index to follow with.
	active atomic.Bool
	mu     sync.Mutex
	// told are nodes to be looked at, and until when: from now on if that is not
	// over, and once in any case.
	told map[string]time.Time
}

// seen is a node of the snapshot as the index has it.
type seen struct {
	info       fwk.NodeInfo
	generation int64
	// until is how long the node is looked at in each cycle; zero if it is not.
	until time.Time
}

// tell says that a node has changed, or will before some time.
func (f *follower) tell(node string, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.told == nil {
		f.told = map[string]time.Time{}
	}
	if before, told := f.told[node]; !told || before.Before(until) {
		f.told[node] = until
	}
}

// follow brings the index to the state of a snapshot.
func (f *follower) follow(pl *CostScore, nodes []fwk.NodeInfo) {
	f.active.Store(true)
	now := pl.clock.Now()
	pause := now.Sub(f.last)
	f.last = now
	version, before := pl.nodes.version(), f.version
	f.version = version
	if len(nodes) != len(f.nodes) || len(nodes) > 0 && &nodes[0] != &f.nodes[0] {
		f.relist(pl, nodes, version != before)
		return
	}
	if version != before {
		for _, s := range f.seen {
			f.put(pl, s)
		}
		return
	}
	f.lookAtTold(pl, now)
	f.owed += time.Duration(len(f.seen)) * min(pause, around)
	count := min(len(f.seen), int(f.owed/around))
	f.owed %= around
	for range count {
		if f.turn >= len(f.seen) {
			f.turn = 0
		}
		f.lookAt(pl, f.seen[f.turn])
		f.turn++
	}
}

// lookAtAll looks at all nodes.
func (f *follower) lookAtAll(pl *CostScore) {
	for _, s := range f.seen {
		f.lookAt(pl, s)
	}
}

// catchUp reports whether a node has changed since it was put into the index.
func (f *follower) catchUp(pl *CostScore, name string) bool { return f.lookAt(pl, f.byName[name]) }

func (f *follower) lookAt(pl *CostScore, s *seen) (changed bool) {
	if s.info.GetGeneration() == s.generation {
		return false
	}
	f.put(pl, s)
	return true
}

func (f *follower) lookAtTold(pl *CostScore, now time.Time) {
	f.hear(pl, now)
	kept := f.watched[:0]
	for i, s := range f.watched {
		f.lookAt(pl, s)
		if len(f.watched)-i > mostWatched {
			s.until = time.Time{}
			continue
		}
		// That it changed may be for another reason than what was told.
		if now.After(s.until) {
			s.until = time.Time{}
			continue
		}
		kept = append(kept, s)
	}
	clear(f.watched[len(kept):])
	f.watched = kept
}

// hear has the nodes watched that were told of, and looks at the others once. Of
// those that the snapshot does not have it thinks until their time is over.
func (f *follower) hear(pl *CostScore, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, until := range f.told {
		s, over := f.byName[name], now.After(until)
		switch {
		case s != nil && over:
			f.lookAt(pl, s)
		case s != nil:
			f.watch(s, until)
		}
		if s != nil || over {
			delete(f.told, name)
		}
	}
}

func (f *follower) watch(s *seen, until time.Time) {
	if s.until.IsZero() {
		f.watched = append(f.watched, s)
	}
	if s.until.Before(until) {
		s.until = until
	}
}

// relist begins anew with the list of a snapshot that has other nodes than the
// one before, or has them in another order.
func (f *follower) relist(pl *CostScore, nodes []fwk.NodeInfo, pricesChanged bool) {
	was := f.byName
	f.nodes, f.seen, f.byName = nodes, make([]*seen, 0, len(nodes)), make(map[string]*seen, len(nodes))
	f.watched = nil
	for _, info := range nodes {
		name := info.Node().Name
		s := was[name]
		if s == nil || s.info != info {
			another := &seen{info: info}
			if s != nil {
				another.until = s.until
			}
			s = another
			f.put(pl, s)
		} else if !f.lookAt(pl, s) && pricesChanged {
			f.put(pl, s)
		}
		if !s.until.IsZero() {
			f.watched = append(f.watched, s)
		}
		f.seen, f.byName[name] = append(f.seen, s), s
		delete(was, name)
	}
	for name := range was {
		f.index.Remove(name)
	}
}

// info returns a node of the snapshot.
func (f *follower) info(name string) fwk.NodeInfo { return f.byName[name].info }

// age returns the age of a node from nodeindex.Node.Oldest.
func (f *follower) age(oldest int64, now time.Time) time.Duration {
	if f.ageless || oldest == nodeindex.NoPods {
		return 0
	}
	return podFacts{oldest: time.Unix(0, oldest)}.age(now)
}
