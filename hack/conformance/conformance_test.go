// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conformance runs cert-manager's conformance suite for DNS01 solvers, in strict mode, against each kind of solver of
// Tollgate. Its module is its own, since the suite brings another version of Kubernetes' libraries.
package conformance

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/cert-manager/cert-manager/pkg/acme/webhook"
	whapi "github.com/cert-manager/cert-manager/pkg/acme/webhook/apis/acme/v1alpha1"
	suite "github.com/cert-manager/cert-manager/test/acme"
	"github.com/miekg/dns"
	"k8s.io/client-go/rest"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01/dnstest"
)

const (
	origin = "example.com."
	secret = "c2VjcmV0LW9mLXRoZS1rZXktdGhhdC1pcy1sb25nLWVub3VnaA=="
)

// solver is a solver of Tollgate in cert-manager's clothes.
type solver struct{ dns01.Solver }

var _ webhook.Solver = solver{}

// Name implements webhook.Solver.
func (solver) Name() string { return "tollgate" }

// Initialize implements webhook.Solver.
func (solver) Initialize(*rest.Config, <-chan struct{}) error { return nil }

// Present implements webhook.Solver.
func (s solver) Present(ch *whapi.ChallengeRequest) error {
	return s.Solver.Present(context.Background(), recordOf(ch))
}

// CleanUp implements webhook.Solver.
func (s solver) CleanUp(ch *whapi.ChallengeRequest) error {
	return s.Solver.CleanUp(context.Background(), recordOf(ch))
}

func recordOf(ch *whapi.ChallengeRequest) dns01.Record {
	return dns01.Record{FQDN: ch.ResolvedFQDN, Zone: ch.ResolvedZone, Value: ch.Key, Domain: ch.DNSName}
}

// run runs the suite.
func run(t *testing.T, n *dnstest.Net, spec *v1alpha1.DNS01Solver, o dns01.Options) {
	t.Helper()
	s, err := dns01.New(spec, o)
	if err != nil {
		t.Fatal(err)
	}
	suite.NewFixture(solver{s},
		suite.SetResolvedZone(origin),
		suite.SetDNSServer(n.Recursive),
		suite.SetUseAuthoritative(false), // names of servers lead to addresses that only the in-process network knows
		suite.SetStrict(true),
		suite.SetConfig(struct{}{}),
		suite.SetPollInterval(50*time.Millisecond),
		suite.SetPropagationLimit(20*time.Second),
	).RunConformance(t)
}

func secrets(value string) func(context.Context, v1alpha1.SecretKeyReference) ([]byte, error) {
	return func(context.Context, v1alpha1.SecretKeyReference) ([]byte, error) { return []byte(value), nil }
}

func TestRFC2136(t *testing.T) {
	n := dnstest.Start(t)
	zone := n.AddZone(origin, 1, &dnstest.Key{Name: "tollgate.", Algorithm: dns.HmacSHA256, Secret: secret})
	run(t, n, &v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{
		Nameserver: zone.Primary(), TSIGKeyName: "tollgate", TSIGSecretRef: &v1alpha1.SecretKeyReference{Name: "tsig", Key: "key"},
	}}, dns01.Options{Secret: secrets(secret)})
}

func TestWebhook(t *testing.T) {
	n := dnstest.Start(t)
	zone := n.AddZone(origin, 1, nil)
	updater, err := dns01.New(&v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{Nameserver: zone.Primary()}}, dns01.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, do := range map[string]func(context.Context, dns01.Record) error{"POST /present": updater.Present, "POST /cleanup": updater.CleanUp} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			record := dns01.Record{Zone: origin}
			if err := json.NewDecoder(r.Body).Decode(&record); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			if err := do(r.Context(), record); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	run(t, n, &v1alpha1.DNS01Solver{Webhook: &v1alpha1.WebhookSolver{
		URL: server.URL, CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
	}}, dns01.Options{})
}

func TestExec(t *testing.T) {
	n := dnstest.Start(t)
	zone := n.AddZone(origin, 1, nil)
	plugins := t.TempDir()
	for _, dir := range []string{filepath.Dir(plugins), plugins} { // plugins have another user if the test is root
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(plugins, "dns01-test"), "./plugin")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the plugin: %v\n%s", err, out)
	}
	run(t, n, &v1alpha1.DNS01Solver{Exec: &v1alpha1.ExecSolver{
		Plugin: "dns01-test", ConfigSecretRef: &v1alpha1.SecretKeyReference{Name: "dns", Key: "config"},
	}}, dns01.Options{AllowExec: true, PluginDir: plugins, Secret: secrets(zone.Primary()), SharedUser: os.Geteuid() != 0})
}
