// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/fairqueue"
)

// NewQueue is for controller.Options.NewQueue: namespaces take turns, so that one with thousands of pods does not keep
// those of another waiting. It takes the place of controller-runtime's priority queue, which has one order for all.
func NewQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	fair := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[reconcile.Request]{
		Name:  name,
		Queue: fairqueue.New(func(r reconcile.Request) string { return r.Namespace }),
	})
	delaying := workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[reconcile.Request]{Name: name, Queue: fair})
	return workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[reconcile.Request]{
		Name: name, DelayingQueue: delaying,
	})
}
