// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the API types of group tollgate.dev.
//
// +kubebuilder:object:generate=true
// +groupName=tollgate.dev
package v1alpha1
