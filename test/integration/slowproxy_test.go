// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

// slowProxy stands between a process and the API server and makes it wait.
type slowProxy struct {
	// Secrets is how long requests for Secrets wait, All how long all requests wait; in nanoseconds.
	Secrets, All atomic.Int64
	server       *httptest.Server
}

// startSlowProxy passes everything to the API server at once until it is told to be slow.
func startSlowProxy(t *testing.T, c *cluster) *slowProxy {
	t.Helper()
	target, err := url.Parse(c.sb.Config().Host)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.sb.Config().CAData)
	reverse := httputil.NewSingleHostReverseProxy(target)
	reverse.FlushInterval = -1 // watches
	reverse.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	p := &slowProxy{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		delay := p.All.Load()
		if strings.HasSuffix(r.URL.Path, "/secrets") || strings.Contains(r.URL.Path, "/secrets/") {
			delay += p.Secrets.Load()
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(time.Duration(delay)):
		}
		reverse.ServeHTTP(w, r)
	}))
	t.Cleanup(server.CloseClientConnections)
	p.server = server
	return p
}

// cut ends all connections.
func (p *slowProxy) cut() {
	p.server.CloseClientConnections()
}

// kubeconfig is that of the given file with the proxy as its server.
func (p *slowProxy) kubeconfig(t *testing.T, file string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, cluster := range config.Clusters {
		cluster.Server = p.server.URL
		cluster.CertificateAuthorityData = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}
