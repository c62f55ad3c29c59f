// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// simulation is a run under way.
type simulation struct {
	config     *Config
	autoscaler Autoscaler
	placer     Placer
	clock      *clocktesting.FakePassiveClock
	random     *rand.Rand
	now        time.Duration
	queue      eventQueue

	pools   []poolState
	nodes   []*nodeState // in order of request, until they are removed
	byName  map[string]*nodeState
	names   map[string]bool // of the nodes that are there from the beginning
	counter int             // of nodes, for names

	waiting []*podState // as the queue of a scheduler: by priority, then time
	retry   retry
	scanAt  time.Duration // of the scan that is planned; 0 for none

	// constrained is true where pods say where other pods must be: then the end
	// of one may make room for another on any node.
	constrained bool
	running     int
	arrived     int

	bill   bill
	waits  []time.Duration
	result Result
}

// podState is a pod of the workload.
type podState struct {
	spec    *workload.Pod
	seq     int
	request costmodel.Request
	pools   []int       // that admit it and that it may make grow
	pinned  bool        // not evicted by anybody
	mirror  bool        // of a static pod
	object  *corev1.Pod // as the placer is asked about it

	turn      int // of bindings: an end that was planned for an earlier one is void
	node      *nodeState
	bound     *corev1.Pod
	startedAt time.Duration
	remaining time.Duration // of its lifetime, when it was bound last
	since     time.Duration // when it began to wait
	delay     time.Duration // all its waits
	placed    bool          // once, at least
	reason    error         // why it waits
	purchase  *purchase     // the last that was for it
	inVain    int           // purchases since it was bound last
	refused   []int         // the pools of those
}

// nodeState is a node from its request to its removal.
type nodeState struct {
	object *corev1.Node
	pool   int // index, -1 for none
	ready  bool
	gone   bool
	turn   int // of emptiness: a removal that was planned for an earlier one is void

	capacity, free costmodel.Request // less DaemonSets; free: less the pods too
	freePods       int64
	pods           []*podState
	mirrors        []*podState // start with the node and go with it
	daemons        []*corev1.Pod

	gpus       float64
	stranded   float64       // GPUs, since the last change
	accounted  time.Duration // when that was
	daemonPods []*corev1.Pod // to be started
}

// poolState is what a pool depends on that changes.
type poolState struct {
	*pool.Pool
	allocatable costmodel.Request
	accelerator bool
	live        int
}

// retry says which waiting pods are worth another attempt.
type retry struct {
	all   bool
	nodes []*nodeState // where something became free
}

// take returns what is worth an attempt, and forgets it.
func (r *retry) take() retry {
	taken := *r
	*r = retry{}
	return taken
}

func (r *retry) worth(p *podState, constrained bool) bool {
	if r.all || constrained && len(r.nodes) > 0 {
		return true
	}
	for _, n := range r.nodes {
		if !n.gone && n.hasRoom(p) {
			return true
		}
	}
	return false
}

func (n *nodeState) hasRoom(p *podState) bool {
	return n.freePods > 0 && pool.Fits(p.request, n.free)
}

func (n *nodeState) take(p *podState) {
	subtract(&n.free, p.request)
	n.freePods--
}

func (n *nodeState) release(p *podState) {
	n.free.Add(p.request)
	n.freePods++
}

// subtract takes o off r. r has a map of its own.
func subtract(r *costmodel.Request, o costmodel.Request) {
	r.MilliCPU -= o.MilliCPU
	r.Memory -= o.Memory
	r.EphemeralStorage -= o.EphemeralStorage
	for name, v := range o.Scalar {
		r.Scalar[name] -= v
	}
}

// clone copies r with its map.
func clone(r costmodel.Request) costmodel.Request {
	c := costmodel.Request{}
	c.Add(r)
	if c.Scalar == nil {
		c.Scalar = map[corev1.ResourceName]int64{}
	}
	return c
}
