// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"encoding/json"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	// DeletePolicy is the value of spec.secretDeletionPolicy that has the Secret deleted with the TLSCertificate.
	DeletePolicy = "Delete"

	// templateAnnotation lists the keys that spec.secretTemplate put on the Secret, so that those it no longer has are removed.
	templateAnnotation = v1alpha1.GroupName + "/secret-template"

	kind = "TLSCertificate"
)

// templateKeys is the value of templateAnnotation.
type templateKeys struct {
	Labels      []string `json:"labels,omitempty"`
	Annotations []string `json:"annotations,omitempty"`
}

// Reserved reports whether a label or annotation is not for spec.secretTemplate: Tollgate's own keys say whose the Secret is,
// and cert-manager's would say that it is somebody else's.
func Reserved(key string) bool {
	prefix, _, ok := strings.Cut(key, "/")
	return ok && (prefix == v1alpha1.GroupName || strings.HasSuffix(prefix, "."+v1alpha1.GroupName)) || key == certManagerAnnotation
}

// Refused returns the keys of spec.secretTemplate that are reserved, sorted.
func Refused(cert *v1alpha1.TLSCertificate) []string {
	if cert.Spec.SecretTemplate == nil {
		return nil
	}
	var out []string
	for _, m := range []map[string]string{cert.Spec.SecretTemplate.Labels, cert.Spec.SecretTemplate.Annotations} {
		for key := range m {
			if Reserved(key) {
				out = append(out, key)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// decorate gives the Secret what spec.secretTemplate and spec.secretDeletionPolicy say, and takes away what they said before.
func decorate(s *corev1.Secret, cert *v1alpha1.TLSCertificate) {
	var had templateKeys
	// What cannot be read was not written here.
	_ = json.Unmarshal([]byte(s.Annotations[templateAnnotation]), &had)
	var template v1alpha1.SecretTemplate
	if cert.Spec.SecretTemplate != nil {
		template = *cert.Spec.SecretTemplate
	}
	var has templateKeys
	s.Labels, has.Labels = lay(s.Labels, template.Labels, had.Labels)
	s.Annotations, has.Annotations = lay(s.Annotations, template.Annotations, had.Annotations)
	delete(s.Annotations, templateAnnotation)
	if len(has.Labels)+len(has.Annotations) > 0 {
		text, err := json.Marshal(has)
		if err == nil { // strings always are encoded
			s.Annotations = merge(s.Annotations, map[string]string{templateAnnotation: string(text)})
		}
	}
	own(s, cert)
}

// lay puts the template's pairs over those there are, less the keys that it had before, and returns the keys it has now.
func lay(there, template map[string]string, had []string) (after map[string]string, has []string) {
	for _, key := range had {
		if _, still := template[key]; !still && !Reserved(key) {
			delete(there, key)
		}
	}
	for key, value := range template {
		if !Reserved(key) {
			there = merge(there, map[string]string{key: value})
			has = append(has, key)
		}
	}
	slices.Sort(has)
	return there, has
}

// own makes the TLSCertificate an owner of the Secret, or none, as spec.secretDeletionPolicy says. References to earlier
// TLSCertificates of the name go in any case: they would have the Secret deleted.
func own(s *corev1.Secret, cert *v1alpha1.TLSCertificate) {
	want := metav1.OwnerReference{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind, Name: cert.Name, UID: cert.UID}
	wanted, found := cert.Spec.SecretDeletionPolicy == DeletePolicy, false
	s.OwnerReferences = slices.DeleteFunc(s.OwnerReferences, func(ref metav1.OwnerReference) bool {
		if ref.Kind != kind || !strings.HasPrefix(ref.APIVersion, v1alpha1.GroupName+"/") {
			return false
		}
		if wanted && ref.UID == cert.UID && !found {
			found = true
			return false
		}
		return true
	})
	if wanted && !found {
		s.OwnerReferences = append(s.OwnerReferences, want)
	}
}
