// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
)

// distrust is for how long all nodes are compared after the index was wrong.
const distrust = time.Minute

// handed watches over what the index finds. A node that is then rejected leaves
// its pod without any, and preemption believes that the others are hopeless. That
// cannot happen as far as we know, but for a price, a nomination, a volume or a
// device that comes or goes in that moment; if it does all the same, the pod is tried
// again with the next pod, and without the index, as are all others for a while if it
// has neither volumes nor claims.
//
// This plugin's Filter is the last of those that can reject a node. So if it
// accepted none in the state of the cycle, somebody rejected the node. Preemption
// asks Filter with copies of the state. Opportunistic batching asks it whether the
// pod fits on the node of the last pod, to which it then does not go, and may
// place it on another node than the one that was handed over, which is as good.
type handed struct {
	pod atomic.Pointer[v1.Pod] // nil if Filter accepted the node
	// slow says that the pod has volumes or claims, so that other informers may
	// have changed what its plugins think of the node.
	slow  bool
	mu    sync.Mutex
	node  string
	last  string    // the node of the last pod
	until time.Time // of the distrust
	// doubted is the last pod with volumes or claims whose node was rejected.
	doubted types.UID
}

// accepted says that all Filter plugins let the pod onto a node.
func (h *handed) accepted(state fwk.CycleState, pod *v1.Pod, node *v1.Node) {
	if p := h.pod.Load(); p == nil || p.UID != pod.UID { // mostly nil, and all nodes are asked about side by side
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if node.Name == h.last && node.Name != h.node {
		return
	}
	if mark, err := state.Read(handedKey); err == nil && mark == (handedMark{}) {
		h.pod.Store(nil)
	}
}

const handedKey = "tollgate.dev/handed"

// handedMark is in the state of a cycle for which a node was handed over; copied
// is in the copies of it.
type (
	handedMark struct{}
	copied     struct{}
)

// Clone implements fwk.StateData.
func (handedMark) Clone() fwk.StateData { return copied{} }

// Clone implements fwk.StateData.
func (c copied) Clone() fwk.StateData { return c }

// placed tells the node of the pod of this cycle.
func (h *handed) placed(node string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = node
}

// over tells the node of a new cycle.
func (h *handed) over(state fwk.CycleState, pod *v1.Pod, node string, slow bool) {
	state.Write(handedKey, handedMark{})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.node, h.slow = node, slow
	h.pod.Store(pod)
}

// trusted reports whether the index may be used for the next pod, and sees to what
// became of the last node that it found.
func (h *handed) trusted(ctx context.Context, activator fwk.PodActivator, now time.Time, next *v1.Pod) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if pod := h.pod.Swap(nil); pod != nil {
		misses.Inc()
		logger := klog.FromContext(ctx)
		activator.Activate(logger, map[string]*v1.Pod{string(pod.UID): pod})
		if h.slow {
			logger.V(2).Info("The node that CostScore found in its index was rejected, as a volume or a device changed in that moment; comparing all nodes for the pod",
				"pod", klog.KObj(pod), "node", klog.KRef("", h.node))
			h.doubted = pod.UID
		} else {
			h.until = now.Add(distrust)
			logger.Error(nil, "The node that CostScore found in its index was rejected; comparing all nodes for a while. Please report this with both objects",
				"pod", klog.KObj(pod), "node", klog.KRef("", h.node), "until", h.until.UTC().Format(time.RFC3339))
		}
	}
	return !now.Before(h.until) && (h.doubted == "" || next.UID != h.doubted)
}
