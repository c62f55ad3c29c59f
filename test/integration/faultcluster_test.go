// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// startReplicas starts two controllers and returns the one that leads. What an ingress controller does for http-01 is done here:
// requests go to whichever replica answers.
func startReplicas(t *testing.T, c *cluster) (leader *sandbox.Process) {
	t.Helper()
	var backends []string
	for i := range 2 {
		port, err := sandbox.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		backends = append(backends, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		process, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{
			Name: fmt.Sprintf("tollgate-controller-%d", i+1),
			Args: []string{"--leader-elect", "--http01-bind-address=" + backends[i]},
		})
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			break
		}
		leader = process
		eventually(t, "the first replica leads", func(ctx context.Context) (bool, string) {
			var lease coordinationv1.Lease
			err := c.client.Get(ctx, client.ObjectKey{Namespace: stack.Namespace, Name: "tollgate-controller.tollgate.dev"}, &lease)
			return err == nil && lease.Spec.HolderIdentity != nil, fmt.Sprint(err)
		})
	}
	forwardHTTP01(t, c.sb.ACME().HTTP01Port, backends)
	return leader
}

// forwardHTTP01 serves on the port that the CA asks, from the first backend that has the answer.
func forwardHTTP01(t *testing.T, port int, backends []string) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, backend := range backends {
			request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+backend+r.URL.Path, nil)
			if err != nil {
				break
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				continue // it was killed
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err == nil && response.StatusCode == http.StatusOK {
				_, _ = w.Write(body)
				return
			}
		}
		http.NotFound(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// startPebble starts another Pebble beside the sandbox's, with its configuration but for the addresses.
func startPebble(t *testing.T, c *cluster, name string, env ...string) *sandbox.ACME {
	t.Helper()
	var config struct {
		Pebble map[string]any `json:"pebble"`
	}
	raw := readLog(t, filepath.Join(c.sb.Dir(), "data", "pebble.json"))
	if err := json.Unmarshal([]byte(raw), &config); err != nil {
		t.Fatal(err)
	}
	ca := c.sb.ACME()
	for setting, url := range map[string]*string{"listenAddress": &ca.DirectoryURL, "managementListenAddress": &ca.ManagementURL} {
		port, err := sandbox.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		config.Pebble[setting], *url = address, "https://"+address
	}
	ca.DirectoryURL += "/dir"
	edited, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pebble.json")
	if err := os.WriteFile(path, edited, 0o600); err != nil {
		t.Fatal(err)
	}
	binary, err := stack.Binary("pebble")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.sb.StartProcess(t.Context(), sandbox.Spec{
		Name: name, Path: binary, Args: []string{"-config=" + path, "-dnsserver=" + ca.DNSAddress}, Env: append([]string{"PEBBLE_VA_NOSLEEP=1"}, env...),
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, name+" answers", func(ctx context.Context) (bool, string) {
		_, err := stack.ACMERoot(ctx, ca)
		return err == nil, fmt.Sprint(err)
	})
	return &ca
}
