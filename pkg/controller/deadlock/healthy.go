// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// needsBackends reports whether the class serves no path before the backends of the host are healthy:
// ingress-gce programs a load balancer outside the cluster, whose health checks ask the backends.
func needsBackends(class string, object *networkingv1.IngressClass) bool {
	return class == "gce" || class == "gce-internal" ||
		object != nil && strings.HasPrefix(object.Spec.Controller, "ingress.gce.io/")
}

// servicesBehind returns the names of the Services, in the certificate's namespace, to which Ingresses of
// its class lead its hosts; sorted.
func (in *Inputs) servicesBehind(c *Certificate) []string {
	names := map[string]bool{}
	for i := range in.Ingresses {
		ingress := &in.Ingresses[i]
		if ingress.Namespace != c.Name.Namespace || classOf(ingress) != c.Class ||
			ingress.Labels[v1alpha1.ManagedLabel] == "true" { // that of the challenge itself
			continue
		}
		for _, rule := range ingress.Spec.Rules {
			if rule.HTTP == nil || !slices.ContainsFunc(c.Hosts, func(host string) bool { return ruleCovers(rule.Host, host) }) {
				continue
			}
			for _, path := range rule.HTTP.Paths {
				addService(names, &path.Backend)
			}
		}
		if ingress.Spec.DefaultBackend != nil && len(ingress.Spec.Rules) == 0 {
			addService(names, ingress.Spec.DefaultBackend)
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func addService(names map[string]bool, b *networkingv1.IngressBackend) {
	if b.Service != nil {
		names[b.Service.Name] = true
	}
}

// ruleCovers reports whether a rule of an Ingress is about the host. A wildcard stands for one label.
func ruleCovers(rule, host string) bool {
	if rule == "" || rule == host {
		return true
	}
	_, parent, ok := strings.Cut(host, ".")
	return ok && rule == "*."+parent
}

// marksOfServices returns why the pod is behind one of the named Services of the namespace.
func (in *Inputs) marksOfServices(namespace string, names []string, pod *corev1.Pod) []mark {
	if pod.Namespace != namespace || ofJob(pod) {
		return nil
	}
	var marks []mark
	for i := range in.Services {
		s := &in.Services[i]
		if s.Namespace == namespace && slices.Contains(names, s.Name) && selects(s, pod) {
			marks = append(marks, mark{why: "is behind Service " + s.Name, namespace: namespace, selector: s.Spec.Selector})
		}
	}
	return marks
}
