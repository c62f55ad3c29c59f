// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
	"github.com/tollgate-dev/tollgate/pkg/text"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// ReportingController is the reportingController of the events.
const ReportingController = "tollgate.dev/controller"

// Reasons of events. The events of a held pod have the reason of the verdict.
const (
	// EventReasonTLSReady tells the end of the wait.
	EventReasonTLSReady = "TLSReady"
	// EventReasonWaitTimedOut tells that the pod goes on without its Secrets, as it asked.
	EventReasonWaitTimedOut = "TLSWaitTimedOut"
	// EventReasonCertificateWarning tells what is wrong with a Secret that can serve nevertheless.
	EventReasonCertificateWarning = "CertificateWarning"
	// EventReasonSchedulerWithoutGate tells that nothing holds a pod that declares Secrets.
	EventReasonSchedulerWithoutGate = "SchedulerWithoutGate"
)

// Actions of events.
const (
	actionHolding   = "Holding"
	actionReleasing = "Releasing"
	actionIgnoring  = "Ignoring"
)

// eventWork is what has to be done to the events of one pod.
type eventWork struct {
	// remove are the names of events that no longer hold true.
	remove []string
	// add are the events that hold true now.
	add []*eventsv1.Event
	// once are the events that stay; they are told even if others have to be told since.
	once []*eventsv1.Event
}

// eventsFor returns what the change of the condition from current (nil: none) to next
// means for the events; nil if nothing. The API does not allow to change the note of an
// event, so a held event with another message takes the place of the old one.
func (r *reconciler) eventsFor(pod *corev1.Pod, current *corev1.PodCondition, next corev1.PodCondition, warning string, held time.Duration, now time.Time) *eventWork {
	if current != nil && alike(*current, next) {
		return nil
	}
	wasHeld := current != nil && current.Status == corev1.ConditionFalse
	work := &eventWork{}
	add := func(list *[]*eventsv1.Event, eventType, reason, action, note string) {
		*list = append(*list, r.events.New(pod, podevent.Event{Type: eventType, Reason: reason, Action: action, Note: note}, now))
	}
	// What holds true now, in the place of what held true before.
	timedOut := next.Reason == string(tlsready.WaitTimedOut)
	switch {
	case next.Status == corev1.ConditionFalse:
		add(&work.add, corev1.EventTypeWarning, next.Reason, actionHolding, next.Message)
	case timedOut && (current == nil || current.Reason != next.Reason):
		add(&work.add, corev1.EventTypeWarning, EventReasonWaitTimedOut, actionReleasing, warning)
	case wasHeld && next.Reason == podcondition.ReasonUsable:
		add(&work.add, corev1.EventTypeNormal, EventReasonTLSReady, actionReleasing, r.readyNote(pod, held))
	}
	switch {
	case wasHeld:
		work.remove = append(work.remove, podevent.Name(pod, current.Reason))
	case current != nil && next.Status == corev1.ConditionFalse:
		// The pod is held again: the earlier news is no longer true.
		work.remove = append(work.remove, podevent.Name(pod, EventReasonTLSReady), podevent.Name(pod, EventReasonWaitTimedOut))
	}
	// What is told once.
	if warning != "" && !timedOut && (current == nil || wasHeld) {
		add(&work.once, corev1.EventTypeWarning, EventReasonCertificateWarning, actionReleasing, warning)
	}
	if current == nil && r.scope.bypassing(pod) {
		add(&work.once, corev1.EventTypeWarning, EventReasonSchedulerWithoutGate, actionIgnoring, r.scope.bypassNote(pod))
	}
	if len(work.remove)+len(work.add)+len(work.once) == 0 {
		return nil
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
	for _, event := range slices.Concat(work.add, work.once) {
		if err := r.createEvent(ctx, event); err != nil {
			return err
		}
	}
	r.memory.paid(key)
	return nil
}

// createEvent writes an event. One of the same name is another replica's, and as good, or the
// scheduler's, which tells under the same names what it knows while nobody else reports: that
// is less, so it is replaced.
func (r *reconciler) createEvent(ctx context.Context, event *eventsv1.Event) error {
	key := client.ObjectKeyFromObject(event)
	// A copy, since a failed attempt may be repeated.
	create := func() error { return r.client.Create(ctx, event.DeepCopy(), client.FieldOwner(FieldManager)) }
	err := create()
	if apierrors.IsAlreadyExists(err) {
		other := &eventsv1.Event{}
		if err := r.live.Get(ctx, key, other); err != nil || other.ReportingController == ReportingController {
			return describe(client.IgnoreNotFound(err), "reading event", key)
		}
		if err := r.removeEvent(ctx, key); err != nil {
			return err
		}
		err = create()
	}
	if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return fmt.Errorf("creating event %s: %w", key, err)
	}
	return nil
}

// removeEvent deletes an event that is no longer true, whoever has told it.
func (r *reconciler) removeEvent(ctx context.Context, key types.NamespacedName) error {
	event := &eventsv1.Event{}
	if err := r.live.Get(ctx, key, event); err != nil {
		return describe(client.IgnoreNotFound(err), "reading event", key)
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
	return text.Truncate(note, podevent.MaxNote-len(suffix)) + suffix
}

// formatHeld rounds to tenths of a second below a minute and to seconds above.
func formatHeld(d time.Duration) string {
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
