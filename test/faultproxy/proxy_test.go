// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package faultproxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeCA says what it was asked and places an order with every newOrder.
type fakeCA struct {
	nonces, orders atomic.Int32
	status         atomic.Value // of every order
}

func (f *fakeCA) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(nonceHeader, fmt.Sprintf("nonce-%d", f.nonces.Add(1)))
	w.Header().Set("Content-Type", "application/json")
	base := "https://" + r.Host
	switch endpointOf(r.URL.Path) {
	case Directory:
		fmt.Fprintf(w, `{"newOrder": "%s/order-plz"}`, base)
	case NewOrder:
		w.Header().Set("Location", fmt.Sprintf("%s/my-order/%d", base, f.orders.Add(1)))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"status": "pending", "order": %d}`, f.orders.Load())
	case Order:
		fmt.Fprintf(w, `{"status": "%s", "certificate": "%s/certZ/1"}`, f.status.Load(), base)
	}
}

// start returns a proxy before a fake CA, and a client of the proxy.
func start(t *testing.T) (*Proxy, *fakeCA, *http.Client) {
	t.Helper()
	ca := &fakeCA{}
	ca.status.Store("valid")
	server := httptest.NewTLSServer(ca)
	t.Cleanup(server.Close)
	p, err := New(server.URL+"/dir", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.CABundle())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	t.Cleanup(client.CloseIdleConnections)
	return p, ca, client
}

// reply is what a client sees.
type reply struct {
	status int
	header http.Header
	body   string
}

func ask(t *testing.T, p *Proxy, client *http.Client, path string, body []byte) (reply, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(p.DirectoryURL(), "/dir")+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(raw)}, err
}

func mustAsk(t *testing.T, p *Proxy, client *http.Client, path string, body []byte) reply {
	t.Helper()
	got, err := ask(t, p, client, path, body)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return got
}

// newOrder is a request as an account sends it; the signature is not looked at.
func newOrder(t *testing.T, kid string, names ...string) []byte {
	t.Helper()
	type identifier struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	var ids []identifier
	for _, name := range names {
		ids = append(ids, identifier{"dns", name})
	}
	encode := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	body, err := json.Marshal(map[string]string{
		"protected": encode(map[string]any{"kid": kid, "nonce": time.Now().String()}),
		"payload":   encode(map[string]any{"identifiers": ids}),
		"signature": "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestURLsLeadThroughTheProxy(t *testing.T) {
	p, _, client := start(t)
	got := mustAsk(t, p, client, "/dir", nil)
	if want := strings.TrimSuffix(p.DirectoryURL(), "/dir") + "/order-plz"; !strings.Contains(got.body, want) {
		t.Errorf("the directory %s does not lead to %s", got.body, want)
	}
}

func TestDroppedAnswersAreForwarded(t *testing.T) {
	p, ca, client := start(t)
	p.Inject(NewOrder, Drop(), 2)
	for range 2 {
		if got, err := ask(t, p, client, "/order-plz", newOrder(t, "a", "x")); err == nil {
			t.Fatalf("a dropped answer arrived: %+v", got)
		}
	}
	if got := mustAsk(t, p, client, "/order-plz", newOrder(t, "a", "x")); got.status != http.StatusCreated {
		t.Errorf("after the fault: %+v", got)
	}
	if n := ca.orders.Load(); n != 3 {
		t.Errorf("%d orders were placed, want 3", n)
	}
	if diff := cmp.Diff([]string{"1", "2", "3"}, p.Orders()); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	if n := p.Faulted(NewOrder); n != 2 {
		t.Errorf("%d requests are recorded as dropped, want 2", n)
	}
}

func TestAnswersInstead(t *testing.T) {
	p, ca, client := start(t)
	date := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).Format(http.TimeFormat)
	p.Inject(NewOrder, RateLimited("7"), 1)
	p.Inject(NewOrder, RateLimited(date), 1)
	p.Inject(NewOrder, Unavailable(""), Always)
	for _, want := range []struct {
		status            int
		retryAfter, words string
	}{{429, "7", "rateLimited"}, {429, date, "rateLimited"}, {503, "", "serverInternal"}, {503, "", "serverInternal"}} {
		got := mustAsk(t, p, client, "/order-plz", newOrder(t, "a", "x"))
		if got.status != want.status || got.header.Get("Retry-After") != want.retryAfter || !strings.Contains(got.body, want.words) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if n := ca.orders.Load(); n != 0 {
		t.Errorf("the server placed %d orders", n)
	}
	p.Clear()
	if got := mustAsk(t, p, client, "/order-plz", newOrder(t, "a", "x")); got.status != http.StatusCreated {
		t.Errorf("after Clear: %+v", got)
	}
}

func TestMalformed(t *testing.T) {
	p, _, client := start(t)
	p.Inject(Order, Malformed(), 1)
	if got := mustAsk(t, p, client, "/my-order/1", nil); json.Valid([]byte(got.body)) || got.body == "" {
		t.Errorf("the answer is not malformed: %q", got.body)
	}
	if got := mustAsk(t, p, client, "/my-order/1", nil); !json.Valid([]byte(got.body)) {
		t.Errorf("after the fault: %q", got.body)
	}
}

func TestProcessing(t *testing.T) {
	p, ca, client := start(t)
	p.Inject(Order, Processing(), 1)
	ca.status.Store("ready")
	if got := mustAsk(t, p, client, "/my-order/1", nil); !strings.Contains(got.body, "ready") {
		t.Errorf("an order that is not valid was changed: %s", got.body)
	}
	ca.status.Store("valid")
	if got := mustAsk(t, p, client, "/my-order/1", nil); !strings.Contains(got.body, "processing") || strings.Contains(got.body, "certificate") {
		t.Errorf("a valid order was not changed: %s", got.body)
	}
	if got := mustAsk(t, p, client, "/my-order/1", nil); !strings.Contains(got.body, "valid") {
		t.Errorf("after the fault: %s", got.body)
	}
}

func TestReplay(t *testing.T) {
	p, ca, client := start(t)
	first := mustAsk(t, p, client, "/order-plz", newOrder(t, "a", "x", "y"))
	p.Inject(NewOrder, Replay(), Always)
	again := mustAsk(t, p, client, "/order-plz", newOrder(t, "a", "y", "x"))
	if again.status != http.StatusCreated || again.body != first.body || again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("got %+v, want %+v", again, first)
	}
	if nonce := again.header.Get(nonceHeader); nonce == "" || nonce == first.header.Get(nonceHeader) {
		t.Errorf("nonce %q is not fresh", nonce)
	}
	for _, other := range [][]byte{newOrder(t, "b", "x", "y"), newOrder(t, "a", "x"), []byte("{}")} {
		if got := mustAsk(t, p, client, "/order-plz", other); got.body == first.body {
			t.Errorf("the answer to another request was used for %s", other)
		}
	}
	if n := ca.orders.Load(); n != 4 {
		t.Errorf("the server placed %d orders, want 4", n)
	}
}

func TestNeverAnswered(t *testing.T) {
	for _, test := range []struct {
		fault Fault
		seen  int32
	}{{Hang(), 1}, {Hold(), 0}} {
		t.Run(test.fault.Name, func(t *testing.T) { testNeverAnswered(t, test.fault, test.seen) })
	}
}

func testNeverAnswered(t *testing.T, fault Fault, seen int32) {
	p, ca, client := start(t)
	p.Inject(NewOrder, fault, 1)
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(p.DirectoryURL(), "/dir")+"/order-plz", nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
		}
		done <- err
	}()
	waitFaulted(t, p)
	if got := ca.orders.Load(); got != seen {
		t.Errorf("the server saw %d requests, want %d", got, seen)
	}
	select {
	case err := <-done:
		t.Errorf("it was answered: %v", err)
	default:
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the client ended with %v", err)
	}
}

// waitFaulted waits until a newOrder has gone wrong.
func waitFaulted(t *testing.T, p *Proxy) {
	t.Helper()
	ticker, patience := time.NewTicker(time.Millisecond), time.After(time.Minute)
	defer ticker.Stop()
	for p.Faulted(NewOrder) == 0 {
		select {
		case <-ticker.C:
		case <-patience:
			t.Fatal("the request did not arrive")
		}
	}
}

func TestPause(t *testing.T) {
	p, ca, client := start(t)
	end := make(chan struct{})
	p.Inject(NewOrder, Pause(end), 1)
	done := make(chan reply)
	go func() {
		got, err := ask(t, p, client, "/order-plz", newOrder(t, "a", "x"))
		if err != nil {
			t.Errorf("/order-plz: %v", err)
		}
		done <- got
	}()
	waitFaulted(t, p)
	if n := ca.orders.Load(); n != 0 {
		t.Errorf("the server placed %d orders before the end of the pause", n)
	}
	close(end)
	if got := <-done; got.status != http.StatusCreated {
		t.Errorf("after the pause: %+v", got)
	}
}

func TestRequestsAreRecorded(t *testing.T) {
	p, _, client := start(t)
	begin := time.Now()
	mustAsk(t, p, client, "/dir", nil)
	mustAsk(t, p, client, "/revoke-cert", nil)
	got := p.Requests()
	for i := range got {
		if got[i].At.Before(begin) || got[i].At.After(time.Now()) {
			t.Errorf("request %d is of %s", i, got[i].At)
		}
		got[i].At = time.Time{}
	}
	want := []Request{
		{Method: "POST", Endpoint: Directory, Path: "/dir", Status: 200},
		{Method: "POST", Endpoint: Other, Path: "/revoke-cert", Status: 200},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
