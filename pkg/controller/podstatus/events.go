// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

const (
	// ReportingController is the reportingController of the events.
	ReportingController = "tollgate.dev/controller"
	// EventReasonTLSReady is the reason of the event that tells the end of the wait. The
	// events of a held pod have the reason of the verdict.
	EventReasonTLSReady = "TLSReady"

	actionHolding   = "Holding"
	actionReleasing = "Releasing"

	// Limits of the API: the note, the reporting instance and a name, in bytes.
	maxNote     = 1024
	maxInstance = 128
	maxName     = 253
)

// eventWork is what has to be done to the events of one pod.
type eventWork struct {
	// remove are the names of events that no longer hold true.
	remove []string
	// add is the event that holds true now; nil for none.
	add *eventsv1.Event
}

// eventsFor returns what the change of the condition from current (nil: none) to next
// means for the events; nil if nothing. The API does not allow to change the note of an
// event, so a held event with another message takes the place of the old one.
func (r *reconciler) eventsFor(pod *corev1.Pod, current *corev1.PodCondition, next corev1.PodCondition, held time.Duration, now time.Time) *eventWork {
	wasHeld := current != nil && current.Status == corev1.ConditionFalse
	work := &eventWork{}
	switch {
	case next.Status == corev1.ConditionFalse:
		if wasHeld && current.Reason == next.Reason && current.Message == next.Message {
			return nil
		}
		work.add = r.event(pod, corev1.EventTypeWarning, next.Reason, actionHolding, next.Message, now)
	case wasHeld && next.Reason == ReasonUsable:
		work.add = r.event(pod, corev1.EventTypeNormal, EventReasonTLSReady, actionReleasing, r.readyNote(pod, held), now)
	case !wasHeld:
		return nil
	}
	if wasHeld {
		work.remove = append(work.remove, eventName(pod, current.Reason))
	} else if current != nil {
		// The pod is held again: the earlier good news is no longer true.
		work.remove = append(work.remove, eventName(pod, EventReasonTLSReady))
	}
	return work
}

// settle does the work that is owed for a pod. What fails stays owed.
func (r *reconciler) settle(ctx context.Context, key types.NamespacedName) error {
	work := r.memory.owed(key)
	if work == nil {
		return nil
	}
	for _, name := range work.remove {
		if err := r.removeEvent(ctx, types.NamespacedName{Namespace: key.Namespace, Name: name}); err != nil {
			return err
		}
	}
	if work.add != nil {
		// A copy, since a failed attempt may be repeated. Another replica may have been faster.
		err := r.client.Create(ctx, work.add.DeepCopy(), client.FieldOwner(FieldManager))
		if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
			return fmt.Errorf("creating event %s/%s: %w", key.Namespace, work.add.Name, err)
		}
	}
	r.memory.paid(key)
	return nil
}

// removeEvent deletes an event of this controller. The scheduler tells its own faults
// under names of the same form; those stay.
func (r *reconciler) removeEvent(ctx context.Context, key types.NamespacedName) error {
	event := &eventsv1.Event{}
	if err := r.live.Get(ctx, key, event); err != nil {
		return describe(client.IgnoreNotFound(err), "reading event", key)
	}
	if event.ReportingController != ReportingController {
		return nil
	}
	err := r.client.Delete(ctx, event, client.Preconditions{UID: &event.UID})
	return describe(client.IgnoreNotFound(err), "deleting event", key)
}

func describe(err error, doing string, key types.NamespacedName) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", doing, key, err)
}

func (r *reconciler) event(pod *corev1.Pod, eventType, reason, action, note string, now time.Time) *eventsv1.Event {
	return &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: pod.Namespace, Name: eventName(pod, reason)},
		EventTime:           metav1.NewMicroTime(now),
		Type:                eventType,
		Reason:              reason,
		Action:              action,
		Note:                text.Truncate(note, maxNote),
		ReportingController: ReportingController,
		ReportingInstance:   text.Truncate(r.host, maxInstance),
		Regarding: corev1.ObjectReference{
			APIVersion:      "v1",
			Kind:            "Pod",
			Namespace:       pod.Namespace,
			Name:            pod.Name,
			UID:             pod.UID,
			ResourceVersion: pod.ResourceVersion,
		},
	}
}

// readyNote is the note of the event that tells the end of the wait.
func (r *reconciler) readyNote(pod *corev1.Pod, held time.Duration) string {
	var names []string
	for _, f := range r.usedSecrets(pod) {
		names = append(names, f.Name)
	}
	note := "No TLS Secrets to wait for"
	if len(names) > 0 {
		note = "Secrets usable: " + strings.Join(names, ", ")
	}
	suffix := "; held for " + formatHeld(held)
	return text.Truncate(note, maxNote-len(suffix)) + suffix
}

// eventName is <pod name>.<first 16 hex digits of the SHA-256 of pod UID and reason>, so
// that replicas that tell the same thing collide instead of repeating each other.
func eventName(pod *corev1.Pod, reason string) string {
	sum := sha256.Sum256([]byte(string(pod.UID) + reason))
	suffix := "." + hex.EncodeToString(sum[:8])
	name := pod.Name[:min(len(pod.Name), maxName-len(suffix))]
	return strings.TrimRight(name, "-.") + suffix
}

// formatHeld rounds to tenths of a second below a minute and to seconds above.
func formatHeld(d time.Duration) string {
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
