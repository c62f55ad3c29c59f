// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kindOfRequest is a verb as the API server counts it and a resource, subresource included: "PATCH tlscertificates/status".
type kindOfRequest string

// solverResources are what leads an http-01 challenge to the controller. Only requests for them are the solver's.
var solverResources = []string{"services", "endpointslices", "ingresses", "httproutes"}

// requestCount is how many requests the controller has made.
type requestCount struct {
	all, writes float64
	// solver are the writes of what leads challenges to the controller. They are among writes.
	solver float64
	by     map[kindOfRequest]float64
}

func (r requestCount) minus(earlier requestCount) requestCount {
	out := requestCount{all: r.all - earlier.all, writes: r.writes - earlier.writes, solver: r.solver - earlier.solver, by: map[kindOfRequest]float64{}}
	for kind, n := range r.by {
		if n -= earlier.by[kind]; n != 0 {
			out.by[kind] = n
		}
	}
	return out
}

// describe lists what was asked for, the most frequent first, each divided by n.
func (r requestCount) describe(n float64) string {
	kinds := slices.SortedFunc(maps.Keys(r.by), func(a, b kindOfRequest) int {
		return cmp.Or(cmp.Compare(r.by[b], r.by[a]), cmp.Compare(a, b))
	})
	texts := make([]string, len(kinds))
	for i, kind := range kinds {
		texts[i] = fmt.Sprintf("%s %.3g", kind, r.by[kind]/n)
	}
	return strings.Join(texts, ", ")
}

// requests counts those that the API server has answered, by its own counters.
func (c *cluster) requests(ctx context.Context) (requestCount, error) {
	page, err := c.metrics.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return requestCount{}, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	return countRequests(page)
}

// label is one of a metric; the values that matter here have no quotes.
var label = regexp.MustCompile(`(\w+)="([^"]*)"`)

// countRequests adds up apiserver_request_total, but for what the benchmark and the API server itself do:
//
//   - TLSCertificates are created by the benchmark alone;
//   - leases are the API server's own, as the controller runs without leader election;
//   - requests that are for no resource are metrics, health and discovery;
//   - IPAddresses are the API server's own, which notes there which Service has which;
//   - tokens of ServiceAccounts are asked for by who starts the controller.
//
// Watches are counted when they end, and so not at all: they are a handful.
func countRequests(page []byte) (requestCount, error) {
	sum := requestCount{by: map[kindOfRequest]float64{}}
	found := false
	lines := bufio.NewScanner(bytes.NewReader(page))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), "apiserver_request_total{")
		if !ok {
			continue
		}
		found = true
		labels, value, _ := strings.Cut(rest, "} ")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return sum, fmt.Errorf("reading the API server's metrics: %q is no count", value)
		}
		by := map[string]string{}
		for _, match := range label.FindAllStringSubmatch(labels, -1) {
			by[match[1]] = match[2]
		}
		verb, resource := by["verb"], by["resource"]
		switch {
		case resource == "", resource == "leases", resource == "ipaddresses", resource == "serviceaccounts", verb == "WATCH", verb == "CONNECT":
			continue
		case verb == "POST" && resource == "tlscertificates":
			continue
		}
		sum.all += n
		sum.by[kindOfRequest(verb+" "+path.Join(resource, by["subresource"]))] += n
		switch verb {
		case "POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION":
			sum.writes += n
			if slices.Contains(solverResources, resource) {
				sum.solver += n
			}
		}
	}
	if err := lines.Err(); err != nil {
		return sum, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	if !found {
		return sum, fmt.Errorf("reading the API server's metrics: there is no apiserver_request_total")
	}
	return sum, nil
}
