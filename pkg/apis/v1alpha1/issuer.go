// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Issuer is what CertIssuer and ClusterCertIssuer have in common.
//
// +kubebuilder:object:generate=false
type Issuer interface {
	metav1.Object
	runtime.Object

	// Kind is KindCertIssuer or KindClusterCertIssuer.
	Kind() string
	// GetSpec returns the common part of the spec.
	GetSpec() *IssuerSpec
	// GetStatus returns the status.
	GetStatus() *IssuerStatus
}

var (
	_ Issuer = (*CertIssuer)(nil)
	_ Issuer = (*ClusterCertIssuer)(nil)
)

// Kind implements Issuer.
func (i *CertIssuer) Kind() string { return KindCertIssuer }

// GetSpec implements Issuer.
func (i *CertIssuer) GetSpec() *IssuerSpec { return &i.Spec }

// GetStatus implements Issuer.
func (i *CertIssuer) GetStatus() *IssuerStatus { return &i.Status }

// Kind implements Issuer.
func (i *ClusterCertIssuer) Kind() string { return KindClusterCertIssuer }

// GetSpec implements Issuer.
func (i *ClusterCertIssuer) GetSpec() *IssuerSpec { return &i.Spec.IssuerSpec }

// GetStatus implements Issuer.
func (i *ClusterCertIssuer) GetStatus() *IssuerStatus { return &i.Status }

// SecretNamespace returns the namespace of the Secrets that an issuer names: its own,
// or controllerNamespace for a ClusterCertIssuer.
func SecretNamespace(i Issuer, controllerNamespace string) string {
	if ns := i.GetNamespace(); ns != "" {
		return ns
	}
	return controllerNamespace
}
