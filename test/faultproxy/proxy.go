// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package faultproxy is an HTTPS proxy in front of Pebble that answers as a CA and a network do on bad days. Tests choose while
// it runs what goes wrong, and read afterwards who asked for what, and when.
//
// Requests reach Pebble as they came, with their Host header: Pebble makes all URLs from it, so that those of the directory, of
// orders and of challenges lead through the proxy, and compares it with the URL that clients sign.
package faultproxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
)

// maxBody bounds requests and answers, in bytes.
const maxBody = 1 << 20

// Proxy is a running proxy.
type Proxy struct {
	target *url.URL // the server's directory
	client *http.Transport
	server *httptest.Server
	closed chan struct{}

	mu       sync.Mutex
	faults   []*injected
	requests []*Request
	orders   []string
	placed   map[string]*answer // what newOrder was answered, by key
}

// injected is a fault that is switched on.
type injected struct {
	endpoint Endpoint
	fault    Fault
	left     int // negative: always
}

// New starts a proxy on loopback, in front of the ACME server whose directory is at the URL. caBundle (PEM) verifies the server.
func New(directory string, caBundle []byte) (*Proxy, error) {
	target, err := url.Parse(directory)
	if err != nil {
		return nil, fmt.Errorf("reading the directory's URL: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(caBundle) {
		return nil, errors.New("reading the server's CA bundle: it holds no certificate")
	}
	p := &Proxy{
		target: target,
		client: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableCompression: true},
		closed: make(chan struct{}),
		placed: map[string]*answer{},
	}
	p.server = httptest.NewTLSServer(p)
	return p, nil
}

// Close ends all connections, and those that hang.
func (p *Proxy) Close() {
	close(p.closed)
	p.server.CloseClientConnections()
	p.server.Close()
	p.client.CloseIdleConnections()
}

// DirectoryURL is what the issuer's spec.acme.server has to be.
func (p *Proxy) DirectoryURL() string { return p.server.URL + p.target.Path }

// CABundle verifies the proxy's certificate: what the issuer's spec.acme.caBundle has to be.
func (p *Proxy) CABundle() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
}

// Inject lets the next requests to an endpoint go wrong, as many as times says or Always. Faults of the same endpoint come one
// after the other.
func (p *Proxy) Inject(endpoint Endpoint, fault Fault, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, &injected{endpoint: endpoint, fault: fault, left: times})
}

// Clear switches all faults off. Requests that hang go on doing so.
func (p *Proxy) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	record := p.arrived(r)
	a, fault, err := p.exchange(r, record, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	p.answered(record, a, fault)
	if fault.hang {
		select {
		case <-r.Context().Done():
		case <-p.closed:
		}
	}
	if fault.cut {
		panic(http.ErrAbortHandler) // net/http ends the connection
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may be gone
}

// exchange returns the answer to a request, and the fault that it suffered, if any.
func (p *Proxy) exchange(r *http.Request, record *Request, body []byte) (*answer, Fault, error) {
	endpoint := endpointOf(r.URL.Path)
	chosen := p.take(endpoint)
	if chosen == nil {
		a, err := p.forward(r, body)
		return a, Fault{}, err
	}
	fault := chosen.fault
	switch {
	case fault.instead != nil:
		return fault.instead(), fault, nil
	case fault.unseen:
		return &answer{}, fault, nil
	case fault.until != nil:
		p.answered(record, &answer{}, fault) // Faulted counts it now
		select {
		case <-fault.until:
		case <-p.closed:
		}
		a, err := p.forward(r, body)
		return a, fault, err
	case fault.replay:
		a, err := p.replay(r, body)
		if a != nil || err != nil {
			return a, fault, err
		}
	}
	a, err := p.forward(r, body)
	if err != nil {
		return nil, Fault{}, err
	}
	if fault.cut || fault.change != nil && fault.change(a) {
		return a, fault, nil
	}
	p.giveBack(chosen)
	return a, Fault{}, nil
}

// forward has the server answer. It does so to the end even if the client is gone, as a server would.
func (p *Proxy) forward(r *http.Request, body []byte) (*answer, error) {
	at := *p.target
	at.Path, at.RawPath, at.RawQuery = r.URL.Path, r.URL.RawPath, r.URL.RawQuery
	request, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Host, request.Header = r.Host, r.Header.Clone()
	request.Header.Del("Accept-Encoding") // faults change plain bodies
	response, err := p.client.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("forwarding to the ACME server: %w", err)
	}
	defer response.Body.Close()
	a := &answer{status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(io.LimitReader(response.Body, maxBody)); err != nil {
		return nil, fmt.Errorf("reading the ACME server's answer: %w", err)
	}
	if endpointOf(r.URL.Path) == NewOrder {
		p.remember(a, body)
	}
	return a, nil
}

// take returns the fault for a request to an endpoint, and counts it.
func (p *Proxy) take(endpoint Endpoint) *injected {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		if f.endpoint == endpoint && f.left != 0 {
			f.left--
			return f
		}
	}
	return nil
}

// giveBack undoes take.
func (p *Proxy) giveBack(f *injected) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f.left++
}
