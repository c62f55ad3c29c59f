// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// requestCount is how many requests the controller has made.
type requestCount struct {
	all, writes float64
}

func (r requestCount) minus(earlier requestCount) requestCount {
	return requestCount{all: r.all - earlier.all, writes: r.writes - earlier.writes}
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
//   - requests that are for no resource are metrics, health and discovery.
//
// Watches are counted when they end, and so not at all: they are a handful.
func countRequests(page []byte) (requestCount, error) {
	var sum requestCount
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
		case resource == "", resource == "leases", verb == "WATCH", verb == "CONNECT":
			continue
		case verb == "POST" && resource == "tlscertificates":
			continue
		}
		sum.all += n
		switch verb {
		case "POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION":
			sum.writes += n
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
