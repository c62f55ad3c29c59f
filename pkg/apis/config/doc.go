// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// +k8s:deepcopy-gen=package
// +groupName=kubescheduler.config.k8s.io

// Package config holds the internal form of the arguments of Tollgate's
// scheduler plugins. What people write in a KubeSchedulerConfiguration is the
// versioned form in package v1, which also documents every field.
package config
