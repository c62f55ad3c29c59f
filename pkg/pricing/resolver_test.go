// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

var (
	awsDay     = time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC)
	awsSpotDay = time.Date(2025, 6, 28, 0, 0, 0, 0, time.UTC)
	azureDay   = time.Date(2026, 6, 18, 0, 0, 0, 0, time.UTC)
	gcpDay     = time.Date(2026, 8, 3, 0, 0, 0, 0, time.UTC)
)

func TestPrice(t *testing.T) {
	tests := []struct {
		name string
		node *nodeBuilder
		// off switches estimates off.
		off  bool
		want Price
	}{
		{
			name: "aws on-demand by providerID",
			node: makeNode().provider("aws:///us-east-1a/i-0").typed("us-east-1", "m5.large"),
			want: Price{PerHour: 96_000, Source: SourceCatalog, CapacityType: CapacityTypeUnknown, Detail: "aws/us-east-1/m5.large", AsOf: awsDay},
		},
		{
			name: "aws spot",
			node: makeNode().provider("aws:///us-east-1a/i-0").typed("us-east-1", "m5.large").label("karpenter.sh/capacity-type", "spot"),
			want: Price{PerHour: 32_640, Source: SourceCatalog, CapacityType: CapacityTypeSpot, Detail: "aws/us-east-1/m5.large", AsOf: awsSpotDay},
		},
		{
			name: "azure by labels, beta label names, other case",
			node: makeNode().label("kubernetes.azure.com/agentpool", "np").label(corev1.LabelFailureDomainBetaRegion, "eastus").label(corev1.LabelInstanceType, "standard_d4s_v5"),
			want: Price{PerHour: 192_000, Source: SourceCatalog, CapacityType: CapacityTypeOnDemand, Detail: "azure/eastus/standard_d4s_v5", AsOf: azureDay},
		},
		{
			name: "azure has no spot prices",
			node: makeNode().provider("azure:///subscriptions/x").typed("eastus", "Standard_D4s_v5").label("kubernetes.azure.com/scalesetpriority", "spot"),
			want: Price{PerHour: 66_624, Source: SourceEstimate, CapacityType: CapacityTypeSpot, Detail: "azure/eastus/Standard_D4s_v5 (spot taken as 34.7% of on-demand)", AsOf: azureDay},
		},
		{
			name: "gcp with its GPU",
			node: makeNode().provider("gce://p/us-central1-a/n").typed("us-central1", "a2-highgpu-1g"),
			want: Price{PerHour: 3_673_385, Source: SourceCatalog, CapacityType: CapacityTypeUnknown, Detail: "gcp/us-central1/a2-highgpu-1g", AsOf: gcpDay},
		},
		{
			name: "cloud by the form of the type alone",
			node: makeNode().typed("us-east-1", "c5.xlarge"),
			want: Price{PerHour: 170_000, Source: SourceCatalog, CapacityType: CapacityTypeUnknown, Detail: "aws/us-east-1/c5.xlarge", AsOf: awsDay},
		},
		{
			name: "another provider's flavor of the same name is not looked up",
			node: makeNode().provider("openstack:///1").typed("RegionOne", "m1.large").capacity("cpu", "4", "memory", "8Gi"),
			want: Price{PerHour: 171_600, Source: SourceEstimate, CapacityType: CapacityTypeUnknown, Detail: `estimate (no catalog for instance type "m1.large")`},
		},
		{
			name: "region without a catalog",
			node: makeNode().provider("aws:///eu-west-1a/i-0").typed("eu-west-1", "m5.large"),
			want: Price{PerHour: 96_000, Source: SourceEstimate, CapacityType: CapacityTypeUnknown, Detail: "aws/us-east-1/m5.large (region eu-west-1 is not in the catalog)", AsOf: awsDay},
		},
		{
			name: "region without a catalog, spot",
			node: makeNode().provider("aws:///eu-west-1a/i-0").typed("eu-west-1", "m5.large").label("eks.amazonaws.com/capacityType", "SPOT"),
			want: Price{
				PerHour: 32_640, Source: SourceEstimate, CapacityType: CapacityTypeSpot, AsOf: awsDay,
				Detail: "aws/us-east-1/m5.large (region eu-west-1 is not in the catalog, spot taken as 34.0% of on-demand)",
			},
		},
		{
			name: "no region label",
			node: makeNode().provider("aws:///us-east-1a/i-0").typed("", "m5.large"),
			want: Price{PerHour: 96_000, Source: SourceEstimate, CapacityType: CapacityTypeUnknown, Detail: "aws/us-east-1/m5.large (the node names no region)", AsOf: awsDay},
		},
		{
			name: "region without a catalog, estimates off",
			node: makeNode().provider("aws:///eu-west-1a/i-0").typed("eu-west-1", "m5.large").capacity("cpu", "2", "memory", "8Gi"),
			off:  true,
			want: Price{Source: SourceUnknown, CapacityType: CapacityTypeUnknown, Detail: "region eu-west-1 is not in the catalog"},
		},
		{
			name: "type that no catalog has",
			node: makeNode().provider("aws:///us-east-1a/i-0").typed("us-east-1", "m99.large").capacity("cpu", "2", "memory", "8Gi", "pods", "110"),
			want: Price{PerHour: 105_600, Source: SourceEstimate, CapacityType: CapacityTypeUnknown, Detail: `estimate (instance type "m99.large" is not in the aws catalog)`},
		},
		{
			name: "estimate of a spot node with a GPU, from allocatable",
			node: makeNode().label("karpenter.sh/capacity-type", "spot").allocatable("cpu", "2", "memory", "8Gi", "nvidia.com/gpu", "1"),
			want: Price{PerHour: 309_750, Source: SourceEstimate, CapacityType: CapacityTypeSpot, Detail: "estimate"},
		},
		{
			name: "nothing known",
			node: makeNode(),
			want: Price{Source: SourceUnknown, CapacityType: CapacityTypeUnknown},
		},
		{
			name: "our annotation comes first",
			node: makeNode().typed("us-east-1", "m5.large").annotation("hightower.com/cost", "0.2").annotation(PriceAnnotation, "$0.5"),
			want: Price{PerHour: 500_000, Source: SourceAnnotation, CapacityType: CapacityTypeUnknown, Detail: PriceAnnotation},
		},
		{
			name: "one bad annotation: the next one",
			node: makeNode().annotation(PriceAnnotation, "abc").annotation("hightower.com/cost", "0.2"),
			want: Price{
				PerHour: 200_000, Source: SourceAnnotation, CapacityType: CapacityTypeUnknown, Detail: "hightower.com/cost",
				Problem: `annotation tollgate.dev/hourly-price is "abc": it is not a plain decimal number of dollars per hour such as 0.096`,
			},
		},
		{
			name: "two bad annotations: the catalog",
			node: makeNode().typed("us-east-1", "m5.large").annotation(PriceAnnotation, "").annotation("hightower.com/cost", "1e400"),
			want: Price{
				PerHour: 96_000, Source: SourceCatalog, CapacityType: CapacityTypeUnknown, Detail: "aws/us-east-1/m5.large", AsOf: awsDay,
				Problem: `annotation tollgate.dev/hourly-price is "": it is empty, want dollars per hour such as 0.096; ` +
					`annotation hightower.com/cost is "1e400": it is not a plain decimal number of dollars per hour such as 0.096`,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Base = tt.want.PerHour // nothing is adjusted
			r := NewResolver(Options{Annotations: []string{"hightower.com/cost", PriceAnnotation}, Estimate: !tt.off})
			if diff := cmp.Diff(tt.want, r.Price(tt.node.obj())); diff != "" {
				t.Errorf("unexpected price (-want, +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkPrice(b *testing.B) {
	node := makeNode().provider("aws:///us-east-1a/i-0").typed("us-east-1", "m5.large").
		label("karpenter.sh/capacity-type", "spot").label("kubernetes.io/arch", "amd64").label("kubernetes.io/os", "linux").
		label("karpenter.k8s.aws/instance-family", "m5").label("karpenter.sh/nodepool", "default").
		label("kubernetes.io/hostname", "ip-10-0-0-1").label("topology.kubernetes.io/zone", "us-east-1a").obj()
	r := NewResolver(Options{Annotations: []string{"hightower.com/cost"}, Estimate: true})
	b.ReportAllocs()
	for b.Loop() {
		r.Price(node)
	}
}
