// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"net"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

var trustSecret = declare.Requirement{SecretName: "web-tls", Trust: declare.Trust{Kind: declare.TrustSecret}}

func TestTrust(t *testing.T) {
	now := tlstest.Now
	root := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Root"})
	sub := root.Intermediate(tlstest.Options{CommonName: "Sub"})
	stranger := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Stranger"})
	namesake := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Root"})
	cert, key := sub.Issue(template(nil))
	chain := func(ca []byte) *corev1.Secret { return secret(cert, key, sub.CertPEM(), ca) }

	ending := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Root", NotAfter: now.AddDate(0, 0, 30)})
	coming := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Coming", NotBefore: now.AddDate(0, 0, 10)})
	gone := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Gone", NotAfter: now.AddDate(-1, 0, 0)})
	endingCert, endingKey := ending.Issue(template(nil))
	comingCert, comingKey := coming.Issue(template(nil))
	goneCert, goneKey := gone.Issue(template(nil))
	endingSecret := secret(endingCert, endingKey, nil, ending.CertPEM())
	comingSecret := secret(comingCert, comingKey, nil, coming.CertPEM())
	constrained := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Constrained", Change: func(c *x509.Certificate) {
		c.PermittedIPRanges = []*net.IPNet{{IP: net.IPv4(10, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}}
	}})
	constrainedCert, constrainedKey := constrained.Issue(tlstest.Options{IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}})
	self := selfSigned(t)

	warn := trustSecret
	warn.WarnExpired = true
	client := trustSecret
	client.Usage = declare.UsageClient
	wrong := func(text string) string {
		return ": ca.crt " + text + ", and the pod trusts only the authorities in it"
	}
	const not = ": certificate is not signed by an authority in ca.crt "
	const until = ": the authorities in ca.crt have vouched for the certificate until 2026-12-20T12:00:00Z"
	clientCert, clientKey := root.Issue(template(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))

	checkVerdicts(t, map[string]verdictCase{
		"root":                  {secret: chain(root.CertPEM()), r: trustSecret},
		"intermediate":          {secret: chain(sub.CertPEM()), r: trustSecret},
		"one of several":        {secret: chain(slices.Concat(stranger.CertPEM(), namesake.CertPEM(), []byte("# Root\n"), root.CertPEM(), []byte("# end\n"))), r: trustSecret},
		"unreadable ones":       {secret: chain(slices.Concat([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"), root.CertPEM())), r: trustSecret},
		"cross-signed":          {secret: secret(cert, key, slices.Concat(sub.CertPEM(), stranger.CrossSign(root)), stranger.CertPEM()), r: trustSecret},
		"client":                {secret: secret(clientCert, clientKey, nil, root.CertPEM()), r: client},
		"self-signed, itself":   {secret: secret(self.crt, self.key, nil, self.crt), r: trustSecret},
		"self-signed, stranger": {secret: secret(self.crt, self.key, nil, root.CertPEM()), r: trustSecret, reason: tlsready.Untrusted, text: not + `(it needs "CN=self" and finds "CN=Root")`},
		"no trust asked":        {secret: chain(stranger.CertPEM())},
		"no ca.crt":             {secret: chain(nil), r: trustSecret, reason: tlsready.Untrusted, text: wrong("is missing or empty")},
		"empty ca.crt":          {secret: chain([]byte{}), r: trustSecret, reason: tlsready.Untrusted, text: wrong("is missing or empty")},
		"double base64":         {secret: chain([]byte(base64.StdEncoding.EncodeToString(root.CertPEM()))), r: trustSecret, reason: tlsready.Untrusted, text: wrong("looks base64-encoded twice")},
		"truncated":             {secret: chain(root.CertPEM()[:200]), r: trustSecret, reason: tlsready.Untrusted, text: wrong("is damaged: block 1 has no END line (truncated?)")},
		"merged lines":          {secret: chain(slices.Concat(bytes.TrimSpace(root.CertPEM()), root.CertPEM())), r: trustSecret, reason: tlsready.Untrusted, text: wrong("is damaged: a BEGIN line does not start on its own line; put a newline between END and BEGIN")},
		"a key":                 {secret: chain(key), r: trustSecret, reason: tlsready.Untrusted, text: wrong("holds no certificate that can be read; want PEM blocks of type CERTIFICATE")},
		"large":                 {secret: chain(bytes.Repeat([]byte("\n"), 1<<20)), r: trustSecret, reason: tlsready.Untrusted, text: wrong("is 1049 kB; refusing to parse more than 300 kB")},
		"many":                  {secret: chain(bytes.Repeat(root.CertPEM(), 301)), r: trustSecret, reason: tlsready.Untrusted, text: wrong("holds 301 blocks; refusing to parse more than 300")},
		"stranger":              {secret: chain(stranger.CertPEM()), r: trustSecret, reason: tlsready.Untrusted, text: not + `(it needs "CN=Root" and finds "CN=Stranger")`},
		"strangers":             {secret: chain(slices.Concat(stranger.CertPEM(), coming.CertPEM(), gone.CertPEM(), ending.CertPEM()[:0], constrained.CertPEM())), r: trustSecret, reason: tlsready.Untrusted, text: not + `(it needs "CN=Root" and finds "CN=Stranger", "CN=Coming", "CN=Gone" and 1 more)`},
		"without intermediate":  {secret: secret(cert, key, nil, root.CertPEM()), r: trustSecret, reason: tlsready.Untrusted, text: not + `(it needs "CN=Sub" and finds "CN=Root")`},
		"namesake":              {secret: chain(namesake.CertPEM()), r: trustSecret, reason: tlsready.Untrusted, text: not + `(authority "CN=Root" did not sign it: it has the issuer's name and another key)`},
		"name constraint":       {secret: secret(constrainedCert, constrainedKey, nil, constrained.CertPEM()), r: trustSecret, reason: tlsready.Untrusted, text: not + `(the authority may not issue it: IP address "192.0.2.1" is not permitted by any constraint)`},
		"authority gone":        {secret: secret(goneCert, goneKey, nil, gone.CertPEM()), r: trustSecret, reason: tlsready.Untrusted, text: not + `(certificate and authority are not valid at the same time)`},
		"authority ends":        {secret: endingSecret, r: trustSecret},
		"authority ended":       {secret: endingSecret, r: trustSecret, at: now.AddDate(0, 0, 30), reason: tlsready.Untrusted, text: until + "; renew what expired then, an authority or an intermediate"},
		"authority ended, warn": {secret: endingSecret, r: warn, at: now.AddDate(0, 0, 30), text: until},
		"all ended, warn":       {secret: endingSecret, r: warn, at: now.AddDate(1, 0, 0), text: ": certificate expired at 2027-02-18T12:00:00Z; renew it"},
		"ended, wrong, warn":    {secret: chain(stranger.CertPEM()), r: warn, at: now.AddDate(1, 0, 0), reason: tlsready.Untrusted, text: not + `(it needs "CN=Root" and finds "CN=Stranger")`},
		"authority comes":       {secret: comingSecret, r: trustSecret, reason: tlsready.Untrusted, text: ": the authorities in ca.crt vouch for the certificate from 2026-11-30T12:00:00Z on"},
		"authority came":        {secret: comingSecret, r: trustSecret, at: now.AddDate(0, 0, 10)},
		"authority comes, warn": {secret: comingSecret, r: warn, reason: tlsready.Untrusted, text: ": the authorities in ca.crt vouch for the certificate from 2026-11-30T12:00:00Z on"},
	})
}

func TestVerifyTrust(t *testing.T) {
	root := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Root"})
	cert, key := root.Issue(template(nil))
	s := secret(cert, key, nil, nil)
	configMap := declare.Requirement{SecretName: "web-tls", Trust: declare.Trust{Kind: declare.TrustConfigMap, Name: "corp", Key: "ca.crt"}}
	bundle := declare.Requirement{SecretName: "web-tls", Trust: declare.Trust{Kind: declare.TrustClusterTrustBundle, Name: "corp:ca"}}
	stranger := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Stranger"}).CertPEM()
	ready := tlsready.Verdict{Ready: true, Reason: tlsready.Ready}
	const web = `secret "shop/web-tls": `
	for name, tt := range map[string]struct {
		r       declare.Requirement
		anchors []byte
		want    tlsready.Verdict
	}{
		"trusted": {configMap, root.CertPEM(), ready},
		"bundle":  {bundle, root.CertPEM(), ready},
		"untrusted": {configMap, stranger, tlsready.Verdict{Reason: tlsready.Untrusted,
			Message: web + `certificate is not signed by an authority in key ca.crt of configmap "shop/corp" (it needs "CN=Root" and finds "CN=Stranger")`}},
		"untrusted, bundle": {bundle, stranger, tlsready.Verdict{Reason: tlsready.Untrusted,
			Message: web + `certificate is not signed by an authority in clustertrustbundle "corp:ca" (it needs "CN=Root" and finds "CN=Stranger")`}},
		"empty": {configMap, nil, tlsready.Verdict{Reason: tlsready.TrustNotFound,
			Message: web + `the authorities that must have signed it are unknown: key ca.crt of configmap "shop/corp" is missing or empty`}},
		"broken": {bundle, []byte("x"), tlsready.Verdict{Reason: tlsready.TrustNotFound,
			Message: web + `the authorities that must have signed it are unknown: clustertrustbundle "corp:ca" holds no certificate that can be read; want PEM blocks of type CERTIFICATE`}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tlsready.VerifyTrust(s, tt.anchors, tlstest.Now, tt.r)); diff != "" {
				t.Errorf("unexpected verdict (-want, +got):\n%s", diff)
			}
			authorities, err := tlsready.ParseAnchors(tt.anchors)
			if err != nil {
				return
			}
			facts, trust := tlsready.Inspect(s), tlsready.InspectTrust(s, authorities)
			got := tlsready.EvaluateTrusted(facts, trust, "shop", tt.r, tlstest.Now)
			if got.Ready != tt.want.Ready || got.Message != tt.want.Message {
				t.Errorf("EvaluateTrusted = %+v, want %+v", got, tt.want)
			}
			if got := tlsready.Evaluate(facts, "shop", tt.r, tlstest.Now); !got.Ready {
				t.Errorf("Evaluate asks authorities outside the Secret: %+v", got)
			}
			if other := tlsready.Inspect(tlstest.Secret("shop", "web-tls", cert, key)); !trust.Of(facts) || trust.Of(&tlsready.Facts{}) || !trust.Of(other) {
				t.Error("Of tells versions of the Secret apart wrongly")
			}
		})
	}
	if got := tlsready.EvaluateTrusted(tlsready.Inspect(s), tlsready.InspectTrust(s, nil), "shop", configMap, tlstest.Now); got.Reason != tlsready.Untrusted {
		t.Errorf("no authorities at all: %+v", got)
	}
	if got := tlsready.VerifyTrust(secret(nil, key, nil, nil), root.CertPEM(), tlstest.Now, configMap); got.Reason != tlsready.MissingData {
		t.Errorf("VerifyTrust of a Secret that cannot be loaded: %+v", got)
	}
}

type pair struct{ crt, key []byte }

// selfSigned returns a server certificate that its own key has signed.
func selfSigned(tb testing.TB) pair {
	tb.Helper()
	key := tlstest.RSAKey(tb, 2048)
	ca := tlstest.NewCAWith(tb, tlstest.Options{CommonName: "self", Key: key})
	cert, keyPEM := ca.Issue(tlstest.Options{CommonName: "self", Key: key, Change: func(c *x509.Certificate) {
		c.KeyUsage |= x509.KeyUsageCertSign
	}})
	return pair{cert, keyPEM}
}
