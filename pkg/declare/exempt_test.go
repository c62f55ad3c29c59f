// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestExemptions(t *testing.T) {
	defaults := Exemptions{Namespaces: DefaultExemptNamespaces, PriorityClasses: DefaultExemptPriorityClasses}
	tests := map[string]struct {
		exemptions       Exemptions
		namespace, class string
		want             bool
	}{
		"ordinary pod":                      {defaults, "shop", "", false},
		"control plane":                     {defaults, "kube-system", "", true},
		"Tollgate":                          {defaults, "tollgate-system", "low", true},
		"namespace with the same prefix":    {defaults, "kube-system-2", "", false},
		"cluster-critical":                  {defaults, "shop", "system-cluster-critical", true},
		"node-critical":                     {defaults, "shop", "system-node-critical", true},
		"another class":                     {defaults, "shop", "high", false},
		"nobody is exempt":                  {Exemptions{}, "kube-system", "system-node-critical", false},
		"a pod without a class is not \"\"": {Exemptions{PriorityClasses: []string{""}}, "shop", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, declared := range []bool{true, false} {
				pod := annotated("other", "x")
				if declared {
					pod = annotated(RequireTLSAnnotation, "not valid")
				}
				pod.Namespace, pod.Spec.PriorityClassName = tt.namespace, tt.class
				if got := tt.exemptions.Exempt(pod); got != tt.want {
					t.Errorf("Exempt() = %v, want %v", got, tt.want)
				}
				if got, want := tt.exemptions.Gated(pod), declared && !tt.want; got != want {
					t.Errorf("Gated() = %v, want %v (declared: %v)", got, want, declared)
				}
			}
		})
	}
}

func TestGatedDoesNotAllocate(t *testing.T) {
	exemptions := Exemptions{Namespaces: DefaultExemptNamespaces, PriorityClasses: DefaultExemptPriorityClasses}
	pod := &corev1.Pod{}
	pod.Namespace, pod.Spec.PriorityClassName = "shop", "high"
	pod.Annotations = map[string]string{RequirementsAnnotation: "[]"}
	if n := testing.AllocsPerRun(100, func() { exemptions.Gated(pod) }); n != 0 {
		t.Errorf("Gated allocates %v times, want 0", n)
	}
}
