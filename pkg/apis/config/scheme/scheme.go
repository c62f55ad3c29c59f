// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scheme adds the arguments of Tollgate's plugins to the scheduler's
// own scheme when it is imported: only then does the scheduler decode them
// strictly and fill in their defaults.
package scheme

import (
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	kubeschedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	configv1 "github.com/tollgate-dev/tollgate/pkg/apis/config/v1"
)

func init() {
	AddToScheme(kubeschedulerscheme.Scheme)
}

// AddToScheme adds the internal and the versioned types to scheme. Doing so
// twice is harmless.
func AddToScheme(scheme *runtime.Scheme) {
	utilruntime.Must(config.AddToScheme(scheme))
	utilruntime.Must(configv1.AddToScheme(scheme))
}
