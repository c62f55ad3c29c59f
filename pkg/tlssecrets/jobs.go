// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/fairqueue"
)

// namespaced is the key of something that belongs to a namespace.
type namespaced interface {
	comparable
	inNamespace() string
}

// Limits of live GETs, of all jobs together. They share the client's rate limit with
// binding, so they stay far below it; what was never looked at does not wait behind what was.
const (
	firstPerSecond   = 20
	firstBurst       = 50
	recheckPerSecond = 5
	recheckBurst     = 5

	minBackoff = time.Second
	maxBackoff = 30 * time.Second
)

// limits are the limiters that all jobs share.
type limits struct {
	clock        clock.WithTicker
	first, again *rate.Limiter
}

func newLimits(clk clock.WithTicker) *limits {
	return &limits{
		clock: clk,
		first: rate.NewLimiter(firstPerSecond, firstBurst),
		again: rate.NewLimiter(recheckPerSecond, recheckBurst),
	}
}

// wait takes a token; false means that ctx is done.
func (l *limits) wait(ctx context.Context, limiter *rate.Limiter) bool {
	now := l.clock.Now()
	if delay := limiter.ReserveN(now, 1).DelayFrom(now); delay > 0 {
		select {
		case <-ctx.Done():
		case <-l.clock.After(delay):
		}
	}
	return ctx.Err() == nil
}

// jobs works off keys, fairly by namespace: new ones in one queue, those to be looked at
// again in another.
type jobs[K namespaced] struct {
	limits *limits
	// wanted reports whether anybody still asks for the key.
	wanted func(K) bool
	// do makes the live GETs of a key; take takes one token for each but the first, and is
	// false if there is no time left.
	do func(ctx context.Context, k K, take func() bool)

	mu    sync.Mutex
	early []K // came before run
	first workqueue.TypedInterface[K]
	again workqueue.TypedDelayingInterface[K]
}

// add queues a new key. It does not block.
func (j *jobs[K]) add(k K) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.first == nil {
		j.early = append(j.early, k)
		return
	}
	j.first.Add(k)
}

// addAfter queues a key to be looked at again. Only do may call it.
func (j *jobs[K]) addAfter(k K, delay time.Duration) { j.again.AddAfter(k, delay) }

// run works until ctx is done. The queues are made here since they start goroutines.
func (j *jobs[K]) run(ctx context.Context) {
	newQueue := func() workqueue.TypedInterface[K] {
		return workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[K]{Clock: j.limits.clock, Queue: fairqueue.New(K.inNamespace)})
	}
	j.mu.Lock()
	j.first = newQueue()
	j.again = workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[K]{Clock: j.limits.clock, Queue: newQueue()})
	for _, k := range j.early {
		j.first.Add(k)
	}
	j.early = nil
	j.mu.Unlock()

	var wg sync.WaitGroup
	wg.Go(func() { j.work(ctx, j.first, j.limits.first) })
	wg.Go(func() { j.work(ctx, j.again, j.limits.again) })
	<-ctx.Done()
	j.first.ShutDown()
	j.again.ShutDown()
	wg.Wait()
}

func (j *jobs[K]) work(ctx context.Context, queue workqueue.TypedInterface[K], limiter *rate.Limiter) {
	take := func() bool { return j.limits.wait(ctx, limiter) }
	for {
		k, shutdown := queue.Get()
		if shutdown {
			return
		}
		if j.wanted(k) && take() {
			j.do(ctx, k, take)
		}
		queue.Done(k)
	}
}
