// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

// CacheOptions says how the manager's cache should hold pods: trimmed to what this
// package and packages schedulinggate and podcertificates read. Of a pod without an annotation, a condition or
// a scheduling gate of ours only its identity stays. Cached pods must therefore never be sent in an update.
func CacheOptions() cache.ByObject {
	return cache.ByObject{Transform: trim}
}

// trim is a cache.TransformFunc. Objects that are no pods pass unchanged.
func trim(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	kept := &corev1.Pod{
		TypeMeta: pod.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace:         pod.Namespace,
			Name:              pod.Name,
			UID:               pod.UID,
			ResourceVersion:   pod.ResourceVersion,
			CreationTimestamp: pod.CreationTimestamp,
			DeletionTimestamp: pod.DeletionTimestamp,
		},
	}
	annotations := maps.Clone(pod.Annotations)
	maps.DeleteFunc(annotations, func(key, _ string) bool { return !strings.HasPrefix(key, v1alpha1.GroupName+"/") })
	if len(annotations) == 0 && podcondition.Of(pod) == nil && !beginningOf(pod).gated {
		return kept, nil
	}
	kept.Annotations = annotations
	if declare.IssueDeclared(kept) {
		kept.OwnerReferences = pod.OwnerReferences // Who owns the certificate.
	}
	kept.Spec = corev1.PodSpec{
		NodeName:          pod.Spec.NodeName,
		SchedulerName:     pod.Spec.SchedulerName,
		SchedulingGates:   pod.Spec.SchedulingGates,
		PriorityClassName: pod.Spec.PriorityClassName,
		Volumes:           trimVolumes(pod.Spec.Volumes),
		InitContainers:    trimContainers(pod.Spec.InitContainers),
		Containers:        trimContainers(pod.Spec.Containers),
	}
	kept.Status = corev1.PodStatus{Phase: pod.Status.Phase, Conditions: pod.Status.Conditions}
	return kept, nil
}

// trimVolumes keeps the volumes that refer to Secrets.
func trimVolumes(volumes []corev1.Volume) []corev1.Volume {
	var kept []corev1.Volume
	for _, v := range volumes {
		if v.Secret != nil || v.Projected != nil {
			kept = append(kept, v)
		}
	}
	return kept
}

// trimContainers keeps the containers' names and their environment from Secrets.
func trimContainers(containers []corev1.Container) []corev1.Container {
	var kept []corev1.Container
	for _, c := range containers {
		small := corev1.Container{Name: c.Name}
		for _, env := range c.Env {
			if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil {
				small.Env = append(small.Env, env)
			}
		}
		// All of them, since error messages give the position.
		small.EnvFrom = c.EnvFrom
		kept = append(kept, small)
	}
	return kept
}
