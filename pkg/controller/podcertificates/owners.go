// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// remember is for how long the workload of a ReplicaSet or Job is not asked for again: a
	// rollout of a thousand pods else asks a thousand times.
	remember = time.Minute
	// maxRemembered bounds what is remembered.
	maxRemembered = 10000
	// revisionAnnotation is what the Deployment controller counts the ReplicaSets of a
	// Deployment with; a rollback gives an old one the next number.
	revisionAnnotation = "deployment.kubernetes.io/revision"
)

// intermediate are the kinds of controllers that a workload may stand above, by API group.
var intermediate = map[schema.GroupKind]bool{
	{Group: "apps", Kind: "ReplicaSet"}: true, // of a Deployment
	{Group: "batch", Kind: "Job"}:       true, // of a CronJob
}

// owners finds the workloads of pods. It reads metadata from the API server itself, since a
// cache of all workloads would be large and these are few.
type owners struct {
	live  client.Reader
	clock clock.PassiveClock

	mu    sync.Mutex
	known map[types.UID]known // By the UID of the pod's controller.
}

type known struct {
	owner metav1.OwnerReference
	at    time.Time
}

// of returns the workload of a pod: what controls the ReplicaSet or Job that controls it, else
// its controller, else the pod itself.
func (o *owners) of(ctx context.Context, pod *corev1.Pod) (metav1.OwnerReference, error) {
	controller := metav1.GetControllerOf(pod)
	switch {
	case controller == nil:
		return metav1.OwnerReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID}, nil
	case !intermediate[groupKind(controller)]:
		return plain(controller), nil
	}
	if owner, ok := o.recall(controller.UID); ok {
		return owner, nil
	}
	found, err := o.get(ctx, pod.Namespace, controller)
	if err != nil || found == nil {
		return plain(controller), err
	}
	owner := plain(controller)
	if above := metav1.GetControllerOf(found); above != nil {
		owner = plain(above)
	}
	o.note(controller.UID, owner)
	return owner, nil
}

// exist reports whether an owner still exists. One of a kind that may not be read is taken to.
func (o *owners) exist(ctx context.Context, namespace string, owner *metav1.OwnerReference) (bool, error) {
	found, err := o.get(ctx, namespace, owner)
	if apierrors.IsForbidden(err) || meta.IsNoMatchError(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if found == nil || found.DeletionTimestamp != nil {
		o.forget(owner.UID)
		return false, nil
	}
	return true, nil
}

// revision returns the Deployment's number of the pod's ReplicaSet; 0 for other pods.
func (o *owners) revision(ctx context.Context, namespace string, controller *metav1.OwnerReference) (int64, error) {
	if controller == nil || controller.Kind != "ReplicaSet" || !intermediate[groupKind(controller)] {
		return 0, nil
	}
	found, err := o.get(ctx, namespace, controller)
	if err != nil || found == nil {
		return 0, err
	}
	number, err := strconv.ParseInt(found.Annotations[revisionAnnotation], 10, 64)
	if err != nil {
		return 0, nil // A ReplicaSet without a Deployment has none.
	}
	return number, nil
}

// get returns the metadata of an owner; nil if it does not exist any more.
func (o *owners) get(ctx context.Context, namespace string, owner *metav1.OwnerReference) (*metav1.PartialObjectMetadata, error) {
	found := &metav1.PartialObjectMetadata{}
	found.SetGroupVersionKind(schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind))
	err := o.live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: owner.Name}, found)
	if apierrors.IsNotFound(err) || err == nil && found.UID != owner.UID {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s %s/%s, which pods that ask for certificates belong to: %w", owner.Kind, namespace, owner.Name, err)
	}
	return found, nil
}

func (o *owners) recall(uid types.UID) (metav1.OwnerReference, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	k, ok := o.known[uid]
	return k.owner, ok && o.clock.Since(k.at) < remember
}

func (o *owners) note(uid types.UID, owner metav1.OwnerReference) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known == nil || len(o.known) >= maxRemembered {
		o.known = map[types.UID]known{}
	}
	o.known[uid] = known{owner: owner, at: o.clock.Now()}
}

// forget drops what is known to belong to the owner: it may belong to another one by now.
func (o *owners) forget(owner types.UID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.known, func(_ types.UID, k known) bool { return k.owner.UID == owner })
}

// plain is a reference that neither controls nor keeps its owner from being deleted.
func plain(ref *metav1.OwnerReference) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: ref.APIVersion, Kind: ref.Kind, Name: ref.Name, UID: ref.UID}
}

func groupKind(ref *metav1.OwnerReference) schema.GroupKind {
	return schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).GroupKind()
}
