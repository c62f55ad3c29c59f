// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"maps"
	"slices"
)

// Strings with a form of their own. They are aliases, so that Go code needs no conversions and each form is written down once.
type (
	// ObjectName is a name that objects of most kinds may have.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="want the name of an object: lower-case letters, digits, - and ., a letter or digit first and last"
	ObjectName = string

	// SecretKey is a key in the data of a Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="want a key in the data of the Secret: letters, digits, -, _ and ."
	SecretKey = string

	// LabelValue is the value of a label.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",message="want the value of a label: letters, digits, -, _ and ., a letter or digit first and last"
	LabelValue = string

	// AnnotationValue is the value of an annotation. Fifty of them fit into an object.
	// +kubebuilder:validation:MaxLength=4096
	AnnotationValue = string
)

// The generator of deep copies does not know aliases as values of maps.

// DeepCopy returns a copy of the receiver.
func (in *SecretTemplate) DeepCopy() *SecretTemplate {
	if in == nil {
		return nil
	}
	return &SecretTemplate{Labels: maps.Clone(in.Labels), Annotations: maps.Clone(in.Annotations)}
}

// DeepCopy returns a copy of the receiver.
func (in *SolverSelector) DeepCopy() *SolverSelector {
	if in == nil {
		return nil
	}
	return &SolverSelector{DNSNames: slices.Clone(in.DNSNames), DNSZones: slices.Clone(in.DNSZones), MatchLabels: maps.Clone(in.MatchLabels)}
}
