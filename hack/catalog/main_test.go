// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

const root = "../.."

// What is committed follows from itself: the catalog is in canonical form, and
// the unit prices are those that it gives.
func TestCommittedFilesAreInStep(t *testing.T) {
	if err := run("", root, true); err != nil {
		t.Error(err)
	}
}

// The heads of the files and NOTICE name the same sources.
func TestNoticeNamesEverySource(t *testing.T) {
	notice, err := os.ReadFile(filepath.Join(root, "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		cloud := catalog.For(s.Head.Name)
		if got, want := strings.Join(cloud.Sources, "\n"), strings.Join(s.Head.Sources, "\n"); got != want {
			t.Errorf("%s: sources in the file are\n%s\nwant\n%s", cloud.Name, got, want)
		}
		if !cloud.OnDemandAsOf.Equal(s.Head.OnDemandAsOf) || !cloud.SpotAsOf.Equal(s.Head.SpotAsOf) {
			t.Errorf("%s: dates in the file are not those of sources.go", cloud.Name)
		}
		for _, line := range s.Head.Sources {
			for _, field := range strings.Fields(line) {
				if !strings.Contains(string(notice), field) {
					t.Errorf("NOTICE does not name %q", field)
				}
			}
		}
	}
}

func TestFromCSV(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	write := func(name string, lines ...string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range sources {
		region := s.Head.ReferenceRegion
		write(s.prices, "provider,region,instance_type,capacity_type,usd_per_hour",
			"x,"+region+",one,on-demand,1.05", "x,"+region+",one,spot,0.5", "x,"+region+",two ,on-demand,2.1", "x,"+region+",gpu,on-demand,6.05")
		write(s.shapes, "instance_type,vcpu,memory_gib,gpu_count,gpu_model", "one,10,50,0,", "two,20,100,0,", "gpu,10,50,2,h100", "zero,1,0,0,")
	}
	if err := os.MkdirAll(filepath.Join(out, catalogDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, out, false); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, out, true); err != nil {
		t.Errorf("what was just written is not in step: %v", err)
	}
	source, err := os.ReadFile(filepath.Join(out, unitPricesFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"GPU: 2500000}", "return 476"} {
		if !strings.Contains(string(source), want) {
			t.Errorf("want %q in\n%s", want, source)
		}
	}

	// A later price is noticed.
	write(sources[0].prices, "provider,region,instance_type,capacity_type,usd_per_hour", "x,us-east-1,one,on-demand,1.06")
	if err := run(dir, out, true); err == nil || !strings.Contains(err.Error(), "aws.txt.gz is out of step") {
		t.Errorf("got error %v, want one about aws.txt.gz", err)
	}

	for name, rows := range map[string][]string{
		"capacity type": {"x,r,one,leased,1"},
		"duplicate":     {"x,r,one,on-demand,1", "x,r,one,on-demand,1"},
		"price":         {"x,r,one,on-demand,free"},
		"no on-demand":  {"x,r,one,on-demand,1", "x,r,two,spot,1"},
	} {
		write(sources[0].prices, append([]string{"provider,region,instance_type,capacity_type,usd_per_hour"}, rows...)...)
		if err := run(dir, out, true); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}
