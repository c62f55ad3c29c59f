// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// GatewayLabel names the Gateway on the pods that an implementation of the Gateway API makes for it, in the Gateway's own
// namespace (GEP-1762). Pods that serve all Gateways of a class, elsewhere, have no such label and are not found.
const GatewayLabel = "gateway.networking.k8s.io/gateway-name"

// gatewaysOf returns the Gateways of a solver, sorted.
func gatewaysOf(solver *v1alpha1.HTTP01GatewaySolver, namespace string) []types.NamespacedName {
	var gateways []types.NamespacedName
	for _, p := range solver.ParentRefs {
		gateways = append(gateways, types.NamespacedName{Namespace: cmp.Or(p.Namespace, namespace), Name: p.Name})
	}
	slices.SortFunc(gateways, compareNames)
	return slices.Compact(gateways)
}

// gatewayNames is how messages name Gateways. With several it is not known which of them serves a name, so that one that
// runs is enough.
func gatewayNames(gateways []types.NamespacedName) string {
	var names []string
	for _, g := range gateways {
		names = append(names, fmt.Sprintf("%q", g.String()))
	}
	if len(names) == 1 {
		return "Gateway " + names[0]
	}
	return "Gateways " + list(names)
}

// marksOfGateways returns why the pod serves one of the Gateways.
func marksOfGateways(gateways []types.NamespacedName, pod *corev1.Pod) []mark {
	name := types.NamespacedName{Namespace: pod.Namespace, Name: pod.Labels[GatewayLabel]}
	if name.Name == "" || !slices.Contains(gateways, name) || ofJob(pod) {
		return nil
	}
	return []mark{{
		why:       "has label " + GatewayLabel + "=" + name.Name,
		namespace: name.Namespace, selector: map[string]string{GatewayLabel: name.Name},
	}}
}

// via is what leads the CA's requests to the controller.
func (c *Certificate) via() string {
	if len(c.Gateways) > 0 {
		return gatewayNames(c.Gateways)
	}
	return className(c.Class)
}
