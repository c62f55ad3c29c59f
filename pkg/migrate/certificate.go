// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// certificate is a Certificate of cert-manager on its way.
type certificate struct {
	*source
	to *v1alpha1.TLSCertificate
	// issuer that signs; nil if it is not among the inputs.
	issuer *issuer
	// issuerRef as in the Certificate.
	issuerRef Ref
	isCA      bool
	// caCommonName is the name of the CA that it is, if isCA.
	caCommonName string
	// madeFor is the issuer that signs with it, if isCA and it signs itself.
	madeFor *issuer
}

// readCertificate reads a Certificate, whose issuer has been read if it is there.
func (c *conversion) readCertificate(s *source) {
	cert := &certificate{source: s, to: &v1alpha1.TLSCertificate{TypeMeta: typeMeta("TLSCertificate")}}
	cert.to.Namespace, cert.to.Name = s.ref.Namespace, s.ref.Name
	cert.to.Labels = c.labels(s)
	spec := s.top.object("spec")
	if !c.readIssuerRef(cert, spec) {
		return
	}
	cert.isCA = spec.boolean("isCA")
	cert.readOwner()
	cert.readSecret(spec)
	cert.readNames(spec)
	cert.readKey(spec)
	cert.readTimes(spec)
	cert.readUsages(spec)
	cert.readOutputs(spec)
	spec.rest()
	to := &cert.to.Spec
	switch names := len(to.DNSNames) + len(to.IPAddresses) + len(to.URIs); {
	case len(s.faults) > 0:
		c.leaveOut(s, true, "%s", strings.Join(s.faults, "; "))
	case cert.isCA:
		c.certificates = append(c.certificates, cert) // finishIssuers knows what becomes of it
	case names == 0:
		c.leaveOut(s, true, "it has no DNS name, IP address or URI that a TLSCertificate can have%s", why(s.notes))
	case len(to.DNSNames) > maxNames || len(to.IPAddresses) > maxNames || len(to.URIs) > maxNames:
		c.leaveOut(s, true, "it has more than %d names of a kind; split it into several", maxNames)
	default:
		c.certificates = append(c.certificates, cert)
	}
}

// why appends the losses of names to a message.
func why(notes []Note) string {
	var all []string
	for _, n := range notes {
		if n.Kind == NoEquivalent && slices.Contains([]string{"spec.dnsNames", "spec.ipAddresses", "spec.uris", "spec.commonName", "spec.emailAddresses", "spec.otherNames"}, n.Field) {
			all = append(all, n.Field+": "+strings.TrimSuffix(n.Message, "."))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return ": " + strings.Join(all, "; ")
}

// readIssuerRef returns false if the Certificate cannot be signed by anybody that Tollgate knows; it is then left out.
func (c *conversion) readIssuerRef(cert *certificate, spec *fields) bool {
	ref := spec.object("issuerRef")
	group, kind, name := ref.str("group"), ref.str("kind"), ref.name("name")
	ref.rest()
	if group == "" {
		group = certManagerGroup
	}
	if kind == "" {
		kind = kindIssuer
	}
	cert.issuerRef = Ref{APIVersion: certManagerVersion, Kind: kind, Namespace: cert.ref.Namespace, Name: name}
	to := &cert.to.Spec.IssuerRef
	to.Name = name
	switch {
	case len(cert.faults) > 0:
		c.leaveOut(cert.source, true, "%s", strings.Join(cert.faults, "; "))
		return false
	case name == "":
		c.leaveOut(cert.source, true, "spec.issuerRef.name is missing")
		return false
	case group != certManagerGroup:
		c.leaveOut(cert.source, true, "spec.issuerRef: %s %s of group %s is an external issuer, which Tollgate cannot ask; have its certificate signed by an ACME server or an internal CA, or leave it to cert-manager",
			clean(kind), name, quote(group))
		return false
	case kind == kindClusterIssuer:
		to.Kind, cert.issuerRef.Namespace = v1alpha1.KindClusterCertIssuer, ""
	case kind == kindIssuer:
		to.Kind = v1alpha1.KindCertIssuer
	default:
		c.leaveOut(cert.source, true, "spec.issuerRef.kind: want Issuer or ClusterIssuer, found %s", quote(kind))
		return false
	}
	cert.issuer = c.issuers[cert.issuerRef]
	switch i := cert.issuer; {
	case i == nil:
		cert.todo("spec.issuerRef", nil, "%s is not among what was read: create %s %s, or import it too.", cert.issuerRef, to.Kind, name)
	case i.why != "":
		c.leaveOut(cert.source, true, "spec.issuerRef: %s has no equivalent; %s", cert.issuerRef, i.why)
		return false
	}
	return true
}

// readOwner says who made the Certificate.
func (cert *certificate) readOwner() {
	for _, owner := range cert.meta.objects("ownerReferences") {
		kind, name := owner.str("kind"), owner.str("name")
		switch kind {
		case "":
		case "Ingress", "Gateway", "ListenerSet", "XListenerSet":
			cert.todo("metadata.ownerReferences", nil, "cert-manager makes this Certificate from annotations of %s %s, and makes it again while they are there. "+
				"Tollgate does not read them: keep the TLSCertificate beside the %s, and remove the annotations of cert-manager from it.", clean(kind), clean(name), clean(kind))
		default:
			cert.todo("metadata.ownerReferences", nil, "%s %s makes this Certificate: have it make the TLSCertificate instead.", clean(kind), clean(name))
		}
	}
	annotations := cert.meta.object("annotations")
	if annotations.has("cert-manager.io/issue-temporary-certificate") {
		cert.loss("metadata.annotations[cert-manager.io/issue-temporary-certificate]",
			"Tollgate makes no temporary certificates. Whatever needs one until the first is issued: solve dns-01, which needs no running server.")
	}
}

// readSecret reads where the certificate goes.
func (cert *certificate) readSecret(spec *fields) {
	to := &cert.to.Spec
	name, isString := read[string](spec, "secretName", "a string")
	to.SecretName = name
	if (isString || !spec.has("secretName")) && (len(to.SecretName) > 253 || !secretName.MatchString(to.SecretName)) {
		cert.fault("spec.secretName", "want the name of a Secret, found %s", quote(to.SecretName))
	}
	template := spec.object("secretTemplate")
	if template == nil {
		return
	}
	to.SecretTemplate = &v1alpha1.SecretTemplate{
		Labels:      template.ours("labels", template.strMap("labels")),
		Annotations: template.ours("annotations", template.strMap("annotations")),
	}
	if len(to.SecretTemplate.Labels)+len(to.SecretTemplate.Annotations) == 0 {
		to.SecretTemplate = nil
	}
	template.rest()
}

// ours drops the keys by which Tollgate and cert-manager tell their Secrets, as target.Reserved does.
func (f *fields) ours(name string, all map[string]string) map[string]string {
	var dropped []string
	for key := range all {
		prefix, _, _ := strings.Cut(key, "/")
		if prefix == v1alpha1.GroupName || strings.HasSuffix(prefix, "."+v1alpha1.GroupName) || key == "cert-manager.io/certificate-name" {
			dropped = append(dropped, key)
			delete(all, key)
		}
	}
	if len(dropped) > 0 {
		slices.Sort(dropped)
		f.loss(f.at(name), "%s would say whose the Secret is, so it is left out.", quoteAll(dropped))
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
