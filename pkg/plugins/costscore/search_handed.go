// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
)

// distrust is for how long all nodes are compared after the index was wrong.
const distrust = time.Minute

// handed watches over what the index finds. A node that another plugin then
// rejects would leave its pod without any, and preemption would believe that the
// others are hopeless. That cannot happen as far as we know; if it does all the
// same, the pod is tried again at once, and without the index.
//
// This plugin's Filter is the last of those that can reject a node. So if it was
// not called between two cycles, another one rejected the node.
type handed struct {
	mu    sync.Mutex
	pod   *v1.Pod // nil if Filter was reached
	node  string
	until time.Time // of the distrust
}

// reached says that the other Filter plugins let the pod through.
func (h *handed) reached(pod *v1.Pod) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pod != nil && h.pod.UID == pod.UID {
		h.pod = nil
	}
}

// over tells the node of a new cycle.
func (h *handed) over(pod *v1.Pod, node string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pod, h.node = pod, node
}

// trusted reports whether the index may be used, and sees to what became of
// the last node that it found.
func (h *handed) trusted(ctx context.Context, activator fwk.PodActivator, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if pod := h.pod; pod != nil {
		h.pod, h.until = nil, now.Add(distrust)
		misses.Inc()
		logger := klog.FromContext(ctx)
		logger.Error(nil, "The node that CostScore found in its index was rejected by another plugin; comparing all nodes for a while. Please report this with both objects",
			"pod", klog.KObj(pod), "node", klog.KRef("", h.node), "until", h.until.UTC().Format(time.RFC3339))
		activator.Activate(logger, map[string]*v1.Pod{string(pod.UID): pod})
	}
	return !now.Before(h.until)
}
