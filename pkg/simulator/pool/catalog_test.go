// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"strings"
	"testing"
	"time"

	testclock "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/prices"
	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// TestPricesAreTheCatalogs compares with the catalog itself, in every world.
func TestPricesAreTheCatalogs(t *testing.T) {
	for _, w := range All() {
		pools, err := w.Pools(largest(), 8)
		if err != nil {
			t.Fatalf("%s: %v", w.Name(), err)
		}
		shop, err := shopOf(w.Cloud)
		if err != nil {
			t.Fatal(err)
		}
		c := catalog.For(w.Cloud)
		for _, p := range pools {
			instanceType := p.Template.Labels[instanceTypeLabel]
			want, ok := c.OnDemand(shop.region, instanceType)
			if p.CapacityType == pricing.CapacityTypeSpot {
				onDemand := want
				if want, ok = c.Spot(shop.region, instanceType); !ok {
					ratio := map[string]int64{"aws": 340, "azure": 347, "gcp": 353}[w.Cloud] // what is usual there
					want, ok = (onDemand*ratio+500)/1000, true
				}
			}
			if w.Capacity == CapacityNodeFee {
				want += 30000
			}
			if !ok || p.Price != pricing.Money(want) {
				t.Errorf("%s: pool %s costs %v, want %d micro-dollars", w.Name(), p.Name, p.Price, want)
			}
		}
	}
}

// TestCostScoreSeesThePrices asks what CostScore will ask.
func TestCostScoreSeesThePrices(t *testing.T) {
	for _, w := range All() {
		pools, err := w.Pools(largest(), 8)
		if err != nil {
			t.Fatalf("%s: %v", w.Name(), err)
		}
		args := &config.CostScoreArgs{PriceAnnotations: config.DefaultPriceAnnotations}
		w.CostScoreArgs(pools)(args)
		o, err := prices.OptionsOf(args)
		if err != nil {
			t.Fatalf("%s: %v", w.Name(), err)
		}
		book := pricing.NewBook(o, testclock.NewFakePassiveClock(time.Unix(0, 0)))
		for _, p := range pools {
			got := book.Price(p.Template)
			if got.PerHour != p.Price || got.CapacityType != p.CapacityType {
				t.Errorf("%s: CostScore sees pool %s at %v %s, it costs %v %s", w.Name(), p.Name, got.PerHour, got.CapacityType, p.Price, p.CapacityType)
			}
			matched := 0
			for _, rule := range o.Prepaid {
				if rule.Selector.Matches(labelSet(p.Template.Labels)) {
					matched += rule.Count
				}
			}
			if matched != p.Prepaid {
				t.Errorf("%s: rules prepay %d nodes of pool %s, want %d", w.Name(), matched, p.Name, p.Prepaid)
			}
		}
	}
}

func TestCatalogAdmitsTheTraces(t *testing.T) {
	for _, cloud := range Clouds() {
		w, err := World{Cloud: cloud}.Workload(largest())
		if err != nil {
			t.Fatal(err)
		}
		pools, err := Catalog(cloud, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range w.Pods {
			if !admittedBy(pools, p.Object) {
				t.Errorf("%s: no pool admits %+v with affinity %v", cloud, costmodel.RequestOf(p.Object), p.Object.Spec.Affinity)
			}
		}
		if wantTrimmed := cloud == catalog.Azure; wantTrimmed != (len(w.LeftOut) > 0) {
			t.Errorf("%s: got left out %q", cloud, w.LeftOut)
		}
	}
}

func TestCatalogSize(t *testing.T) {
	for _, cloud := range Clouds() {
		pools, err := Catalog(cloud, "")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(pools); n < 25 || n > 45 {
			t.Errorf("%s: got %d pools", cloud, n)
		}
		seen := map[string]bool{}
		for _, p := range pools {
			if seen[p.Name] {
				t.Errorf("%s: pool %s is there twice", cloud, p.Name)
			}
			seen[p.Name] = true
			a := p.Allocatable()
			c := costmodel.RequestOfList(p.Template.Status.Capacity)
			if a.MilliCPU <= 0 || a.MilliCPU >= c.MilliCPU || a.Memory <= 0 || a.Memory >= c.Memory {
				t.Errorf("%s: pool %s has %+v of %+v", cloud, p.Name, a, c)
			}
			if _, ok := p.Template.Labels[GPUModelLabel]; ok != p.HasAccelerator() {
				t.Errorf("%s: pool %s has label %t and GPUs %t", cloud, p.Name, ok, p.HasAccelerator())
			}
		}
	}
}

func TestCatalogOfAnotherRegion(t *testing.T) {
	pools, err := Catalog("azure", "westeurope")
	if err != nil {
		t.Fatal(err)
	}
	east, err := Catalog("azure", "")
	if err != nil {
		t.Fatal(err)
	}
	if pools[0].Price == east[0].Price || pools[0].Template.Labels[regionLabel] != "westeurope" {
		t.Errorf("got pool %s at %v in %s", pools[0].Name, pools[0].Price, pools[0].Template.Labels[regionLabel])
	}
}

func TestCatalogErrors(t *testing.T) {
	for _, tt := range []struct{ cloud, region, want string }{
		{"oracle", "", "choose one of aws, azure, gcp"},
		{"gcp", "us-east-1", "choose one of africa-south1"},
	} {
		if _, err := Catalog(tt.cloud, tt.region); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Catalog(%q, %q): got error %v, want one with %q", tt.cloud, tt.region, err, tt.want)
		}
	}
}

// TestReserved checks the examples that AKS and GKE publish, and sums by hand.
func TestReserved(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want size
	}{
		{"aks 2 cores", aksReserved(2, 8<<10), size{100, 2048, 0}},
		{"aks 32 cores", aksReserved(32, 128<<10), size{420, 2250, 0}},
		{"aks 48 cores", aksReserved(48, 128<<10), size{580, 2250, 0}},
		{"aks 96 cores", aksReserved(96, 128<<10), size{1060, 2250, 0}},
		{"gke 1 core, 4 GiB", gkeReserved(1, 4<<10), size{60, 1024, 0}},
		{"gke 4 cores, 16 GiB", gkeReserved(4, 16<<10), size{80, 2663, 0}},       // 1024 + 819.2 + 819.2
		{"gke 64 cores, 256 GiB", gkeReserved(64, 256<<10), size{230, 12166, 0}}, // + 6881.28 + 2621.44
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, tt.got, tt.want)
		}
	}
}
