// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// +k8s:deepcopy-gen=package
// +k8s:conversion-gen=github.com/tollgate-dev/tollgate/pkg/apis/config
// +k8s:defaulter-gen=TypeMeta
// +groupName=kubescheduler.config.k8s.io

// Package v1 holds the arguments of Tollgate's scheduler plugins as they are
// written under pluginConfig in a KubeSchedulerConfiguration of version
// kubescheduler.config.k8s.io/v1.
package v1
