// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"

	"k8s.io/component-base/metrics"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

var issuersDesc = metrics.NewDesc(subsystem+"_issuer_ready",
	"1 if the issuer can issue, else 0. Labeled by issuer_kind, issuer_namespace (empty for a ClusterCertIssuer), issuer_name and the reason of condition Ready.",
	[]string{"issuer_kind", "issuer_namespace", "issuer_name", "reason"}, nil, metrics.ALPHA, "")

// issuers sends whether the issuers are ready.
func (c *collector) issuers(ctx context.Context, send sender) error {
	var own v1alpha1.CertIssuerList
	if err := c.reader.List(ctx, &own, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing CertIssuers: %w", err)
	}
	var cluster v1alpha1.ClusterCertIssuerList
	if err := c.reader.List(ctx, &cluster, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing ClusterCertIssuers: %w", err)
	}
	tell := func(i v1alpha1.Issuer) {
		status, reason := state(i.GetStatus().Conditions, v1alpha1.ConditionReady)
		value := 0.0
		if status == "True" {
			value = 1
		}
		send(issuersDesc, value, i.Kind(), i.GetNamespace(), i.GetName(), reason)
	}
	for i := range own.Items {
		tell(&own.Items[i])
	}
	for i := range cluster.Items {
		tell(&cluster.Items[i])
	}
	return nil
}
