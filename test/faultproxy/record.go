// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package faultproxy

import (
	"net/http"
	"time"
)

// Request is one that reached the proxy.
type Request struct {
	// At is when it was read whole.
	At       time.Time
	Method   string
	Endpoint Endpoint
	Path     string
	// Status of the answer, also if it was dropped; 0 while there is none.
	Status int
	// Fault is the name of what went wrong, or "".
	Fault string
}

// Requests returns a copy of the requests so far, in the order in which they came.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Request, len(p.requests))
	for i, r := range p.requests {
		all[i] = *r
	}
	return all
}

// Faulted counts the requests to an endpoint that went wrong.
func (p *Proxy) Faulted(endpoint Endpoint) int {
	n := 0
	for _, r := range p.Requests() {
		if r.Endpoint == endpoint && r.Fault != "" {
			n++
		}
	}
	return n
}

func (p *Proxy) arrived(r *http.Request) *Request {
	record := &Request{At: time.Now(), Method: r.Method, Endpoint: endpointOf(r.URL.Path), Path: r.URL.Path}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, record)
	return record
}

func (p *Proxy) answered(record *Request, a *answer, fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	record.Status, record.Fault = a.status, fault.Name
}
