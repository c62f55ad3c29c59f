// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

const (
	// reportingController is the events' reportingController.
	reportingController = "tollgate.dev/certgate"
	// eventAction is what the scheduler did.
	eventAction = "Holding"

	// notSyncedGrace is how long the first list of Secrets may take before people are told.
	notSyncedGrace = 10 * time.Second
	// faultQueue bounds the events that wait to be written. A pod whose event finds no room
	// gets one when it is next judged.
	faultQueue = 1024
	// writeTimeout bounds the writing of one event.
	writeTimeout = 10 * time.Second

	// Limits of the API server.
	maxNameBytes     = 253
	maxNoteBytes     = 1024
	maxInstanceBytes = 128
)

// ownFault says whether the reason is a fault of the scheduler's own, of which nobody else
// would tell people, and how long it may last before it is worth telling.
func ownFault(reason tlsready.Reason) (grace time.Duration, own bool) {
	switch reason {
	case tlsready.SecretsForbidden:
		return 0, true
	case tlsready.NotSynced:
		return notSyncedGrace, true
	}
	return 0, false
}

// fault is something to tell about a pod.
type fault struct {
	pod     *v1.Pod
	reason  tlsready.Reason
	message string
}

// faultEvents writes Events about faults of the scheduler's own from one goroutine. Their
// names are deterministic, so that replicas of the scheduler write each only once.
type faultEvents struct {
	logger   klog.Logger
	clock    clock.PassiveClock
	client   kubernetes.Interface
	instance string
	queue    chan fault
	// failed is called with the UID of a pod whose event was not written.
	failed func(types.UID)
}

func newFaultEvents(logger klog.Logger, clk clock.PassiveClock, client kubernetes.Interface, failed func(types.UID)) *faultEvents {
	instance := "kube-scheduler"
	if host, err := os.Hostname(); err == nil {
		instance += "-" + host
	}
	return &faultEvents{
		logger:   logger,
		clock:    clk,
		client:   client,
		instance: truncate(instance, maxInstanceBytes),
		queue:    make(chan fault, faultQueue),
		failed:   failed,
	}
}

// offer queues the writing of an event. It does not block.
func (e *faultEvents) offer(f fault) {
	select {
	case e.queue <- f:
	default:
		e.failed(f.pod.UID)
	}
}

// run writes the queued events until ctx ends.
func (e *faultEvents) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-e.queue:
			if err := e.write(ctx, f); err != nil {
				e.failed(f.pod.UID)
				e.logger.Error(err, "Failed to tell why a pod is held", "pod", klog.KObj(f.pod), "reason", f.reason)
			}
		}
	}
}

func (e *faultEvents) write(ctx context.Context, f fault) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	_, err := e.client.EventsV1().Events(f.pod.Namespace).Create(ctx, e.event(f), metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating event for pod %s: %w", klog.KObj(f.pod), err)
	}
	return nil
}

// event returns the Event that tells about the fault.
func (e *faultEvents) event(f fault) *eventsv1.Event {
	return &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: f.pod.Namespace, Name: eventName(f.pod, f.reason)},
		EventTime:           metav1.NewMicroTime(e.clock.Now()),
		ReportingController: reportingController,
		ReportingInstance:   e.instance,
		Action:              eventAction,
		Reason:              string(f.reason),
		Type:                v1.EventTypeWarning,
		Note:                truncate(f.message, maxNoteBytes),
		Regarding: v1.ObjectReference{
			APIVersion: "v1",
			Kind:       "Pod",
			Namespace:  f.pod.Namespace,
			Name:       f.pod.Name,
			UID:        f.pod.UID,
		},
	}
}

// eventName is the pod's name, a dot and 16 hex digits of the SHA-256 of its UID and the reason.
func eventName(pod *v1.Pod, reason tlsready.Reason) string {
	sum := sha256.Sum256([]byte(string(pod.UID) + string(reason)))
	suffix := "." + hex.EncodeToString(sum[:8])
	return strings.TrimRight(truncate(pod.Name, maxNameBytes-len(suffix)), ".-") + suffix
}

// truncate shortens s to at most limit bytes and leaves no part of a character behind.
func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}
