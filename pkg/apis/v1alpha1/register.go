// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group, and the prefix of all annotations, labels and conditions.
const GroupName = "tollgate.dev"

// GroupVersion of the types in this package.
var GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

var (
	schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme registers the types of this package.
	AddToScheme = schemeBuilder.AddToScheme
)

func addKnownTypes(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&TLSCertificate{}, &TLSCertificateList{},
		&CertIssuer{}, &CertIssuerList{},
		&ClusterCertIssuer{}, &ClusterCertIssuerList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
