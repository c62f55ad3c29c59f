// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"slices"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/utils/clock"
)

// waker activates waiting pods. Changes only mark pods; its goroutine activates them, many
// changes at once if they come faster than the queue takes them.
type waker struct {
	logger    klog.Logger
	clock     clock.Clock
	waiting   *waiting
	activator fwk.PodActivator

	// poked holds a token while there is something new to look at.
	poked chan struct{}

	mu     sync.Mutex
	marked sets.Set[types.UID]
}

func newWaker(logger klog.Logger, clk clock.Clock, w *waiting, activator fwk.PodActivator) *waker {
	return &waker{
		logger:    logger,
		clock:     clk,
		waiting:   w,
		activator: activator,
		poked:     make(chan struct{}, 1),
		marked:    sets.New[types.UID](),
	}
}

// secretChanged wakes the pods that wait for the Secret; an empty name stands for all Secrets
// of the namespace, an empty namespace for those of all.
func (w *waker) secretChanged(namespace, name string) {
	if name == "" {
		w.wake(w.waiting.All(namespace)...)
		return
	}
	w.wake(w.waiting.Waiters(types.NamespacedName{Namespace: namespace, Name: name})...)
}

// wake marks pods for activation. It does not block.
func (w *waker) wake(uids ...types.UID) {
	if len(uids) == 0 {
		return
	}
	w.mu.Lock()
	w.marked.Insert(uids...)
	w.mu.Unlock()
	w.poke()
}

// poke makes run look at the marks and the clock again. It does not block.
func (w *waker) poke() {
	select {
	case w.poked <- struct{}{}:
	default:
	}
}

// run activates marked and due pods until ctx ends.
func (w *waker) run(ctx context.Context) {
	for {
		due, next := w.waiting.Due(w.clock.Now())
		w.activate(append(due, w.takeMarked()...))
		if !w.sleep(ctx, next) {
			return
		}
	}
}

// sleep returns true at the next poke or at the given time, unless that is zero, and false when ctx ends.
func (w *waker) sleep(ctx context.Context, until time.Time) bool {
	var alarm <-chan time.Time
	if !until.IsZero() {
		timer := w.clock.NewTimer(until.Sub(w.clock.Now()))
		defer timer.Stop()
		alarm = timer.C()
	}
	select {
	case <-ctx.Done():
		return false
	case <-w.poked:
	case <-alarm:
	}
	return true
}

func (w *waker) takeMarked() []types.UID {
	w.mu.Lock()
	defer w.mu.Unlock()
	marked := w.marked.UnsortedList()
	clear(w.marked)
	return marked
}

// maxActivated is how many pods are activated at once: Activate holds the queue's lock until it
// has had all of them judged.
const maxActivated = 200

// activate activates those pods that still wait. Without any it leaves the activator alone,
// which need not be set by then.
func (w *waker) activate(uids []types.UID) {
	for chunk := range slices.Chunk(uids, maxActivated) {
		pods := w.waiting.Pods(chunk)
		if len(pods) == 0 {
			continue
		}
		activated := make(map[string]*v1.Pod, len(pods))
		for _, pod := range pods {
			activated[string(pod.UID)] = pod
		}
		w.logger.V(4).Info("Activating waiting pods", "pods", len(activated))
		w.activator.Activate(w.logger, activated)
	}
}
