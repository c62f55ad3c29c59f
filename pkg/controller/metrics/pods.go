// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-base/metrics"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

var (
	heldDesc = metrics.NewDesc(subsystem+"_held_pods",
		"Number of pods that are held since a declared TLS Secret is not usable. Labeled by namespace and the reason of condition tollgate.dev/TLSReady, Deadlock among others.",
		[]string{"namespace", "reason"}, nil, metrics.ALPHA, "")
	oldestHeldDesc = metrics.NewDesc(subsystem+"_held_pods_oldest_timestamp_seconds",
		"Since when the pod of longest hold is held, in seconds since 1970. Labeled as tollgate_held_pods.",
		[]string{"namespace", "reason"}, nil, metrics.ALPHA, "")
)

// pods sends how many pods are held.
func (c *collector) pods(ctx context.Context, send sender) error {
	pods, err := c.options.Held(ctx, c.reader)
	if err != nil {
		return fmt.Errorf("listing the pods that wait: %w", err)
	}
	type key struct{ namespace, reason string }
	held, oldest := map[key]int{}, map[key]time.Time{}
	for i := range pods {
		condition := podcondition.Of(&pods[i])
		if condition == nil || condition.Status != corev1.ConditionFalse {
			continue // it waits for a node, or nobody has looked at it yet
		}
		k := key{pods[i].Namespace, condition.Reason}
		held[k]++
		if since := condition.LastTransitionTime.Time; oldest[k].IsZero() || since.Before(oldest[k]) {
			oldest[k] = since
		}
	}
	for k, n := range held {
		send(heldDesc, float64(n), k.namespace, k.reason)
		send(oldestHeldDesc, float64(oldest[k].Unix()), k.namespace, k.reason)
	}
	return nil
}
