// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// family is a range of instance types that differ by their size, in ascending
// order of price.
type family []string

// cloudShop is what the simulations buy at one cloud.
type cloudShop struct {
	name   string // as in package catalog
	region string // where, if nothing else is said
	zone   string // appended to the region
	// scheme begins the providerID of the cloud's nodes.
	scheme string
	// capacityLabel says how a node is bought, in the words of the managed
	// service or the node provisioner.
	capacityLabel, onDemand, spot string
	families                      []family
}

// shops holds the default choice of instance types. It is one current
// general-purpose, one compute and one memory family in sizes of 2 to 64
// cores, and every GPU class that the catalog has shapes and prices for, up to
// H100. Left out are ARM, burstable and local-disk variants, types with a part of
// a GPU, and bare metal but for g4dn.metal, the one node of eight T4.
var shops = []cloudShop{
	{
		name: catalog.AWS, region: "us-east-1", zone: "a", scheme: "aws:///",
		capacityLabel: "karpenter.sh/capacity-type", onDemand: "on-demand", spot: "spot",
		families: []family{
			{"m6i.large", "m6i.xlarge", "m6i.2xlarge", "m6i.4xlarge", "m6i.8xlarge", "m6i.16xlarge"},
			{"c6i.xlarge", "c6i.2xlarge", "c6i.4xlarge", "c6i.8xlarge", "c6i.16xlarge"},
			{"r6i.large", "r6i.xlarge", "r6i.2xlarge", "r6i.4xlarge", "r6i.8xlarge", "r6i.16xlarge"},
			{"g4dn.xlarge", "g4dn.2xlarge", "g4dn.4xlarge", "g4dn.8xlarge", "g4dn.12xlarge", "g4dn.16xlarge", "g4dn.metal"},
			{"g5.xlarge", "g5.2xlarge", "g5.4xlarge", "g5.8xlarge", "g5.16xlarge", "g5.12xlarge", "g5.24xlarge", "g5.48xlarge"},
			{"g6e.xlarge", "g6e.4xlarge", "g6e.8xlarge", "g6e.12xlarge", "g6e.48xlarge"},
			{"p3dn.24xlarge"},
			{"p4d.24xlarge"},
			{"p5.4xlarge", "p5.48xlarge"},
		},
	},
	{
		name: catalog.Azure, region: "eastus", zone: "-1", scheme: "azure:///",
		capacityLabel: "kubernetes.azure.com/scalesetpriority", onDemand: "regular", spot: "spot",
		families: []family{
			{"Standard_D2s_v5", "Standard_D4s_v5", "Standard_D8s_v5", "Standard_D16s_v5", "Standard_D32s_v5", "Standard_D64s_v5"},
			{"Standard_F4s_v2", "Standard_F8s_v2", "Standard_F16s_v2", "Standard_F32s_v2", "Standard_F64s_v2"},
			{"Standard_E2s_v5", "Standard_E4s_v5", "Standard_E8s_v5", "Standard_E16s_v5", "Standard_E32s_v5", "Standard_E64s_v5"},
			{"Standard_NC4as_T4_v3", "Standard_NC8as_T4_v3", "Standard_NC16as_T4_v3", "Standard_NC64as_T4_v3"},
			{"Standard_NC6s_v3", "Standard_NC12s_v3", "Standard_NC24s_v3", "Standard_ND40rs_v2"},
			{"Standard_NV36ads_A10_v5", "Standard_NV72ads_A10_v5"},
			{"Standard_NC24ads_A100_v4", "Standard_NC48ads_A100_v4", "Standard_NC96ads_A100_v4", "Standard_ND96asr_v4", "Standard_ND96amsr_A100_v4"},
			{"Standard_NC40ads_H100_v5", "Standard_NC80adis_H100_v5", "Standard_ND96isr_H100_v5"},
		},
	},
	{
		name: catalog.GCP, region: "us-central1", zone: "-a", scheme: "gce://",
		capacityLabel: "cloud.google.com/gke-provisioning", onDemand: "standard", spot: "spot",
		families: []family{
			{"n2-standard-2", "n2-standard-4", "n2-standard-8", "n2-standard-16", "n2-standard-32", "n2-standard-64"},
			{"n2-highcpu-4", "n2-highcpu-8", "n2-highcpu-16", "n2-highcpu-32", "n2-highcpu-64"},
			{"n2-highmem-2", "n2-highmem-4", "n2-highmem-8", "n2-highmem-16", "n2-highmem-32", "n2-highmem-64"},
			{"g2-standard-4", "g2-standard-8", "g2-standard-12", "g2-standard-16", "g2-standard-32", "g2-standard-24", "g2-standard-48", "g2-standard-96"},
			{"g4-standard-48", "g4-standard-96", "g4-standard-192", "g4-standard-384"},
			{"a2-highgpu-1g", "a2-highgpu-2g", "a2-highgpu-4g", "a2-highgpu-8g"},
			{"a3-highgpu-1g", "a3-highgpu-8g"},
		},
	},
}

// Clouds returns the names of the clouds that have a catalog of pools.
func Clouds() []string {
	names := make([]string, len(shops))
	for i := range shops {
		names[i] = shops[i].name
	}
	return names
}

func shopOf(cloud string) (*cloudShop, error) {
	for i := range shops {
		if shops[i].name == cloud {
			return &shops[i], nil
		}
	}
	return nil, fmt.Errorf("finding cloud %q: there is none; choose one of %s", cloud, strings.Join(Clouds(), ", "))
}
