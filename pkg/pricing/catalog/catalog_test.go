// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"
)

// Spot checks against the sources.
func TestPrices(t *testing.T) {
	tests := []struct {
		cloud, region, instanceType string
		onDemand                    int64
	}{
		{AWS, "us-east-1", "m5.large", 96_000},
		{AWS, "us-east-1", "c5.xlarge", 170_000},
		{Azure, "eastus", "Standard_D4s_v5", 192_000},
		{Azure, "eastus", "STANDARD_D4S_V5", 192_000},
		{GCP, "us-central1", "e2-standard-4", 134_023},
		{GCP, "us-central1", "a2-highgpu-1g", 3_673_385},
		{AWS, "eu-west-1", "m5.large", 0},
		{AWS, "us-east-1", "m5.larg", 0},
		{AWS, "us-east-1", "", 0},
		{GCP, "us-east-1", "m5.large", 0},
	}
	for _, tt := range tests {
		got, ok := For(tt.cloud).OnDemand(tt.region, tt.instanceType)
		if got != tt.onDemand || ok != (tt.onDemand > 0) {
			t.Errorf("%s/%s/%s costs %d, %t, want %d", tt.cloud, tt.region, tt.instanceType, got, ok, tt.onDemand)
		}
	}
	if c := For("other"); c != nil {
		t.Errorf("got a catalog %q for a cloud that has none", c.Name)
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		cloud                          string
		regions, types, onDemand, spot int
	}{
		{AWS, 3, 1377, 2686, 894},
		{Azure, 57, 1748, 65053, 0},
		{GCP, 43, 519, 12721, 12721},
	}
	for _, tt := range tests {
		c := For(tt.cloud)
		positive := func(prices []uint32) (n int) {
			for _, p := range prices {
				n += int(min(p, 1))
			}
			return n
		}
		if len(c.regions) != tt.regions || len(c.types) != tt.types || positive(c.onDemand) != tt.onDemand || positive(c.spot) != tt.spot {
			t.Errorf("%s has %d regions, %d types, %d on-demand and %d spot prices, want %+v",
				tt.cloud, len(c.regions), len(c.types), positive(c.onDemand), positive(c.spot), tt)
		}
	}
}

// Spot is never dearer than on-demand in the data.
func TestSpotIsNotDearer(t *testing.T) {
	for _, c := range All() {
		for i, spot := range c.spot {
			if spot > c.onDemand[i] {
				t.Errorf("%s %s: spot costs %d, on-demand %d", c.Name, c.types[i/len(c.regions)].name, spot, c.onDemand[i])
			}
		}
	}
}

func TestShape(t *testing.T) {
	tests := []struct {
		cloud, instanceType string
		want                Shape
	}{
		{AWS, "m5.large", Shape{VCPUs: 2, MemoryMiB: 8192, AllocatableMilliCPU: 1930, AllocatableMemoryMiB: 6903, AllocatablePods: 29}},
		{Azure, "Standard_D4s_v5", Shape{VCPUs: 4, MemoryMiB: 16384}},
		{GCP, "a2-highgpu-1g", Shape{VCPUs: 12, MemoryMiB: 87040, MilliGPUs: 1000, GPUModel: "a100"}},
		{GCP, "g4-standard-6", Shape{VCPUs: 6, MemoryMiB: 22528, MilliGPUs: 125, GPUModel: "rtx6000"}},
	}
	for _, tt := range tests {
		if got, ok := For(tt.cloud).Shape(tt.instanceType); !ok || got != tt.want {
			t.Errorf("%s/%s is %+v, %t, want %+v", tt.cloud, tt.instanceType, got, ok, tt.want)
		}
	}
	if got, ok := For(AWS).Shape("p2.xlarge"); ok {
		t.Errorf("got %+v for a type that is priced only", got)
	}
}

func TestReference(t *testing.T) {
	if region, price, ok := For(AWS).Reference("m5.large"); region != "us-east-1" || price != 96_000 || !ok {
		t.Errorf("m5.large: got %s, %d, %t", region, price, ok)
	}
	if region, _, ok := For(AWS).Reference("m99.large"); ok {
		t.Errorf("m99.large: got %s", region)
	}
	// Every type has a reference, and it is what that region charges.
	for _, c := range All() {
		for _, name := range c.Types() {
			region, price, ok := c.Reference(name)
			if got, sold := c.OnDemand(region, name); !ok || !sold || got != price {
				t.Errorf("%s/%s: reference %s, %d, %t, but %d there", c.Name, name, region, price, ok, got)
			}
		}
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	c := For(Azure)
	if n := testing.AllocsPerRun(100, func() { c.OnDemand("westeurope", "Standard_D4s_v5") }); n != 0 {
		t.Errorf("a lookup allocates %v times", n)
	}
}

// The embedded files are what Encode makes of them: there is one form of the
// same facts.
func TestFilesAreCanonical(t *testing.T) {
	for _, c := range All() {
		b, err := files.ReadFile(FileName(c.Name))
		if err != nil {
			t.Fatal(err)
		}
		zr, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if !zr.ModTime.IsZero() || zr.Name != "" {
			t.Errorf("%s: the gzip header has a time or a name", c.Name)
		}
		text, err := io.ReadAll(zr)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, c.text()) {
			t.Errorf("%s: the file is not in canonical form; run go run ./hack/catalog", c.Name)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	const head = "tollgate-catalog 1\ncloud aws\nreference r1\nas-of on-demand 2026-07-20\nregions r1 r2\n"
	if _, err := decodeText(head + "type a\non-demand 1,2\ntype b 1 2 0 - 0 0 0\non-demand ,3\nspot ,1\n"); err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"version":             {"tollgate-catalog 2\n", "line 1"},
		"empty":               {"", "cut short"},
		"unknown key":         {head + "colour red\n", `unknown key "colour"`},
		"date":                {"tollgate-catalog 1\nas-of spot yesterday\n", "reading the date"},
		"capacity":            {"tollgate-catalog 1\nas-of lease 2026-07-20\n", "unknown capacity type"},
		"unsorted regions":    {"tollgate-catalog 1\nregions b a\n", "ascending"},
		"regions twice":       {head + "regions r1\n", "listed once"},
		"prices first":        {head + "on-demand 1,2\n", "without a type"},
		"spot first":          {head + "spot 1,2\n", "without a type"},
		"two on-demand lines": {head + "type a\non-demand 1,2\non-demand 1,2\n", "without a type"},
		"two spot lines":      {head + "type a\non-demand 1,2\nspot 1,2\nspot 1,2\n", "without a type"},
		"no prices":           {head + "type a\ntype b\n", "no on-demand prices"},
		"no last prices":      {head + "type a\n", "cut short"},
		"unsorted types":      {head + "type b\non-demand 1,2\ntype A\n", "ascending"},
		"number of fields":    {head + "type a 1 2\n", "3 fields"},
		"shape":               {head + "type a 1 x 0 - 0 0 0\n", "reading the shape"},
		"number of prices":    {head + "type a\non-demand 1\n", "1 prices for 2 regions"},
		"price":               {head + "type a\non-demand 1,-2\n", "reading a price"},
	} {
		if _, err := decodeText(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, tt.want)
		}
	}
	if _, err := Decode(strings.NewReader("plain")); err == nil {
		t.Error("want an error for a file that is not compressed")
	}
}

func TestBuildAndEncode(t *testing.T) {
	key := func(region, name string) Key { return Key{Region: region, InstanceType: name} }
	b := Builder{
		Head:     Cloud{Name: AWS, ReferenceRegion: "r2"},
		OnDemand: map[Key]int64{key("r2", "b"): 2, key("r1", "B2"): 3, key("r1", "a"): 1},
		Spot:     map[Key]int64{key("r1", "B2"): 1},
		Shapes:   map[string]Shape{"b": {VCPUs: 1, MemoryMiB: 2}, "unsold": {VCPUs: 9}},
	}
	c, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Types(); !slices.Equal(got, []string{"a", "b", "B2"}) {
		t.Errorf("types are %v", got)
	}
	var file bytes.Buffer
	if err := c.Encode(&file); err != nil {
		t.Fatal(err)
	}
	decoded, err := Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(decoded.text(), c.text()) {
		t.Errorf("decoding what was encoded gives\n%s\nwant\n%s", decoded.text(), c.text())
	}

	for name, breakIt := range map[string]func(){
		"spot without on-demand": func() { b.Spot[key("r1", "x")] = 1 },
		"too dear":               func() { b.OnDemand[key("r1", "a")] = 1 << 32 },
		"free":                   func() { b.OnDemand[key("r1", "a")] = 0 },
	} {
		breakIt()
		if _, err := b.Build(); err == nil {
			t.Errorf("%s: want an error", name)
		}
		delete(b.Spot, key("r1", "x"))
		b.OnDemand[key("r1", "a")] = 1
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range []string{AWS, Azure, GCP} {
			if _, err := readEmbedded(name); err != nil {
				b.Fatal(err)
			}
		}
	}
}
