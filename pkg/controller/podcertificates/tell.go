// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
	"github.com/tollgate-dev/tollgate/pkg/text"
)

// reportingController is the reportingController of the events.
const reportingController = "tollgate.dev/controller"

// Reasons of events.
const (
	// EventReasonInvalid tells that the annotation is malformed and nothing of it is done.
	EventReasonInvalid = "InvalidIssueRequest"
	// EventReasonConflict tells that the Secret's certificate is another workload's.
	EventReasonConflict = "IssueRequestConflict"
	// EventReasonOthers tells that somebody else's TLSCertificate is left alone.
	EventReasonOthers = "CertificateNotAdopted"
	// EventReasonRefused tells that the API server does not take the TLSCertificate.
	EventReasonRefused = "IssueRequestRefused"
)

const (
	actionIssuing = "Issuing"
	// maxTold bounds the pods of one workload that are told the same thing.
	maxTold = 10
	// maxRememberedEvents bounds what is remembered; what is told twice has the same name.
	maxRememberedEvents = 10000
	// maxRequest bounds how much of a request a message repeats, in bytes.
	maxRequest = 250
)

// teller writes Events about pods, each once.
type teller struct {
	client client.Writer
	source podevent.Source
	clock  clock.PassiveClock

	mu   sync.Mutex
	told map[string]bool // By namespace and name of the Event.
}

// tellAll tells the first pods given.
func (t *teller) tellAll(ctx context.Context, pods []*corev1.Pod, eventType, reason, note string) error {
	for _, pod := range pods[:min(len(pods), maxTold)] {
		if err := t.tell(ctx, pod, eventType, reason, note); err != nil {
			return err
		}
	}
	return nil
}

// tell creates the Event unless it has been. Its name depends on the note too, since the API does not let a note change.
func (t *teller) tell(ctx context.Context, pod *corev1.Pod, eventType, reason, note string) error {
	event := t.source.New(pod, podevent.Event{Type: eventType, Reason: reason, Action: actionIssuing, Note: note}, t.clock.Now())
	event.Name = podevent.Name(pod, reason+" "+event.Note)
	key := event.Namespace + "/" + event.Name
	if t.done(key) {
		return nil
	}
	err := t.client.Create(ctx, event, client.FieldOwner(FieldManager))
	if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return fmt.Errorf("creating event %s: %w", key, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.told == nil || len(t.told) >= maxRememberedEvents {
		t.told = map[string]bool{}
	}
	t.told[key] = true
	return nil
}

func (t *teller) done(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.told[key]
}

// tellOthers tells the pods that a TLSCertificate is in the way. It is a warning unless that asks for the same.
func (r *reconciler) tellOthers(ctx context.Context, asks []ask, other *v1alpha1.TLSCertificate) error {
	if other.DeletionTimestamp != nil {
		return nil
	}
	var agree, differ []*corev1.Pod
	for _, a := range slices.Backward(asks) { // The newest first.
		if same(a.request, requestOf(other)) {
			agree = append(agree, a.pod)
		} else {
			differ = append(differ, a.pod)
		}
	}
	note := fmt.Sprintf("TLSCertificate %q was not made for pods and is left alone: ", other.Name)
	secret := asks[0].request.SecretName
	if err := r.teller.tellAll(ctx, agree, corev1.EventTypeNormal, EventReasonOthers,
		fmt.Sprintf("%sit asks for the same as annotation %s, which has no effect for Secret %q", note, declare.IssueTLSAnnotation, secret)); err != nil {
		return err
	}
	return r.teller.tellAll(ctx, differ, corev1.EventTypeWarning, EventReasonOthers,
		fmt.Sprintf("%sannotation %s has no effect for Secret %q; change the TLSCertificate, delete it so that one is made for the pod, or name another Secret in the annotation",
			note, declare.IssueTLSAnnotation, secret))
}

// tellConflicts tells the pods that ask for another certificate than the one that their Secret gets.
func (r *reconciler) tellConflicts(ctx context.Context, secret string, cert *v1alpha1.TLSCertificate, p plan) error {
	if len(p.conflicts) == 0 {
		return nil
	}
	kept, who := requestOf(cert), ""
	if p.keeper != nil {
		kept, who = p.keeper.request(), name(p.keeper.owner.Kind, p.keeper.owner.Name)
	} else {
		who = name(cert.OwnerReferences[0].Kind, cert.OwnerReferences[0].Name)
	}
	for _, w := range p.conflicts {
		note := fmt.Sprintf("Secret %q is issued as %s asked first (%s), not as annotation %s of this pod asks (%s): ask for the same in both, or name another Secret; "+
			"to give the Secret to this pod, remove the annotation from %s and delete TLSCertificate %q",
			secret, who, describe(kept), declare.IssueTLSAnnotation, describe(w.request()), who, secret)
		if err := r.teller.tellAll(ctx, w.pods(), corev1.EventTypeWarning, EventReasonConflict, note); err != nil {
			return err
		}
	}
	return nil
}

func name(kind, name string) string { return fmt.Sprintf("%s %q", kind, name) }

// describe says in one clause what a request asks for.
func describe(r declare.IssueRequest) string {
	var names []string
	for _, list := range [][]string{r.DNSNames, r.IPAddresses, r.URIs} {
		names = append(names, list...)
	}
	clause := text.Truncate(strings.Join(names, ", "), maxRequest)
	if len(r.Usages) > 0 {
		clause += " for " + strings.Join(r.Usages, " and ")
	}
	return clause + " from " + name(r.IssuerRef.Kind, r.IssuerRef.Name)
}
