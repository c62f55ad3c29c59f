// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// tlsAnnotations make a pod wait for certificates. They are taken as ready.
var tlsAnnotations = []string{
	declare.RequireTLSAnnotation, declare.RequirementsAnnotation,
	"tollgate.dev/issue-tls", "tollgate.dev/on-expired", "tollgate.dev/allow-temporary", "tollgate.dev/max-wait",
}

// stripped counts pods by what was taken from them.
type stripped struct {
	claims, volumes, tls, gates, resourceClaims int
}

// plus counts one more pod of which the same was taken.
func (s *stripped) plus(o *stripped) {
	s.claims += o.claims
	s.volumes += o.volumes
	s.tls += o.tls
	s.gates += o.gates
	s.resourceClaims += o.resourceClaims
}

// sentences says what was taken, for Workload.LeftOut.
func (s *stripped) sentences() []string {
	var list []string
	for _, e := range []struct {
		pods int
		text string
	}{
		{s.claims, "Persistent volumes are not simulated: %d pods use claims, and may run where their volumes are not."},
		{s.volumes, "Volumes of ConfigMaps, Secrets and node directories are not simulated; %d pods have some."},
		{s.resourceClaims, "Resource claims (DRA) are not simulated; %d pods have some, and may run where there is no such device."},
		{s.tls, "Certificates are taken as ready; %d pods declare that they need some."},
		{s.gates, "Scheduling gates are taken as lifted; %d pods have some."},
	} {
		if e.pods > 0 {
			list = append(list, fmt.Sprintf(e.text, e.pods))
		}
	}
	return list
}

// meta returns what schedulers look at.
func (s *stripped) meta(m *metav1.ObjectMeta) metav1.ObjectMeta {
	out := metav1.ObjectMeta{
		Namespace: m.Namespace, Name: m.Name, UID: m.UID, Labels: m.Labels,
		CreationTimestamp: m.CreationTimestamp, OwnerReferences: m.OwnerReferences,
	}
	out.Annotations = maps.Clone(m.Annotations)
	delete(out.Annotations, corev1.LastAppliedConfigAnnotation)
	before := len(out.Annotations)
	for _, a := range tlsAnnotations {
		delete(out.Annotations, a)
	}
	if len(out.Annotations) < before {
		s.tls++
	}
	if len(out.Annotations) == 0 {
		out.Annotations = nil
	}
	return out
}

// spec returns what schedulers look at: where the pod may run, beside whom, and
// what it requests. The scheduler's name is left out, so that any policy can
// place the pod.
func (s *stripped) spec(in *corev1.PodSpec) corev1.PodSpec {
	if slices.ContainsFunc(in.Volumes, usesClaim) {
		s.claims++
	}
	if slices.ContainsFunc(in.Volumes, func(v corev1.Volume) bool { return !usesClaim(v) && !isToken(v) && v.EmptyDir == nil }) {
		s.volumes++
	}
	if len(in.ResourceClaims) > 0 {
		s.resourceClaims++
	}
	if len(in.SchedulingGates) > 0 {
		s.gates++
	}
	return corev1.PodSpec{
		InitContainers:            containers(in.InitContainers),
		Containers:                containers(in.Containers),
		RestartPolicy:             in.RestartPolicy,
		NodeSelector:              in.NodeSelector,
		NodeName:                  in.NodeName,
		HostNetwork:               in.HostNetwork,
		Affinity:                  in.Affinity,
		Tolerations:               in.Tolerations,
		PriorityClassName:         in.PriorityClassName,
		Priority:                  in.Priority,
		PreemptionPolicy:          in.PreemptionPolicy,
		Overhead:                  in.Overhead,
		TopologySpreadConstraints: in.TopologySpreadConstraints,
		OS:                        in.OS,
		Resources:                 in.Resources,
	}
}

func usesClaim(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil || v.Ephemeral != nil }

// isToken reports whether it is the volume that every pod is given.
func isToken(v corev1.Volume) bool {
	return v.Projected != nil && slices.ContainsFunc(v.Projected.Sources, func(p corev1.VolumeProjection) bool { return p.ServiceAccountToken != nil })
}

// containers keeps requests, limits, host ports and images.
func containers(in []corev1.Container) []corev1.Container {
	if in == nil {
		return nil
	}
	out := make([]corev1.Container, len(in))
	for i := range in {
		c := &in[i]
		out[i] = corev1.Container{Name: c.Name, Image: c.Image, Resources: c.Resources, RestartPolicy: c.RestartPolicy}
		out[i].Resources.Claims = nil
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				out[i].Ports = append(out[i].Ports, p)
			}
		}
	}
	return out
}
