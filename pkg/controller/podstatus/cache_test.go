// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// Package podcertificates looks up the workloads of the pods that ask for certificates, and of no others.
func TestTrimKeepsTheOwnersOfPodsThatAskForCertificates(t *testing.T) {
	yes := true
	owners := []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-1", UID: "5678", Controller: &yes}}
	owned := func(p *corev1.Pod) { p.OwnerReferences = owners }
	for name, tt := range map[string]struct {
		pod  *corev1.Pod
		want []metav1.OwnerReference
	}{
		"asks":          {newPod(owned, annotated(declare.IssueTLSAnnotation, "[]")), owners},
		"only waits":    {newPod(owned), nil},
		"declares none": {newPod(owned, undeclared), nil},
		"has no owner":  {newPod(annotated(declare.IssueTLSAnnotation, "[]")), nil},
		"asks, no gate": {newPod(owned, undeclared, func(p *corev1.Pod) { p.Annotations = map[string]string{declare.IssueTLSAnnotation: "[]"} }), owners},
	} {
		obj, err := trim(tt.pod)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, obj.(*corev1.Pod).OwnerReferences); diff != "" {
			t.Errorf("%s: owner references (-want, +got):\n%s", name, diff)
		}
	}
}
