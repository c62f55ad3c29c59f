// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// verdictCase is a Secret shop/web-tls that can be loaded, and what checks 8 to 20 say of it.
type verdictCase struct {
	secret *corev1.Secret
	r      declare.Requirement
	at     time.Time       // zero: tlstest.Now
	reason tlsready.Reason // empty: Ready
	text   string          // message or warning after `secret "shop/web-tls"`, empty: none
}

// secret puts a pair, the rest of the chain and ca.crt together.
func secret(cert, key, rest, ca []byte) *corev1.Secret {
	s := tlstest.Secret("shop", "web-tls", slices.Concat(cert, rest), key)
	if ca != nil {
		s.Data["ca.crt"] = ca
	}
	return s
}

func checkVerdicts(t *testing.T, cases map[string]verdictCase) {
	t.Helper()
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			facts := tlsready.Inspect(tt.secret)
			if tt.at.IsZero() {
				tt.at = tlstest.Now
			}
			tt.r.SecretName = "web-tls"
			got := tlsready.Evaluate(facts, "shop", tt.r, tt.at)
			want := tlsready.Verdict{Ready: tt.reason == "", Reason: tt.reason, RecheckAt: got.RecheckAt}
			switch {
			case tt.reason != "":
				want.Message = `secret "shop/web-tls"` + tt.text
			case tt.text != "":
				want.Reason, want.Warning = tlsready.Ready, `secret "shop/web-tls"`+tt.text
			default:
				want.Reason = tlsready.Ready
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("unexpected verdict (-want, +got):\n%s", diff)
			}
		})
	}
}

func template(change func(*x509.Certificate)) tlstest.Options {
	return tlstest.Options{DNSNames: []string{"www.example.com"}, Change: change}
}

func TestChecksOfTheLeaf(t *testing.T) {
	ca := tlstest.NewCA(t)
	web, webKey := ca.Issue(template(nil))
	root := ca.CertPEM()
	leaf := func(o tlstest.Options) *corev1.Secret {
		cert, key := ca.Issue(o)
		return secret(cert, key, nil, root)
	}
	isCA := leaf(template(func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.Subject.CommonName = true, true, "corp-root"
	}))
	temporaryCA := tlstest.NewCAWith(t, tlstest.Options{CommonName: "cert-manager.local"})
	tempCert, tempKey := temporaryCA.Issue(template(func(c *x509.Certificate) { c.Subject.SerialNumber = "1234567890" }))
	temporary := secret(tempCert, tempKey, nil, nil)
	marked := secret(web, webKey, nil, root)
	marked.Annotations = map[string]string{"tollgate.dev/temporary": "true"}
	notMarked := secret(web, webKey, nil, root)
	notMarked.Annotations = map[string]string{"tollgate.dev/temporary": "false"}
	names := leaf(tlstest.Options{DNSNames: []string{"xn--bcher-kva.example.com.", "*.example.com"}, URIs: []string{"spiffe://example.org/web"}})
	rawSAN, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte("URN:x#")}})
	if err != nil {
		t.Fatal(err)
	}
	raw := leaf(tlstest.Options{Change: func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: rawSAN}}
	}})
	allow := func(reasons ...string) declare.Requirement { return declare.Requirement{Allow: reasons} }
	idn, err := declare.NormalizeName("Bücher.example.com.")
	if err != nil {
		t.Fatal(err)
	}

	const caText = `: the first certificate is that of a CA ("CN=corp-root"); put that of the server or client first`
	const tempText = " holds cert-manager's temporary self-signed certificate while the real one is being issued"
	const onlyLeaf = `: only the leaf is present, without the certificate of its issuer "CN=Test CA"; clients that do not have that one will refuse it; append it to tls.crt`
	checkVerdicts(t, map[string]verdictCase{
		"healthy":           {secret: marked, r: declare.Requirement{AllowTemporary: true}, text: " holds a temporary self-signed certificate while the real one is being issued"},
		"annotation":        {secret: marked, reason: tlsready.Temporary, text: " holds a temporary self-signed certificate while the real one is being issued"},
		"annotation, false": {secret: notMarked},
		"temporary":         {secret: temporary, reason: tlsready.Temporary, text: tempText},
		"temporary, allowed": {secret: temporary, text: tempText,
			r: declare.Requirement{AllowTemporary: true, RequireChain: true, Trust: declare.Trust{Kind: declare.TrustSecret}}},
		"CA":                   {secret: isCA, reason: tlsready.NotALeaf, text: caText},
		"CA, allowed":          {secret: isCA, r: allow("NotALeaf", "WeakKey"), text: caText},
		"names":                {secret: names, r: declare.Requirement{DNSNames: []string{"a.example.com", idn}, URIs: []string{"spiffe://example.org/web"}}},
		"URI as it is written": {secret: raw, r: declare.Requirement{URIs: []string{"URN:x#"}}},
		"URI as net/url writes it": {secret: raw, r: declare.Requirement{URIs: []string{"urn:x"}}, reason: tlsready.NameNotCovered,
			text: ": certificate does not cover urn:x (it is valid for URN:x#)"},
		"URI missing": {secret: names, reason: tlsready.NameNotCovered, r: declare.Requirement{DNSNames: []string{"example.com"}, URIs: []string{"spiffe://example.org/api"}},
			text: ": certificate does not cover example.com, spiffe://example.org/api (it is valid for *.example.com, xn--bcher-kva.example.com, spiffe://example.org/web); *.example.com does not cover example.com, add it to the certificate's DNS names"},
		"only the leaf":              {secret: secret(web, webKey, nil, nil), text: onlyLeaf},
		"only the leaf, not allowed": {secret: secret(web, webKey, nil, nil), r: declare.Requirement{RequireChain: true}, reason: tlsready.IncompleteChain, text: onlyLeaf},
		"only the leaf, other CA":    {secret: secret(web, webKey, nil, tlstest.NewCA(t).CertPEM()), r: declare.Requirement{RequireChain: true}, reason: tlsready.IncompleteChain, text: onlyLeaf},
		"signed by ca.crt":           {secret: secret(web, webKey, nil, root), r: declare.Requirement{RequireChain: true}},
		"with root": {secret: secret(web, webKey, root, nil), r: declare.Requirement{RequireChain: true},
			text: `: certificate 2 ("CN=Test CA") is a self-signed root, which clients ignore; it may be left out`},
	})
}

func TestChecksOfTime(t *testing.T) {
	ca := tlstest.NewCA(t)
	now := tlstest.Now
	issue := func(lifetime time.Duration) *corev1.Secret {
		cert, key := ca.Issue(tlstest.Options{NotBefore: now, NotAfter: now.Add(lifetime)})
		return secret(cert, key, nil, ca.CertPEM())
	}
	hour, day := issue(time.Hour), issue(24*time.Hour)
	asks := func(d time.Duration) declare.Requirement { return declare.Requirement{MinRemaining: d} }
	warn := declare.Requirement{WarnExpired: true, MinRemaining: time.Hour}
	checkVerdicts(t, map[string]verdictCase{
		"a twentieth of an hour": {secret: hour, at: now.Add(57 * time.Minute), reason: tlsready.ExpiresTooSoon,
			text: ": certificate expires at 2026-11-20T13:00:00Z, within the 3m0s that a pod asks for by default; renew it"},
		"just before": {secret: hour, at: now.Add(57*time.Minute - 1)},
		"asked for": {secret: day, r: asks(2 * time.Hour), at: now.Add(22 * time.Hour), reason: tlsready.ExpiresTooSoon,
			text: ": certificate expires at 2026-11-21T12:00:00Z, within the 2h0m0s that the pod asks for; renew it"},
		"less than the default": {secret: day, r: asks(time.Second), at: now.Add(24*time.Hour - 2*time.Second)},
		"too much, new":         {secret: hour, r: asks(720 * time.Hour), at: now.Add(30 * time.Minute)},
		"too much, half over": {secret: hour, r: asks(720 * time.Hour), at: now.Add(31 * time.Minute), reason: tlsready.ExpiresTooSoon,
			text: ": certificate expires at 2026-11-20T13:00:00Z, within the 29m59s that remains of the 720h0m0s that the pod asks for, as it may not ask for half of the lifetime; renew it"},
		"expires too soon, accepted": {secret: day, r: warn, at: now.Add(23 * time.Hour),
			text: ": certificate expires at 2026-11-21T12:00:00Z, within the 1h0m0s that the pod asks for; renew it"},
		"expired, accepted":       {secret: day, r: warn, at: now.AddDate(0, 0, 9), text: ": certificate expired at 2026-11-21T12:00:00Z; renew it"},
		"not yet valid, accepted": {secret: day, r: warn, at: now.Add(-time.Hour), reason: tlsready.NotYetValid, text: ": certificate becomes valid at 2026-11-20T12:00:00Z (if that is a surprise, compare the clocks of the CA and of this machine)"},
	})
}

func TestChecksOfTheChain(t *testing.T) {
	now := tlstest.Now
	root := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Root"})
	old := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Old Root"})
	r1 := root.Intermediate(tlstest.Options{CommonName: "R1"})
	r2 := r1.Intermediate(tlstest.Options{CommonName: "R2"})
	other := root.Intermediate(tlstest.Options{CommonName: "R2"})
	server := root.Intermediate(tlstest.Options{CommonName: "R2", Key: ecKey(t, elliptic.P256()), Change: func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, 0 }})
	cert, key := r2.Issue(template(nil))
	chain := func(rest ...[]byte) *corev1.Secret { return secret(cert, key, slices.Concat(rest...), nil) }

	early := root.Intermediate(tlstest.Options{CommonName: "Early", NotAfter: now.AddDate(0, 0, 30)})
	late := root.Intermediate(tlstest.Options{CommonName: "Late", NotBefore: now.Add(time.Hour)})
	earlyCert, earlyKey := early.Issue(template(nil))
	lateCert, lateKey := late.Issue(template(nil))
	earlySecret := secret(earlyCert, earlyKey, early.CertPEM(), nil)
	const ends = `: intermediate certificate 2 ("CN=Early") expired at 2026-12-20T12:00:00Z; put the issuer's current certificate in its place`
	const unordered = `: certificate 2 ("CN=R1") did not sign the leaf (issuer "CN=R2"): wrong or unordered intermediates`

	checkVerdicts(t, map[string]verdictCase{
		"complete":                  {secret: chain(r2.CertPEM(), r1.CertPEM()), r: declare.Requirement{RequireChain: true}},
		"without the second":        {secret: chain(r2.CertPEM()), r: declare.Requirement{RequireChain: true}},
		"duplicates":                {secret: chain(cert, r2.CertPEM(), r2.CertPEM(), r1.CertPEM(), cert)},
		"reversed intermediates":    {secret: chain(r1.CertPEM(), r2.CertPEM()), reason: tlsready.BrokenChain, text: unordered},
		"reversed, allowed":         {secret: chain(r1.CertPEM(), r2.CertPEM()), r: declare.Requirement{Allow: []string{"BrokenChain"}}, text: unordered},
		"foreign after a duplicate": {secret: chain(cert, r2.CertPEM(), old.CertPEM()), reason: tlsready.BrokenChain, text: `: certificate 4 ("CN=Old Root") did not sign certificate 3 ("CN=R2") (issuer "CN=R1"): wrong or unordered intermediates`},
		"same name, other key":      {secret: chain(other.CertPEM()), reason: tlsready.BrokenChain, text: `: certificate 2 ("CN=R2") did not sign the leaf (issuer "CN=R2"): it has the issuer's name and another key`},
		"not a CA":                  {secret: chain(server.CertPEM()), reason: tlsready.BrokenChain, text: `: certificate 2 ("CN=R2") did not sign the leaf (issuer "CN=R2"): it is not a CA that may sign certificates`},
		"cross-signed twice":        {secret: chain(r2.CertPEM(), root.CrossSign(r2), old.CrossSign(r2), r1.CertPEM())},
		"cross-signed root": {secret: chain(r2.CertPEM(), r1.CertPEM(), old.CrossSign(root), root.CertPEM()),
			text: `: certificate 5 ("CN=Root") is a self-signed root, which clients ignore; it may be left out`},

		"intermediate ends early":        {secret: earlySecret, text: `: intermediate certificate 2 ("CN=Early") expires at 2026-12-20T12:00:00Z, before the leaf`},
		"intermediate expired":           {secret: earlySecret, at: now.AddDate(0, 0, 30), reason: tlsready.IntermediateExpired, text: ends},
		"intermediate expired, accepted": {secret: earlySecret, at: now.AddDate(0, 0, 30), r: declare.Requirement{WarnExpired: true}, text: ends},
		"both expired, accepted": {secret: earlySecret, at: now.AddDate(1, 0, 0), r: declare.Requirement{WarnExpired: true},
			text: `: certificate expired at 2027-02-18T12:00:00Z; renew it; ` + ends[2:]},
		"intermediate not yet valid": {secret: secret(lateCert, lateKey, late.CertPEM(), nil), r: declare.Requirement{WarnExpired: true}, reason: tlsready.IntermediateExpired,
			text: `: intermediate certificate 2 ("CN=Late") becomes valid at 2026-11-20T13:00:00Z`},
		"intermediate valid at last": {secret: secret(lateCert, lateKey, late.CertPEM(), nil), at: now.Add(time.Hour)},
	})
}

func TestChecksOfStrength(t *testing.T) {
	rsa1024, rsa2048, p224 := tlstest.RSAKey(t, 1024), tlstest.RSAKey(t, 2048), ecKey(t, elliptic.P224())
	tiny := tlstest.MersenneKey(t, 127, 521)
	ca, weakCA, rsaCA := tlstest.NewCA(t), tlstest.NewCAWith(t, tlstest.Options{CommonName: "Weak", Key: rsa1024}), tlstest.NewCAWith(t, tlstest.Options{CommonName: "RSA", Key: rsa2048})
	sub := ca.Intermediate(tlstest.Options{CommonName: "Sub", Key: rsa1024})
	issue := func(ca *tlstest.CA, key crypto.Signer, rest []byte) *corev1.Secret {
		cert, keyPEM := ca.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}, Key: key})
		return secret(cert, keyPEM, rest, ca.CertPEM())
	}
	cert, key := rsaCA.Issue(template(nil))
	trust := declare.Requirement{Trust: declare.Trust{Kind: declare.TrustSecret}}
	sha1Sub := rsaCA.Intermediate(tlstest.Options{CommonName: "Sub"})
	subCert, subKey := sha1Sub.Issue(template(nil))

	const want = ", which is too weak; want RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519"
	const sha1 = ": the leaf is signed with SHA1-RSA, which clients refuse; get one signed with SHA-256 or better"
	checkVerdicts(t, map[string]verdictCase{
		"RSA-1024":          {secret: issue(ca, rsa1024, nil), reason: tlsready.WeakKey, text: ": the key of the leaf is RSA-1024" + want},
		"RSA-1024, allowed": {secret: issue(ca, rsa1024, nil), r: declare.Requirement{Allow: []string{"WeakKey"}}, text: ": the key of the leaf is RSA-1024" + want},
		"RSA-648":           {secret: issue(ca, tiny, nil), reason: tlsready.WeakKey, text: ": the key of the leaf is RSA-648" + want},
		"P-224":             {secret: issue(ca, p224, nil), reason: tlsready.WeakKey, text: ": the key of the leaf is ECDSA P-224" + want},
		"RSA-2048":          {secret: issue(ca, rsa2048, nil), r: trust},
		"P-521":             {secret: issue(ca, ecKey(t, elliptic.P521()), nil), r: trust},
		"weak root":         {secret: issue(weakCA, nil, weakCA.CertPEM()), text: `: certificate 2 ("CN=Weak") is a self-signed root, which clients ignore; it may be left out`},
		"weak intermediate": {secret: issue(sub, nil, sub.CertPEM()), reason: tlsready.WeakKey, text: `: the key of certificate 2 ("CN=Sub") is RSA-1024` + want},

		"SHA-1":              {secret: secret(rsaCA.WithSHA1(cert), key, nil, nil), reason: tlsready.WeakSignature, text: sha1},
		"SHA-1, chain":       {secret: secret(rsaCA.WithSHA1(cert), key, rsaCA.CertPEM(), rsaCA.CertPEM()), reason: tlsready.WeakSignature, text: sha1},
		"SHA-1, chain asked": {secret: secret(rsaCA.WithSHA1(cert), key, nil, rsaCA.CertPEM()), r: declare.Requirement{RequireChain: true}, reason: tlsready.WeakSignature, text: sha1},
		"SHA-1, allowed":     {secret: secret(rsaCA.WithSHA1(cert), key, nil, rsaCA.CertPEM()), r: declare.Requirement{Allow: []string{"WeakSignature"}}, text: sha1},
		"SHA-1, other key": {secret: secret(tlstest.NewCAWith(t, tlstest.Options{CommonName: "RSA", Key: tlstest.RSAKey(t, 2048)}).WithSHA1(cert), key, rsaCA.CertPEM(), nil),
			reason: tlsready.BrokenChain, text: `: certificate 2 ("CN=RSA") did not sign the leaf (issuer "CN=RSA"): it has the issuer's name and another key`},
		"MD5": {secret: secret(rsaCA.WithMD5(cert), key, rsaCA.CertPEM(), nil), reason: tlsready.WeakSignature,
			text: ": the leaf is signed with MD5-RSA, which clients refuse; get one signed with SHA-256 or better"},
		"SHA-1 intermediate": {secret: secret(subCert, subKey, rsaCA.WithSHA1(sha1Sub.CertPEM()), nil), reason: tlsready.WeakSignature,
			text: `: certificate 2 ("CN=Sub") is signed with SHA1-RSA, which clients refuse; get one signed with SHA-256 or better`},
		"SHA-1 root": {secret: secret(cert, key, rsaCA.WithSHA1(rsaCA.CertPEM()), rsaCA.WithSHA1(rsaCA.CertPEM())), r: trust,
			text: `: certificate 2 ("CN=RSA") is a self-signed root, which clients ignore; it may be left out`},
	})
}

func TestChecksOfUsage(t *testing.T) {
	ca := tlstest.NewCA(t)
	rsaKey := tlstest.RSAKey(t, 2048)
	issue := func(key crypto.Signer, usage x509.KeyUsage, extended ...x509.ExtKeyUsage) *corev1.Secret {
		cert, keyPEM := ca.Issue(tlstest.Options{Key: key, Change: func(c *x509.Certificate) { c.KeyUsage, c.ExtKeyUsage = usage, extended }})
		return secret(cert, keyPEM, nil, ca.CertPEM())
	}
	unknown, unknownKey := ca.Issue(template(func(c *x509.Certificate) {
		c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}}
	}))
	client := declare.Requirement{Usage: declare.UsageClient}
	const noSign = ": certificate is not allowed for TLS handshakes (key usage lacks digitalSignature); ask for usage digitalSignature"
	const clientOnly = ": certificate is not allowed for server authentication (extended key usage: clientAuth); ask for usage serverAuth"
	sign, encipher := x509.KeyUsageDigitalSignature, x509.KeyUsageKeyEncipherment
	checkVerdicts(t, map[string]verdictCase{
		"none at all":          {secret: issue(nil, 0), r: client},
		"any":                  {secret: issue(nil, sign, x509.ExtKeyUsageAny), r: client},
		"server":               {secret: issue(nil, sign, x509.ExtKeyUsageServerAuth)},
		"server asked":         {secret: issue(nil, sign, x509.ExtKeyUsageServerAuth), r: declare.Requirement{Usage: declare.UsageServer}},
		"client":               {secret: issue(nil, sign, x509.ExtKeyUsageClientAuth), r: client},
		"client only":          {secret: issue(nil, sign, x509.ExtKeyUsageClientAuth), reason: tlsready.WrongUsage, text: clientOnly},
		"client, allowed":      {secret: issue(nil, sign, x509.ExtKeyUsageClientAuth), r: declare.Requirement{Allow: []string{"WrongUsage"}}, text: clientOnly},
		"server only":          {secret: issue(nil, sign, x509.ExtKeyUsageServerAuth), r: client, reason: tlsready.WrongUsage, text: ": certificate is not allowed for client authentication (extended key usage: serverAuth); ask for usage clientAuth"},
		"unknown":              {secret: secret(unknown, unknownKey, nil, ca.CertPEM()), reason: tlsready.WrongUsage, text: ": certificate is not allowed for server authentication (extended key usage: 1.3.6.1.4.1.311.20.2.2); ask for usage serverAuth"},
		"ECDSA enciphers":      {secret: issue(nil, encipher), reason: tlsready.WrongUsage, text: noSign},
		"RSA signs":            {secret: issue(rsaKey, sign)},
		"RSA agrees":           {secret: issue(rsaKey, x509.KeyUsageKeyAgreement), reason: tlsready.WrongUsage, text: noSign},
		"RSA client enciphers": {secret: issue(rsaKey, encipher), r: client, reason: tlsready.WrongUsage, text: noSign},
		"RSA server enciphers": {secret: issue(rsaKey, encipher), text: ": key usage has keyEncipherment and not digitalSignature, so TLS 1.3 and strict clients refuse the certificate; ask for usage digitalSignature"},
	})
}

func ecKey(tb testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// TestWarningIsBounded puts as much as possible into one warning.
func TestWarningIsBounded(t *testing.T) {
	key := tlstest.RSAKey(t, 1024)
	ca := tlstest.NewCAWith(t, tlstest.Options{CommonName: string(bytes.Repeat([]byte("x"), 5000)), Key: key})
	cert, keyPEM := ca.Issue(tlstest.Options{Key: key, Change: func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		c.ExtKeyUsage, c.Subject.CommonName = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}, string(bytes.Repeat([]byte("y"), 5000))
	}})
	s := secret(ca.WithSHA1(cert), keyPEM, tlstest.NewCA(t).CertPEM(), nil)
	s.Annotations = map[string]string{tlsready.TemporaryAnnotation: "true"}
	r := declare.Requirement{SecretName: "web-tls", AllowTemporary: true, WarnExpired: true, Allow: []string{"BrokenChain", "NotALeaf", "WeakKey", "WeakSignature", "WrongUsage"}}
	got := tlsready.Evaluate(tlsready.Inspect(s), "shop", r, tlstest.Now.AddDate(9, 0, 0))
	if !got.Ready || len(got.Warning) < 600 || len(got.Warning) > 800 {
		t.Errorf("unexpected verdict, warning of %d bytes: %+v", len(got.Warning), got)
	}
}
