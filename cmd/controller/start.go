// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// stopTimeout is what the reconcilers get to finish; exitTimeout is when the process ends all the same. The default grace
// period of a pod is 30 s.
const (
	stopTimeout = 15 * time.Second
	exitTimeout = 20 * time.Second
)

// checkCRDs fails when the cluster does not serve Tollgate's kinds. Without it the manager would wait for its caches for two
// minutes and then name a kind, but not what to do. Any other error is left to the manager, which tries again.
func checkCRDs(client discovery.DiscoveryInterface) error {
	_, err := client.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("finding the kinds of %s: the cluster does not serve them; install them with `kubectl apply --server-side -k config/crd`: %w",
			v1alpha1.GroupVersion, err)
	}
	return nil
}

// start runs the manager until ctx ends. The manager of controller-runtime 0.23 does not come back from waiting for a cache that
// never syncs, for want of a permission say, so the process does not rely on it to end.
func start(ctx context.Context, mgr manager.Manager) error {
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(exitTimeout):
		return fmt.Errorf("stopping: the manager did not stop within %s; the errors above say what it was waiting for", exitTimeout)
	}
}
