// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
)

const (
	// reportQueue bounds the reports that wait to be written. A pod whose report finds no
	// room gets one when it is next judged.
	reportQueue = 4096
	// writeTimeout bounds the writing of one report.
	writeTimeout = 10 * time.Second
)

// report is something to write about a pod.
type report struct {
	pod *v1.Pod
	// event is to be written unless its reason is empty.
	event podevent.Event
	// again says that this process has written an event with the reason before.
	again bool
	// settle corrects the reason of condition PodScheduled.
	settle bool
}

// teller writes reports from one goroutine.
type teller struct {
	logger klog.Logger
	clock  clock.PassiveClock
	client kubernetes.Interface
	source podevent.Source
	queue  chan report
	// complained is when a failure was logged last, in nanoseconds since 1970.
	complained atomic.Int64
	// failed is called with a report that was not written.
	failed func(report, error)
}

func newTeller(logger klog.Logger, clk clock.PassiveClock, client kubernetes.Interface, failed func(report, error)) *teller {
	instance := "kube-scheduler"
	if host, err := os.Hostname(); err == nil {
		instance += "-" + host
	}
	return &teller{
		logger: logger,
		clock:  clk,
		client: client,
		source: podevent.Source{Controller: "tollgate.dev/certgate", Instance: instance},
		queue:  make(chan report, reportQueue),
		failed: failed,
	}
}

// offer queues a report and says whether there was room. It does not block.
func (t *teller) offer(r report) bool {
	select {
	case t.queue <- r:
		return true
	default:
		return false
	}
}

// complain says whether it is time to log a failure: once a minute.
func (t *teller) complain(now time.Time) bool {
	last := t.complained.Load()
	return now.UnixNano()-last >= int64(time.Minute) && t.complained.CompareAndSwap(last, now.UnixNano())
}

// run writes the queued reports until ctx ends.
func (t *teller) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-t.queue:
			if err := t.write(ctx, r); err != nil && ctx.Err() == nil {
				t.failed(r, err)
			}
		}
	}
}

func (t *teller) write(ctx context.Context, r report) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if r.settle {
		if err := t.settle(ctx, r.pod); err != nil {
			return err
		}
	}
	if r.event.Reason == "" {
		return nil
	}
	if r.again {
		err := t.rewrite(ctx, r, map[string]any{"lastTimestamp": metav1.NewTime(t.clock.Now())})
		if !apierrors.IsNotFound(err) {
			return err
		}
	}
	event := t.source.New(r.pod, r.event, t.clock.Now())
	_, err := t.client.EventsV1().Events(r.pod.Namespace).Create(ctx, event, metav1.CreateOptions{})
	switch {
	case apierrors.IsAlreadyExists(err):
		// Another replica, or this one before a restart, has told it. If it said the same, which is the rule, the API server
		// writes nothing.
		if err := t.rewrite(ctx, r, nil); !apierrors.IsNotFound(err) {
			return err
		}
	case err != nil && !apierrors.HasStatusCause(err, v1.NamespaceTerminatingCause):
		return fmt.Errorf("creating event %s for pod %s: %w", r.event.Reason, klog.KObj(r.pod), err)
	}
	return nil
}

// rewrite gives the pod's event of the reason another note, and other fields. events.k8s.io/v1 does not allow that, the same
// object of the core API does.
func (t *teller) rewrite(ctx context.Context, r report, fields map[string]any) error {
	changed := map[string]any{"message": t.source.New(r.pod, r.event, t.clock.Now()).Note}
	maps.Copy(changed, fields)
	patch, err := json.Marshal(changed)
	if err != nil {
		return fmt.Errorf("encoding the patch of an event: %w", err)
	}
	name := podevent.Name(r.pod, r.event.Reason)
	if _, err = t.client.CoreV1().Events(r.pod.Namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("changing event %s of pod %s: %w", r.event.Reason, klog.KObj(r.pod), err)
	}
	return nil
}

// settle patches PodScheduled of exactly the version of the pod that was judged.
func (t *teller) settle(ctx context.Context, pod *v1.Pod) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.UID, "resourceVersion": pod.ResourceVersion},
		"status": map[string]any{"conditions": []map[string]any{
			{"type": v1.PodScheduled, "reason": podcondition.ReasonTLSNotReady},
		}},
	})
	if err != nil {
		return fmt.Errorf("encoding the patch of the pod status: %w", err)
	}
	_, err = t.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		return fmt.Errorf("patching condition %s of pod %s: %w", v1.PodScheduled, klog.KObj(pod), err)
	}
	return nil
}
