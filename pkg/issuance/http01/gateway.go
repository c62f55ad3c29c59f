// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
)

// askAgain is for how long an answer of discovery holds: no request for each challenge, and a Gateway API that was just
// installed is found soon.
const askAgain = time.Minute

// ErrNoGatewayAPI says that a solver needs HTTPRoutes and the cluster does not serve them.
var ErrNoGatewayAPI = errors.New("the cluster does not serve HTTPRoutes of gateway.networking.k8s.io/v1, which http01.gatewayHTTPRoute of the issuer needs; " +
	"install the Gateway API (standard channel, v1.0 or newer), or have the issuer use http01.ingress or dns01")

// Discovery is what a GatewayAPI asks of a discovery client.
type Discovery interface {
	ServerResourcesForGroupVersion(groupVersion string) (*metav1.APIResourceList, error)
}

// GatewayAPI knows whether the cluster serves HTTPRoutes.
type GatewayAPI struct {
	discovery Discovery
	clock     clock.PassiveClock

	mu     sync.Mutex
	asked  time.Time
	served bool
}

// NewGatewayAPI returns a GatewayAPI that asks discovery at most once a minute.
func NewGatewayAPI(discovery Discovery, clk clock.PassiveClock) *GatewayAPI {
	return &GatewayAPI{discovery: discovery, clock: clk}
}

// Served reports whether the cluster serves HTTPRoutes. A nil GatewayAPI serves none.
func (g *GatewayAPI) Served() (bool, error) {
	if g == nil {
		return false, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	if !g.asked.IsZero() && now.Sub(g.asked) < askAgain {
		return g.served, nil
	}
	list, err := g.discovery.ServerResourcesForGroupVersion(routeKind.GroupVersion().String())
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("asking whether the cluster serves HTTPRoutes: %w", err)
	}
	g.asked = now
	g.served = err == nil && slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Kind == routeKind.Kind })
	return g.served, nil
}
