// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// source is one cloud: its catalog's head, and the names of its CSV files.
type source struct {
	Head           catalog.Cloud
	prices, shapes string
}

// sources are the origins of the facts, as NOTICE names them: repository, path,
// commit that last changed the file, licence.
var sources = []source{
	{
		Head: catalog.Cloud{
			Name:            catalog.AWS,
			ReferenceRegion: "us-east-1",
			OnDemandAsOf:    day(2026, time.July, 20),
			SpotAsOf:        day(2025, time.June, 28),
			Sources: []string{
				"aws/karpenter-provider-aws pkg/providers/pricing/zz_generated.pricing_aws.go 6fc13b5236fd04fd16ff3f9dc7490d0813994099 Apache-2.0",
				"aws/karpenter-provider-aws pkg/providers/pricing/zz_generated.pricing_aws_us_gov.go 6fc13b5236fd04fd16ff3f9dc7490d0813994099 Apache-2.0",
				"aws/karpenter-provider-aws website/content/en/docs/reference/instance-types.md 692ccdd0629e488300821443f0fa0bc3c3e08047 Apache-2.0",
				"alexei-led/spotinfo internal/spot/data/spot-advisor-data.json 5eedf20a99614443af215f4aaf09bd10805cac72 Apache-2.0",
			},
		},
		prices: "aws.csv", shapes: "aws-shapes.csv",
	},
	{
		Head: catalog.Cloud{
			Name:            catalog.Azure,
			ReferenceRegion: "eastus",
			OnDemandAsOf:    day(2026, time.June, 18),
			Sources: []string{
				"Azure/karpenter-provider-azure pkg/providers/pricing/zz_generated.pricing.go 2b431da153a6a92b705c18046512c60b1631b682 Apache-2.0",
				"kubernetes/autoscaler cluster-autoscaler/cloudprovider/azure/azure_instance_types.go 03e49d9cb822bfdbc769cde771124f695f3f5619 Apache-2.0",
			},
		},
		prices: "azure.csv", shapes: "azure-shapes.csv",
	},
	{
		Head: catalog.Cloud{
			Name:            catalog.GCP,
			ReferenceRegion: "us-central1",
			OnDemandAsOf:    day(2026, time.August, 3),
			SpotAsOf:        day(2026, time.August, 3),
			Sources: []string{
				"cloudpilot-ai/karpenter-provider-gcp pkg/providers/pricing/initial-prices.json 373e2baa9665c864d29ae686dfadbc0dd97d8bb8 Apache-2.0",
				"Cyclenerd/google-cloud-pricing-cost-calculator tools/machinetypes.csv 8c32d22df47862c1e729bee12cd763f25cbfdec9 Apache-2.0",
				"Cyclenerd/google-cloud-pricing-cost-calculator build/gcp.yml 08440e74c5f5f7dc4ba9a10d0d02f195df568173 Apache-2.0",
			},
		},
		prices: "gcp.csv", shapes: "gcp-shapes.csv",
	},
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}
