// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// oldCertificate is a Certificate of kube-cert-manager on its way.
type oldCertificate struct {
	*source
	to       *v1alpha1.TLSCertificate
	settings oldSettings
}

// oldSettings are what kube-cert-manager's Certificates say of who signs and how: those that agree share an issuer.
type oldSettings struct {
	namespace, provider, email, secret, key string
}

func (a oldSettings) compare(b oldSettings) int {
	return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.provider, b.provider), strings.Compare(a.email, b.email),
		strings.Compare(a.secret, b.secret), strings.Compare(a.key, b.key))
}

// readOld reads a Certificate of kube-cert-manager: spec has domain, email, provider, secret and secretKey.
func (c *conversion) readOld(s *source) {
	spec := s.top.object("spec")
	domain := strings.ToLower(spec.str("domain"))
	settings := oldSettings{
		namespace: s.ref.Namespace, provider: spec.str("provider"), email: spec.limited("email", maxEmail),
		secret: spec.name("secret"), key: spec.str("secretKey"),
	}
	if !isDNSName(domain) || !isName(domain) {
		s.fault("spec.domain", "want a DNS name, no wildcard, found %s", quote(domain))
	}
	if !isPlugin(settings.provider) {
		s.fault("spec.provider", "want the name of a plugin, found %s", quote(settings.provider))
	}
	if settings.secret != "" && !isKey(settings.key) {
		s.fault("spec.secretKey", "want a key of Secret %s, found %s", settings.secret, quote(settings.key))
	}
	spec.rest()
	if len(s.faults) > 0 {
		c.leaveOut(s, true, "%s", strings.Join(s.faults, "; "))
		return
	}
	old := &oldCertificate{source: s, settings: settings, to: &v1alpha1.TLSCertificate{TypeMeta: typeMeta("TLSCertificate")}}
	old.to.Namespace, old.to.Name, old.to.Labels = s.ref.Namespace, s.ref.Name, c.labels(s)
	old.to.Spec = v1alpha1.TLSCertificateSpec{
		SecretName: domain, // kube-cert-manager names the Secret so
		DNSNames:   []string{domain},
		PrivateKey: &v1alpha1.PrivateKeySpec{Algorithm: algorithmRSA, Size: 2048},
	}
	c.old = append(c.old, old)
}

// isPlugin reports whether the name fits the pattern of spec.acme.solvers[].dns01.exec.plugin.
func isPlugin(name string) bool {
	return len(name) <= 100 && secretName.MatchString(strings.ReplaceAll(name, "_", "-"))
}

// finishOld writes the Certificates of kube-cert-manager and their issuers.
func (c *conversion) finishOld() {
	slices.SortStableFunc(c.old, func(a, b *oldCertificate) int {
		return cmp.Or(a.settings.compare(b.settings), a.ref.compare(b.ref))
	})
	for len(c.old) > 0 {
		group := c.old
		if n := slices.IndexFunc(c.old, func(o *oldCertificate) bool { return o.settings != c.old[0].settings }); n > 0 {
			group = c.old[:n]
		}
		c.old = c.old[len(group):]
		c.oldGroup(group)
	}
}

// oldGroup writes Certificates with equal settings, and their issuer.
func (c *conversion) oldGroup(group []*oldCertificate) {
	settings := group[0].settings
	name := c.freeIssuer(settings.namespace, strings.ReplaceAll(settings.provider, "_", "-"))
	to := &v1alpha1.CertIssuer{TypeMeta: typeMeta(v1alpha1.KindCertIssuer)}
	to.Namespace, to.Name = settings.namespace, name
	exec := &v1alpha1.ExecSolver{Plugin: settings.provider}
	if settings.secret != "" {
		exec.ConfigSecretRef = &v1alpha1.SecretKeyReference{Name: settings.secret, Key: settings.key}
	}
	to.Spec.ACME = &v1alpha1.ACMEIssuer{
		Server: c.ACMEServer, Email: settings.email, TermsOfServiceAgreed: true,
		PrivateKeySecretRef: v1alpha1.LocalSecretReference{Name: name + "-account"},
		Solvers:             []v1alpha1.Solver{{DNS01: &v1alpha1.DNS01Solver{Exec: exec}}},
	}
	r := &reporter{}
	r.oldIssuer(settings, c.ACMEServer)
	from := make([]Origin, 0, len(group))
	for _, old := range group {
		from = append(from, old.origin())
	}
	c.emit(group[0].source, to, r.notes, from...)
	for _, old := range group {
		old.to.Spec.IssuerRef = v1alpha1.IssuerReference{Name: name, Kind: v1alpha1.KindCertIssuer}
		old.todo("", nil, "Stop kube-cert-manager before you apply this: Tollgate takes over Secret %s, uses what it holds, and issues when that is due. "+
			"Delete the old Certificate only then, since kube-cert-manager would delete the Secret with it.", old.to.Spec.SecretName)
		c.emit(old.source, old.to, old.notes, old.origin())
	}
}

// oldIssuer says what is not as it was.
func (r *reporter) oldIssuer(settings oldSettings, server string) {
	r.info("", "kube-cert-manager has an account for each domain, in its database; Tollgate registers one account for all of these, with a key of its own.")
	if server == v1alpha1.LetsEncryptStaging {
		r.todo("spec.acme.server", nil, "The Certificates do not say which server signs: kube-cert-manager's flag -acme-url does, and by default it is Let's Encrypt's staging. Set the directory of the server that you mean, with --acme-server or here; it has to speak RFC 8555 (ACME v2).")
	}
	r.todo("spec.provider", nil, "Put the plugin %s into the controller's folder of plugins. It gets what it got before: the same variables, and its configuration on standard input. CertIssuers may use plugins only where a flag of tollgate-controller permits it.", settings.provider)
	if settings.provider == "route53" {
		r.loss("spec.provider", "plugin route53 of 2016 reads the variable ZONEID, which plugins do not get: use plugin %s with provider route53 and setting AWS_HOSTED_ZONE_ID.", legoPlugin)
	}
}

// freeIssuer returns a name that no CertIssuer of the namespace has.
func (c *conversion) freeIssuer(namespace, base string) string {
	base = strings.ReplaceAll(base, "..", ".") // plugins may be named so, objects not
	for n := 1; ; n++ {
		name := "acme-" + base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", name, n)
		}
		taken := slices.ContainsFunc(c.result.Items, func(i Item) bool {
			return i.To.Kind == v1alpha1.KindCertIssuer && i.To.Namespace == namespace && i.To.Name == name
		})
		if _, other := c.issuers[Ref{APIVersion: certManagerVersion, Kind: kindIssuer, Namespace: namespace, Name: name}]; !taken && !other {
			return name
		}
	}
}
