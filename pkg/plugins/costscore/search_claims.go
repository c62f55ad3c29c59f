// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	v1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/dynamic-resource-allocation/resourceclaim"
)

// devices adds what the pod's resource claims mean for its nodes. It returns a
// reason if that cannot be told, or DynamicResources would score nodes: by which
// of several requests it can fulfil there.
func (p *placeable) devices(f *profileFacts, pod *v1.Pod) (reason string) {
	if len(pod.Spec.ResourceClaims) == 0 || f.devices == nil || f.claims == nil {
		return ""
	}
	for i := range pod.Spec.ResourceClaims {
		name, _, err := resourceclaim.Name(pod, &pod.Spec.ResourceClaims[i])
		switch {
		case err != nil:
			return reasonResourceClaims
		case name == nil: // none was made, as none is needed
			continue
		}
		claim, err := f.claims.ResourceClaims().Get(pod.Namespace, *name)
		if err != nil {
			return reasonResourceClaims
		}
		if a := claim.Status.Allocation; a != nil && a.NodeSelector != nil {
			selector, err := nodeaffinity.NewNodeSelector(a.NodeSelector)
			if err != nil {
				return reasonResourceClaims
			}
			p.reachable = append(p.reachable, selector)
		}
		for j := range claim.Spec.Devices.Requests {
			if len(claim.Spec.Devices.Requests[j].FirstAvailable) > 0 {
				return reasonResourceClaims
			}
		}
	}
	p.filters = append(p.filters, f.devices)
	p.slow = true
	return ""
}
