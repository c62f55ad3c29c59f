// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// issuer is an Issuer or ClusterIssuer of cert-manager on its way.
type issuer struct {
	*source
	to v1alpha1.IssuerSpec
	// why it has no equivalent, and what to do instead; "" if it has.
	why string
	// selfSigned is set for those that sign with the certificate's own key.
	selfSigned bool
	// secrets are those that it refers to.
	secrets []string
	// configs are the contents of the Secrets that its solvers' plugins need, by their names.
	configs map[string]string
}

func (i *issuer) isCluster() bool { return i.ref.Kind == kindClusterIssuer }

// isACME reports whether an ACME server signs; false for nil.
func (i *issuer) isACME() bool { return i != nil && i.to.ACME != nil }

// needs remembers a Secret of the issuer.
func (i *issuer) needs(secret string) {
	if secret != "" && !slices.Contains(i.secrets, secret) {
		i.secrets = append(i.secrets, secret)
	}
}

// secretNamespace is where cert-manager reads the Secrets of the issuer.
func (c *conversion) secretNamespace(i *issuer) string {
	if i.isCluster() {
		return c.ClusterResourceNamespace
	}
	return i.ref.Namespace
}

// newSecretNamespace is where tollgate-controller does.
func (c *conversion) newSecretNamespace(i *issuer) string {
	if i.isCluster() {
		return c.ControllerNamespace
	}
	return i.ref.Namespace
}

// noEquivalent are types of issuers that Tollgate has none of, with what to do instead.
var noEquivalent = map[string]string{
	"vault":    "Tollgate does not ask Vault. Have Vault's PKI engine serve ACME, and use spec.acme; or keep cert-manager for these Certificates",
	"venafi":   "Tollgate does not ask Venafi (CyberArk). If it serves ACME, use spec.acme; or keep cert-manager for these Certificates",
	"cyberark": "Tollgate does not ask Venafi (CyberArk). If it serves ACME, use spec.acme; or keep cert-manager for these Certificates",
}

// readIssuer reads an Issuer or ClusterIssuer.
func (c *conversion) readIssuer(s *source) {
	i := &issuer{source: s}
	c.issuers[s.ref] = i
	spec := s.top.object("spec")
	kinds := []string{"acme", "ca", "selfSigned", "vault", "venafi", "cyberark"}
	switch {
	case !spec.only(kinds...):
		i.why = "spec has none of acme, ca, selfSigned, vault and venafi, or several of them"
	case spec.has("acme"):
		c.readACME(i, spec.object("acme"))
	case spec.has("ca"):
		c.readCA(i, spec.object("ca"))
	case spec.has("selfSigned"):
		c.readSelfSigned(i, spec.object("selfSigned"))
	default:
		for _, kind := range kinds {
			if spec.has(kind) {
				i.why = "spec." + kind + ": " + noEquivalent[kind]
			}
		}
	}
	if i.why == "" {
		spec.rest()
	}
	if len(s.faults) > 0 {
		i.why = strings.Join(s.faults, "; ")
	}
	if i.why != "" {
		c.leaveOut(s, true, "%s", i.why)
	}
}

func (c *conversion) readCA(i *issuer, ca *fields) {
	name := ca.name("secretName")
	if name == "" {
		i.fault(ca.at("secretName"), "want the name of a Secret, found nothing")
	}
	i.needs(name)
	i.to.CA = &v1alpha1.CAIssuer{SecretName: name}
	revocation(ca)
	ca.rest()
}

// revocation says that certificates of Tollgate do not name where their revocation can be asked.
func revocation(f *fields) {
	for _, name := range []string{"crlDistributionPoints", "ocspServers", "issuingCertificateURLs"} {
		if len(f.strs(name)) > 0 {
			f.loss(f.at(name), "certificates of Tollgate do not name it. Let them be short-lived instead: spec.duration.")
		}
	}
}

// readSelfSigned makes a CA of an issuer whose certificates sign themselves: a TLSCertificate cannot.
func (c *conversion) readSelfSigned(i *issuer, selfSigned *fields) {
	i.selfSigned = true
	i.to.CA = &v1alpha1.CAIssuer{SecretName: suffixed(i.ref.Name, "-ca"), SelfSigned: &v1alpha1.SelfSignedCA{}}
	revocation(selfSigned)
	selfSigned.rest()
}

// finishIssuers writes the issuers, now that their Certificates are known.
func (c *conversion) finishIssuers() {
	users := map[Ref][]*certificate{}
	for _, cert := range c.certificates {
		users[cert.issuerRef] = append(users[cert.issuerRef], cert)
	}
	refs := make([]Ref, 0, len(c.issuers))
	for ref := range c.issuers {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, Ref.compare)
	for _, ref := range refs {
		i := c.issuers[ref]
		if i.why == "" {
			c.finishIssuer(i, users[ref])
		}
	}
}

func (c *conversion) finishIssuer(i *issuer, users []*certificate) {
	if i.selfSigned && len(users) > 0 && !slices.ContainsFunc(users, func(u *certificate) bool { return !u.isCA }) {
		c.leaveOut(i.source, false, "all of its Certificates are CAs, and these sign themselves in Tollgate: spec.ca.selfSigned of their issuers")
		return
	}
	if i.selfSigned {
		i.loss("spec.selfSigned", "with cert-manager each certificate signs itself; Tollgate makes one CA, in Secret %s of namespace %s, that signs them all. "+
			"Clients have to trust that CA, which is ca.crt of each Secret.", i.to.CA.SecretName, c.newSecretNamespace(i))
	}
	if ca := i.to.CA; ca != nil {
		ca.MaxDuration = longest(users)
		c.madeBy(i)
	}
	c.copySecrets(i)
	if !i.isCluster() {
		to := &v1alpha1.CertIssuer{TypeMeta: typeMeta(v1alpha1.KindCertIssuer), Spec: i.to}
		to.Namespace, to.Name, to.Labels = i.ref.Namespace, i.ref.Name, c.labels(i.source)
		c.emit(i.source, to, i.notes, i.origin())
		return
	}
	to := &v1alpha1.ClusterCertIssuer{TypeMeta: typeMeta(v1alpha1.KindClusterCertIssuer)}
	to.Name, to.Labels = i.ref.Name, c.labels(i.source)
	to.Spec.IssuerSpec = i.to
	to.Spec.Allow = allowRules(users)
	if len(to.Spec.Allow) == 0 {
		i.todo("", nil, "No Certificate that was read refers to it, so spec.allow is empty and nobody may use it: add a rule for each namespace.")
	} else {
		i.info("", "spec.allow permits the names that its Certificates have now, and no others. Every new name needs a rule.")
	}
	c.emit(i.source, to, i.notes, i.origin())
}

// longest is the longest duration that the Certificates ask for, if it is above Tollgate's default for CAs.
func longest(users []*certificate) *metav1.Duration {
	var most time.Duration
	for _, u := range users {
		if d := u.to.Spec.Duration; d != nil && !u.isCA {
			most = max(most, d.Duration)
		}
	}
	if most <= defaultDuration {
		return nil
	}
	return &metav1.Duration{Duration: most}
}
