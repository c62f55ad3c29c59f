// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

func TestCountRequests(t *testing.T) {
	page := `# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="secrets",scope="resource",subresource="",verb="GET",version="v1"} 5
apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="secrets",scope="resource",subresource="",verb="POST",version="v1"} 2
apiserver_request_total{code="200",component="apiserver",dry_run="",group="tollgate.dev",resource="tlscertificates",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 1e+03
apiserver_request_total{code="200",component="apiserver",dry_run="",group="networking.k8s.io",resource="ingresses",scope="resource",subresource="",verb="DELETE",version="v1"} 3
apiserver_request_total{code="201",component="apiserver",dry_run="",group="tollgate.dev",resource="tlscertificates",scope="resource",subresource="",verb="POST",version="v1alpha1"} 7
apiserver_request_total{code="200",component="apiserver",dry_run="",group="coordination.k8s.io",resource="leases",scope="resource",subresource="",verb="PUT",version="v1"} 70
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="secrets",scope="cluster",subresource="",verb="WATCH",version="v1"} 700
apiserver_request_total{code="200",component="",dry_run="",group="",resource="",scope="",subresource="/metrics",verb="GET",version=""} 7000
apiserver_request_duration_seconds_count{resource="secrets",verb="GET"} 70000
`
	got, err := countRequests([]byte(page))
	want := requestCount{all: 1010, writes: 1005, solver: 3, by: map[kindOfRequest]float64{
		"GET secrets": 5, "POST secrets": 2, "PATCH tlscertificates/status": 1000, "DELETE ingresses": 3,
	}}
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(requestCount{})); err != nil || diff != "" {
		t.Errorf("error %v; (-want, +got):\n%s", err, diff)
	}
	if got, want := got.minus(requestCount{all: 5, by: map[kindOfRequest]float64{"GET secrets": 5}}).describe(2), "PATCH tlscertificates/status 500, DELETE ingresses 1.5, POST secrets 1"; got != want {
		t.Errorf("described as %q, want %q", got, want)
	}
	if _, err := countRequests([]byte("up 1\n")); err == nil {
		t.Error("a page without the counter was taken")
	}
}

func TestIssueEntries(t *testing.T) {
	times := &issueTimes{certs: baselineCerts, took: 10 * time.Second, used: usage{
		cpu: 31 * time.Second, memory: measure.MemoryUse{Now: 50, Peak: 57}, requests: requestCount{all: 11000, writes: 3000},
	}}
	for i := range baselineCerts {
		times.ready = append(times.ready, float64(i+1)/100)
	}
	by := map[string]measure.Entry{}
	for _, e := range times.entries("ca", certManager) {
		by[e.Name] = e
	}
	for name, want := range map[string]struct{ value, baseline float64 }{
		"ca/certs_per_second": {100, 16}, "ca/total_s": {10, 62}, "ca/cpu_seconds": {31, 31}, "ca/peak_rss_mib": {57, 171},
		"ca/ready_p50_s": {5, 0}, "ca/ready_p99_s": {9.9, 0}, "ca/requests_per_cert": {11, 0}, "ca/writes_per_cert": {3, 20},
	} {
		e, found := by[name]
		if !found || e.Value != want.value || (e.Baseline == nil) != (want.baseline == 0) || e.Baseline != nil && *e.Baseline != want.baseline {
			t.Errorf("%s is %+v, want %+v", name, e, want)
		}
	}
	for name := range certManager {
		if _, found := by[name]; !found {
			t.Errorf("baseline %s is of no measure", name)
		}
	}
	times.certs = 30
	for _, e := range times.entries("ca", certManager) {
		if e.Baseline != nil {
			t.Errorf("%s of 30 certificates is compared with that of %d", e.Name, baselineCerts)
		}
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		q, want float64
	}{{[]float64{3, 1, 2}, 0.5, 2}, {[]float64{4, 3, 1, 2}, 0.5, 2}, {[]float64{1}, 0.99, 1}, {[]float64{2, 1}, 0.99, 2}} {
		if got := quantileOf(c.samples, c.q); got != c.want {
			t.Errorf("quantile %v of %v: got %v, want %v", c.q, c.samples, got, c.want)
		}
	}
	if got := quantileOf(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("of nothing: %v", got)
	}
}

func TestMarkdown(t *testing.T) {
	page := string(table.Markdown(made(&plan{args: []string{"-certs", "12"}}, "2 cores"), []measure.Entry{
		newEntry("ca/certs_per_second", "1/s", 80, 1000).Against(16), newEntry("steady/rss_mib/certs=10000", "MiB", 150.4, 1),
	}))
	for _, want := range []string{
		"Made by `_output/bin/bench-issue -certs 12` on 2 cores.",
		"| measure | value | baseline | ratio | samples |\n|---|---|---|---|---|\n",
		"| ca/certs_per_second | 80.0 1/s | 16.0 | 5.000 | 1000 |\n",
		"| steady/rss_mib/certs=10000 | 150 MiB | - | - | 1 |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
