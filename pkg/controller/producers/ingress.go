// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// certManagerIngresses are the last kind: a Certificate that cert-manager has made for an
// Ingress tells more.
var certManagerIngresses = kind{
	name:      "Ingresses with a cert-manager annotation",
	resources: []schema.GroupVersionResource{{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}},
	needs:     certManagerCertificates.resources,
	read:      readCertManagerIngress,
}

// readCertManagerIngress reads an Ingress that asks cert-manager for the Secrets of its TLS
// section: it names an issuer, or has the annotation that selects cert-manager's default issuer.
func readCertManagerIngress(o *unstructured.Unstructured) []claim {
	annotation := ""
	for _, key := range []string{"cert-manager.io/cluster-issuer", "cert-manager.io/issuer"} {
		if str(o.Object, "metadata", "annotations", key) != "" {
			annotation = key
		}
	}
	const acme = "kubernetes.io/tls-acme"
	if annotation == "" && str(o.Object, "metadata", "annotations", acme) == "true" {
		annotation = acme
	}
	if annotation == "" {
		return nil
	}
	clause := fmt.Sprintf("Ingress %s asks cert-manager for it (annotation %s); if no Certificate appears, look at the events of the Ingress",
		quote(o.GetName()), annotation)
	var claims []claim
	for _, item := range list(o.Object, "spec", "tls") {
		if tls, ok := item.(map[string]any); ok {
			claims = append(claims, claim{secret: str(tls, "secretName"), clause: clause})
		}
	}
	return claims
}
