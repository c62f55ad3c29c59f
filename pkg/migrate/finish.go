// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// finishCertificates writes the Certificates, now that their issuers are known.
func (c *conversion) finishCertificates() {
	secrets := map[Ref]*certificate{}
	for _, cert := range c.certificates {
		if cert.isCA {
			c.finishCA(cert)
			continue
		}
		secret := Ref{Kind: "Secret", Namespace: cert.ref.Namespace, Name: cert.to.Spec.SecretName}
		if other := secrets[secret]; other != nil {
			cert.todo("spec.secretName", nil, "%s writes Secret %s too: keep one of the two.", other.ref, secret.Name)
		} else {
			secrets[secret] = cert
		}
		var labels map[string]string
		if template := cert.to.Spec.SecretTemplate; template != nil {
			labels = template.Labels
		}
		cert.todo("", adopt(cert.ref.Namespace, secret.Name, labels),
			"Have Tollgate take over Secret %s once cert-manager is stopped: what it holds stays in use, and nothing is issued before it is due. Until then Tollgate leaves the Secret alone.", secret.Name)
		c.emit(cert.source, cert.to, cert.notes, cert.origin())
	}
}

// maxCommonName is ub-common-name of RFC 5280.
const maxCommonName = 64

// madeBy looks for the Certificate that makes the CA of an issuer by signing itself: Tollgate does that by spec.ca.selfSigned.
// A CA that is there is used as it is.
func (c *conversion) madeBy(i *issuer) {
	for _, cert := range c.certificates {
		if !cert.isCA || cert.madeFor != nil || cert.issuer == nil || !cert.issuer.selfSigned || i.selfSigned ||
			cert.to.Spec.SecretName != i.to.CA.SecretName || cert.ref.Namespace != c.secretNamespace(i) {
			continue
		}
		cert.madeFor = i
		i.to.CA.SelfSigned = &v1alpha1.SelfSignedCA{}
		if len(cert.caCommonName) <= maxCommonName {
			i.to.CA.SelfSigned.CommonName = cert.caCommonName
		}
		if d := cert.to.Spec.Duration; d != nil {
			i.to.CA.SelfSigned.Duration = &metav1.Duration{Duration: max(d.Duration, 2*time.Hour)}
		}
		i.info("spec.ca.secretName", "%s makes this CA. Tollgate uses the one that is in the Secret, and makes one itself only if the Secret is absent.", cert.ref)
		return
	}
}

// finishCA leaves a CA out: a TLSCertificate is none.
func (c *conversion) finishCA(cert *certificate) {
	if cert.madeFor != nil {
		c.leaveOut(cert.source, false, "it is a CA; %s has become an issuer that makes it itself (spec.ca.selfSigned), and uses the one in Secret %s", cert.madeFor.ref, cert.to.Spec.SecretName)
		return
	}
	c.leaveOut(cert.source, true, "spec.isCA: a TLSCertificate is never a CA. The CA in Secret %s/%s goes on to sign for a CertIssuer with spec.ca until it ends, but nobody renews it: "+
		"keep cert-manager for it, or have a CertIssuer with spec.ca.selfSigned make a new one", cert.ref.Namespace, cert.to.Spec.SecretName)
}
