// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"math"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

func TestFamilyOf(t *testing.T) {
	tests := []struct{ cloud, instanceType, want string }{
		{catalog.AWS, "m5.large", "m5.*"},
		{catalog.AWS, "u-6tb1.56xlarge", "u-6tb1.*"},
		{catalog.AWS, "m5", ""},
		{catalog.AWS, ".large", ""},
		{catalog.AWS, "", ""},
		{catalog.Azure, "Standard_D4s_v5", "standard_d*s_v5"},
		{catalog.Azure, "Standard_NC24ads_A100_v4", "standard_nc*ads_a100_v4"},
		{catalog.Azure, "Standard_F2", "standard_f*"},
		{catalog.Azure, "Standard_E32-8s_v6", ""},
		{catalog.Azure, "Standard_", ""},
		{catalog.Azure, "Standard_D", ""},
		{catalog.Azure, "Basic_A1", ""},
		{catalog.GCP, "n2-standard-8", "n2-standard-*"},
		{catalog.GCP, "a2-highgpu-1g", "a2-highgpu-*"},
		{catalog.GCP, "c3-standard-8-lssd", "c3-standard-*-lssd"},
		{catalog.GCP, "n2-custom-6-20480-ext", "n2-standard-*"},
		{catalog.GCP, "e2-custom-small-4096", "e2-standard-*"},
		{catalog.GCP, "custom-4-8192", "n1-standard-*"},
		{catalog.GCP, "e2-medium", ""},
		{catalog.GCP, "n2--8", ""},
		{catalog.GCP, "a-b-c", ""},
		{"", "m5.large", ""},
	}
	for _, tt := range tests {
		if got := familyOf(tt.cloud, tt.instanceType); got != tt.want {
			t.Errorf("familyOf(%q, %q) = %q, want %q", tt.cloud, tt.instanceType, got, tt.want)
		}
	}
}

func TestFamilyEstimate(t *testing.T) {
	tests := []struct {
		name       string
		node       *nodeBuilder
		want       Money
		wantDetail string
	}{
		{
			"a new size: price per core and GiB",
			makeNode().provider("aws:///x").typed("us-east-1", "m5.20xlarge").capacity("cpu", "80", "memory", "320Gi"),
			3_840_000, `estimate from 9 of aws/us-east-1/m5.* (instance type "m5.20xlarge" is not in the aws catalog)`,
		},
		{
			"the cloud by the family alone",
			makeNode().typed("us-east-1", "m5.20xlarge").capacity("cpu", "80", "memory", "320Gi"),
			3_840_000, `estimate from 9 of aws/us-east-1/m5.* (instance type "m5.20xlarge" is not in the aws catalog)`,
		},
		{
			"but not of another provider",
			makeNode().provider("openstack:///1").typed("us-east-1", "m5.20xlarge").capacity("cpu", "1"),
			33_000, `estimate (no catalog for instance type "m5.20xlarge")`,
		},
		{
			"in the reference region",
			makeNode().provider("aws:///x").typed("eu-west-1", "m5.20xlarge").capacity("cpu", "80", "memory", "320Gi"),
			3_840_000, `estimate from 9 of aws/us-east-1/m5.* (instance type "m5.20xlarge" is not in the aws catalog)`,
		},
		{
			"spot",
			makeNode().provider("aws:///x").typed("us-east-1", "m5.20xlarge").capacity("cpu", "80", "memory", "320Gi").label("karpenter.sh/capacity-type", "spot"),
			1_305_600, `estimate from 9 of aws/us-east-1/m5.* (instance type "m5.20xlarge" is not in the aws catalog, spot taken as 34.0% of on-demand)`,
		},
		{
			"a GPU family: price per GPU, whatever else the node has",
			makeNode().provider("gce://x").typed("us-central1", "a2-highgpu-3g").capacity("cpu", "999", "nvidia.com/gpu", "3"),
			3 * 3_673_385, `estimate from 4 of gcp/us-central1/a2-highgpu-* (instance type "a2-highgpu-3g" is not in the gcp catalog)`,
		},
		{
			"a family that the catalog does not know",
			makeNode().provider("aws:///x").typed("us-east-1", "m99.large").capacity("cpu", "2", "memory", "8Gi"),
			105_600, `estimate (instance type "m99.large" is not in the aws catalog)`,
		},
		{
			"no resources to multiply with",
			makeNode().provider("aws:///x").typed("us-east-1", "m5.20xlarge"),
			0, `instance type "m5.20xlarge" is not in the aws catalog`,
		},
	}
	r := NewResolver(Options{Estimate: true})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := r.Price(tt.node.obj())
			if got.PerHour != tt.want || got.Detail != tt.wantDetail {
				t.Errorf("got %d from %s, want %d from %s", got.PerHour, got.Detail, tt.want, tt.wantDetail)
			}
			if strings.HasPrefix(got.Detail, "estimate from") && got.AsOf.IsZero() {
				t.Error("got no age of the catalog that it rests on")
			}
		})
	}
}

// A family must say more about a type than the general unit prices do: each
// type of the catalog is estimated from the others of its family.
func TestFamilyEstimateIsNearer(t *testing.T) {
	var byFamily, general, gpus []float64
	for _, c := range catalog.All() {
		for _, name := range c.Types() {
			shape, ok := c.Shape(name)
			price, sold := c.OnDemand(c.ReferenceRegion, name)
			rate, known := rateOf(c, c.ReferenceRegion, familyOf(c.Name, name), name)
			if !ok || !sold || !known {
				continue
			}
			var node corev1.Node
			node.Status.Capacity = corev1.ResourceList{
				corev1.ResourceCPU:    *resource.NewQuantity(int64(shape.VCPUs), resource.DecimalSI),
				corev1.ResourceMemory: *resource.NewQuantity(int64(shape.MemoryMiB)<<20, resource.BinarySI),
			}
			if shape.MilliGPUs >= 1000 {
				node.Status.Capacity["nvidia.com/gpu"] = *resource.NewQuantity(int64(shape.MilliGPUs/1000), resource.DecimalSI)
			}
			off := func(m Money) float64 { return math.Abs(math.Log(float64(m) / float64(price))) }
			estimate, _ := rate.price(&node)
			if shape.MilliGPUs > 0 {
				gpus = append(gpus, off(estimate))
				continue
			}
			byFamily = append(byFamily, off(estimate))
			estimate, _ = defaultUnitPrices.Of(&node)
			general = append(general, off(estimate))
		}
	}
	half := func(errs []float64) float64 {
		slices.Sort(errs)
		return math.Exp(errs[len(errs)/2])
	}
	t.Logf("half of %d types are within a factor of %.3f by their family, of %.3f by unit prices; of %d with GPUs within %.3f",
		len(byFamily), half(byFamily), half(general), len(gpus), half(gpus))
	if len(byFamily) < 2000 || half(byFamily) > 1.02 || half(general) < half(byFamily) || len(gpus) < 50 || half(gpus) > 1.35 {
		t.Error("families say less than they should")
	}
}
