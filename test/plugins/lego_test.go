// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plugins tests tollgate-controller with a real dns-01 plugin, dns01-lego: real processes, an ACME server that validates,
// and name servers, all on loopback.
package plugins

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01/dnstest"
)

// Credentials that must not show anywhere. The last is a key in base64.
const (
	user       = "tollgate-user"
	password   = "planted-password-of-the-provider"
	tsigSecret = "cGxhbnRlZC1rZXktb2YtdGhlLW5hbWUtc2VydmVy"
)

// TestLego issues certificates by dns-01 through dns01-lego, as a user other than the controller's.
func TestLego(t *testing.T) {
	plugin := neededPlugin(t)
	net := dnstest.Start(t)
	com := net.AddZone("example.com.", 1, nil)
	org := net.AddZone("example.org.", 1, &dnstest.Key{Name: "tollgate.", Algorithm: dns.HmacSHA256, Secret: tsigSecret})
	c := start(t, plugin, net)
	provider := startProvider(t, com, func() sighting { return look(t, c.controller.Pid()) })
	c.issuer(t, "httpreq", "example.com", configuration{
		Provider: "httpreq", Nameservers: []string{net.Recursive},
		Settings: map[string]string{"HTTPREQ_ENDPOINT": provider.URL, "HTTPREQ_USERNAME": user, "HTTPREQ_PASSWORD": password},
	})
	c.issuer(t, "rfc2136", "example.org", configuration{
		Provider: "rfc2136", Nameservers: []string{net.Recursive},
		Settings: map[string]string{
			"DNSUPDATE_NAMESERVER": org.Primary(), "DNSUPDATE_TSIG_KEY": "tollgate.", "DNSUPDATE_TSIG_ALGORITHM": dns.HmacSHA256, "DNSUPDATE_TSIG_SECRET": tsigSecret,
		},
	})

	t.Run("a wildcard and its parent", func(t *testing.T) {
		c.create(t, certificateOf("web", "httpreq", "example.com", "*.example.com"))
		c.waitReady(t, "web")
		c.verify(t, "web", "example.com", "www.example.com")
		// Two values at one name, each put there once and removed once.
		presented, cleaned := provider.values("present"), provider.values("cleanup")
		if len(presented) != 2 || presented[0] == presented[1] {
			t.Errorf("values %q were presented, want two", presented)
		}
		if diff := cmp.Diff(presented, cleaned); diff != "" {
			t.Errorf("values presented and cleaned up (-presented, +cleaned up):\n%s", diff)
		}
		if left := com.TXT(challengeName); len(left) > 0 {
			t.Errorf("TXT records %q are left", left)
		}
		c.checkJournals(t)
		c.checkSightings(t, provider.sightings())
	})

	t.Run("the controller is killed while the plugin runs", func(t *testing.T) {
		held := provider.hold()
		c.create(t, certificateOf("killed", "httpreq", "killed.example.com", "*.killed.example.com"))
		c.await(t, held.arrived, "the provider is asked")
		if err := c.controller.Kill(); err != nil {
			t.Fatal(err)
		}
		close(held.goOn) // the plugin goes on, and nobody hears that the record is there
		c.startController(t)
		c.waitReady(t, "killed")
		c.verify(t, "killed", "killed.example.com", "www.killed.example.com")
		if left := com.TXT("_acme-challenge.killed.example.com."); len(left) > 0 {
			t.Errorf("TXT records %q are left", left)
		}
		c.checkJournals(t)
	})

	t.Run("dynamic updates", func(t *testing.T) {
		c.create(t, certificateOf("update", "rfc2136", "*.example.org"))
		c.waitReady(t, "update")
		c.verify(t, "update", "www.example.org")
		if left := org.TXT("_acme-challenge.example.org."); len(left) > 0 || org.Updates() < 2 {
			t.Errorf("TXT records %q are left after %d updates", left, org.Updates())
		}
		c.checkJournals(t)
	})

	t.Run("a provider that repeats the credentials", func(t *testing.T) {
		provider.refuse(true)
		defer provider.refuse(false)
		c.create(t, certificateOf("refused", "httpreq", "www.example.com"))
		said := c.waitSaid(t, "refused", "403")
		if !strings.Contains(said, "running plugin dns01-lego for CREATE of TXT record _acme-challenge.www.example.com.") {
			t.Errorf("the TLSCertificate says: %s", said)
		}
	})

	t.Run("an issuer of a namespace", func(t *testing.T) {
		c.create(t, &v1alpha1.CertIssuer{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "own"}, Spec: c.issuerSpec("own")})
		certificate := certificateOf("own", "own", "own.example.com")
		certificate.Spec.IssuerRef.Kind = v1alpha1.KindCertIssuer
		asked := len(provider.values("present"))
		c.create(t, certificate)
		c.waitSaid(t, "own", "this issuer may not use plugins; use a ClusterCertIssuer")
		if len(provider.values("present")) != asked {
			t.Error("the plugin was run")
		}
	})

	c.checkNothingIsSaid(t, password, tsigSecret)
	c.checkWorkFolder(t, 1)
}

// checkSightings checks that each run of the plugin, seen while the provider was asked, had nothing of the controller's.
func (c *cluster) checkSightings(t *testing.T, all []sighting) {
	t.Helper()
	if len(all) != 4 {
		t.Errorf("the plugin was seen %d times, want 4", len(all))
	}
	want := []string{"APIVERSION", "COMMAND", "DOMAIN", "FQDN", "IDENTIFIER", "KEYAUTH", "TOKEN"}
	for _, s := range all {
		if diff := cmp.Diff(want, s.variables()); diff != "" {
			t.Errorf("variables of the plugin (-want, +got):\n%s", diff)
		}
		if s.uids != "65534 65534 65534 65534" || s.gids != "65534 65534 65534 65534" || s.groups != "" {
			t.Errorf("the plugin runs as %q, %q with groups %q, want 65534 and none", s.uids, s.gids, s.groups)
		}
		if strings.Trim(s.capabilities, "0") != "" {
			t.Errorf("the plugin has capabilities %s", s.capabilities)
		}
		if !strings.HasPrefix(s.dir, c.work+"/dns01-plugin-") {
			t.Errorf("the plugin works in %s, want a folder of its own below %s", s.dir, c.work)
		}
		if len(s.arguments) != 1 || slices.ContainsFunc(append(s.environment, s.arguments...), func(text string) bool { return strings.Contains(text, password) }) {
			t.Errorf("the plugin was started as %q with %q", s.arguments, s.environment)
		}
	}
}

// checkJournals checks that no Secret says that a TXT record exists.
func (c *cluster) checkJournals(t *testing.T) {
	t.Helper()
	var secrets corev1.SecretList
	if err := c.client.List(t.Context(), &secrets); err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets.Items {
		if strings.HasPrefix(string(s.Type), v1alpha1.GroupName+"/") {
			t.Errorf("Secret %s/%s of type %s is left", s.Namespace, s.Name, s.Type)
		}
	}
}
