// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// servingCertServices are the Services that ask OpenShift's service CA for a certificate.
// Elsewhere nobody acts on the annotation, and all Services would be watched in vain.
var servingCertServices = kind{
	name:      "Services with a serving certificate annotation",
	resources: []schema.GroupVersionResource{{Version: "v1", Resource: "services"}},
	needs: []schema.GroupVersionResource{
		{Group: "operator.openshift.io", Version: "v1", Resource: "servicecas"},
		{Group: "config.openshift.io", Version: "v1", Resource: "clusterversions"},
	},
	read: readServingCertService,
}

// servingCertPrefixes are those of the annotations, the one that wins first.
var servingCertPrefixes = []string{"service.beta.openshift.io/", "service.alpha.openshift.io/"}

// readServingCertService reads a Service. The service CA writes an error into an annotation beside the one that asks.
func readServingCertService(o *unstructured.Unstructured) []claim {
	for _, prefix := range servingCertPrefixes {
		secret := str(o.Object, "metadata", "annotations", prefix+"serving-cert-secret-name")
		if secret == "" {
			continue
		}
		clause := fmt.Sprintf("Service %s asks OpenShift's service CA for it", quote(o.GetName()))
		if problem := clean(str(o.Object, "metadata", "annotations", prefix+"serving-cert-generation-error"), maxMessage); problem != "" {
			clause = fmt.Sprintf("OpenShift's service CA could not make it for Service %s (%s)", quote(o.GetName()), problem)
		}
		return []claim{{secret: secret, clause: clause}}
	}
	return nil
}
