// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// httpEnv is a running Source with a real clientset against an apiServer in memory, in a
// synctest bubble as env is.
type httpEnv struct {
	t      *testing.T
	api    *apiServer
	source *Source

	mu      sync.Mutex
	changes []string
}

// runHTTP calls test with a Source that runs; prepare may change both before that.
func runHTTP(t *testing.T, o Options, prepare func(*apiServer, *Source), test func(*httpEnv)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &httpEnv{t: t, api: newAPIServer()}
		client, err := kubernetes.NewForConfig(&rest.Config{Host: "http://api.test", Transport: inMemory{e.api}, QPS: -1})
		if err != nil {
			t.Fatalf("making a clientset: %v", err)
		}
		e.source = New(client, clock.RealClock{}, o)
		e.source.OnChange(func(namespace, name string) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.changes = append(e.changes, namespace+"/"+name)
		})
		prepare(e.api, e.source)
		logger, _ := ktesting.NewTestContext(t)
		ctx, stop := context.WithCancel(klog.NewContext(context.Background(), logger))
		var wg sync.WaitGroup
		wg.Go(func() { e.source.Run(ctx) })
		e.settle(300 * time.Millisecond)
		test(e)
		stop()
		wg.Wait()
	})
}

// settle lets virtual time pass.
func (e *httpEnv) settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// takeChanges returns what OnChange reported since the last call, sorted.
func (e *httpEnv) takeChanges() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	changes := e.changes
	e.changes = nil
	slices.Sort(changes)
	return changes
}

func (e *httpEnv) wantState(namespace, name string, want State) {
	e.t.Helper()
	if _, got := e.source.Get(namespace, name); got != want {
		e.t.Errorf("Get(%q, %q) = %v, want %v", namespace, name, got, want)
	}
}

// newSecret returns a Secret of the namespace that can serve www.example.com.
func newSecret(ca *tlstest.CA, namespace, name string) *corev1.Secret {
	cert, key := ca.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	return tlstest.Secret(namespace, name, cert, key)
}

// inMemory is a transport to a handler without a network, so that a bubble can tell when
// all wait.
type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	body, out := io.Pipe()
	w := &pipeWriter{header: make(http.Header), out: out, started: make(chan struct{})}
	go func() {
		m.handler.ServeHTTP(w, r)
		w.WriteHeader(http.StatusOK)
		_ = out.Close()
	}()
	select {
	case <-w.started:
	case <-r.Context().Done():
		_ = body.Close()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: w.code, Header: w.sent, Body: body, Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

type pipeWriter struct {
	header, sent http.Header
	out          *io.PipeWriter
	once         sync.Once
	code         int
	started      chan struct{}
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(code int) {
	w.once.Do(func() {
		w.code, w.sent = code, w.header.Clone()
		close(w.started)
	})
}

func (w *pipeWriter) Flush() { w.WriteHeader(http.StatusOK) }

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(p)
}
