// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// TestPriceIsNotExact is about nodes whose type has an exact price that is not
// the price of the node.
func TestPriceIsNotExact(t *testing.T) {
	n1 := func(instanceType string) *nodeBuilder {
		return makeNode().provider("gce://p/us-central1-a/n").typed("us-central1", instanceType)
	}
	const spot = "cloud.google.com/gke-spot"
	const windows = "prices of the catalog are for Linux, the license of Windows is not in them"
	tests := []struct {
		name       string
		node       *nodeBuilder
		want       Money
		wantSource Source
		wantDetail string
	}{
		{"N1 without GPUs", n1("n1-standard-8").capacity("cpu", "8"), 379_998, SourceCatalog, "gcp/us-central1/n1-standard-8"},
		{
			"N1 with GPUs", n1("n1-standard-8").label(gkeAccelerator, "nvidia-tesla-v100").capacity("cpu", "8", "memory", "30Gi", "nvidia.com/gpu", "4"),
			3_528_198, SourceEstimate, "gcp/us-central1/n1-standard-8 (4 attached GPUs taken as $0.7871/h each)",
		},
		{"only allocatable", n1("n1-standard-8").allocatable("nvidia.com/gpu", "1"), 1_167_048, SourceEstimate, "gcp/us-central1/n1-standard-8 (an attached GPU taken as $0.7871/h)"},
		{"the driver is not there yet", n1("N1-Standard-8").label(gkeAccelerator, "nvidia-tesla-t4").capacity("cpu", "8"), 1_167_048, SourceEstimate, "gcp/us-central1/N1-Standard-8 (an attached GPU taken as $0.7871/h)"},
		{
			"a GPU that is shared", n1("n1-standard-8").label(gkeAccelerator, "nvidia-tesla-t4").label(gkeSharedClients, "16").capacity("nvidia.com/gpu", "16"),
			1_167_048, SourceEstimate, "gcp/us-central1/n1-standard-8 (an attached GPU taken as $0.7871/h)",
		},
		{
			"spot", n1("n1-standard-8").label(spot, "true").capacity("nvidia.com/gpu", "2"),
			689_678, SourceEstimate, "gcp/us-central1/n1-standard-8 (2 attached GPUs taken as $0.2778/h each)",
		},
		{
			"a region without a price", makeNode().provider("gce://p/z/n").typed("mars-1", "n1-standard-8").capacity("nvidia.com/gpu", "1"),
			1_167_048, SourceEstimate, "gcp/us-central1/n1-standard-8 (region mars-1 is not in the catalog, an attached GPU taken as $0.7871/h)",
		},
		{
			"custom N1", n1("custom-8-30720").capacity("cpu", "8", "memory", "30Gi", "nvidia.com/gpu", "4"),
			3_528_198, SourceEstimate, `estimate from 8 of gcp/us-central1/n1-standard-* (instance type "custom-8-30720" is not in the gcp catalog, 4 attached GPUs taken as $0.7871/h each)`,
		},
		{"GPUs that are the type's", n1("g2-standard-4").label(gkeAccelerator, "nvidia-l4").capacity("nvidia.com/gpu", "1"), 706_832, SourceCatalog, "gcp/us-central1/g2-standard-4"},
		{"accelerators without a shape", makeNode().provider("aws:///x").typed("us-east-1", "p3.2xlarge").capacity("nvidia.com/gpu", "1"), 3_060_000, SourceCatalog, "aws/us-east-1/p3.2xlarge"},
		{"accelerators that are not GPUs", makeNode().provider("aws:///x").typed("us-east-1", "inf2.xlarge").capacity("aws.amazon.com/neuron", "1"), 758_200, SourceCatalog, "aws/us-east-1/inf2.xlarge"},

		{"Windows", makeNode().typed("us-east-1", "m5.large").label(corev1.LabelOSStable, "windows"), 96_000, SourceEstimate, "aws/us-east-1/m5.large (" + windows + ")"},
		{"Windows, beta label", makeNode().typed("us-east-1", "m5.large").label("beta.kubernetes.io/os", "windows"), 96_000, SourceEstimate, "aws/us-east-1/m5.large (" + windows + ")"},
		{"Windows elsewhere", makeNode().typed("mars-1", "m5.large").label(corev1.LabelOSStable, "windows"), 96_000, SourceEstimate, "aws/us-east-1/m5.large (region mars-1 is not in the catalog, " + windows + ")"},
		{"Windows of no type", makeNode().label(corev1.LabelOSStable, "windows").capacity("cpu", "2"), 66_000, SourceEstimate, "estimate (" + windows + ")"},
		{"Linux", makeNode().typed("us-east-1", "m5.large").label(corev1.LabelOSStable, "linux"), 96_000, SourceCatalog, "aws/us-east-1/m5.large"},

		{"virtual by label", makeNode().label("type", "virtual-kubelet").capacity("cpu", "10000", "memory", "40Ti"), 0, SourceUnknown, whyVirtual},
		{"virtual by taint", makeNode().taint("virtual-kubelet.io/provider").label("kubernetes.azure.com/cluster", "c").typed("eastus", "Standard_D4s_v5"), 0, SourceUnknown, whyVirtual},
		{"virtual, and annotated", makeNode().label("type", "virtual-kubelet").annotation(PriceAnnotation, "0.05"), 50_000, SourceAnnotation, PriceAnnotation},
		{"virtual, and a rule", makeNode().label("type", "virtual-kubelet").label("rack", "a"), 450_000, SourceRule, "prices[0]"},
		{"of another type", makeNode().label("type", "worker").capacity("cpu", "1"), 33_000, SourceEstimate, "estimate"},
	}
	r := NewResolver(Options{Estimate: true, Rules: []Rule{{Selector: selector("rack=a"), PerHour: 450_000}}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := r.Price(tt.node.obj())
			if got.PerHour != tt.want || got.Source != tt.wantSource {
				t.Errorf("got %d from %s, want %d from %s", got.PerHour, got.Source, tt.want, tt.wantSource)
			}
			if diff := cmp.Diff(tt.wantDetail, got.Detail); diff != "" {
				t.Errorf("unexpected detail (-want, +got):\n%s", diff)
			}
		})
	}
}

// With estimates off, prices that are not exact are those of the median, and a
// virtual node has no part in it.
func TestMedianOfNodesThatAreNotExact(t *testing.T) {
	b, _ := newTestBook(Options{})
	b.Set(makeNode().named("a").capacity("cpu", "4").annotation(PriceAnnotation, "0.4").obj())
	b.Set(makeNode().named("v").capacity("cpu", "1000").label("type", "virtual-kubelet").annotation(PriceAnnotation, "0.05").obj())
	w := makeNode().named("w").typed("us-east-1", "m5.large").label(corev1.LabelOSStable, "windows").capacity("cpu", "2").obj()
	if got := b.Set(w); got.PerHour != 200_000 || got.Source != SourceEstimate {
		t.Errorf("got %+v, want the price of the cores of a", got)
	}
	if got := b.Set(makeNode().named("u").capacity("cpu", "1000").label("type", "virtual-kubelet").obj()); got.Known() {
		t.Errorf("got %+v, want no price", got)
	}
}

// Nodes are tainted after they are made.
func TestNodeBecomesVirtual(t *testing.T) {
	b, _ := newTestBook(Options{Estimate: true})
	b.Set(makeNode().named("a").capacity("cpu", "1000").obj())
	if got := b.Set(makeNode().named("a").capacity("cpu", "1000").taint("virtual-kubelet.io/provider").obj()); got.Known() {
		t.Errorf("got %+v, want no price", got)
	}
}
