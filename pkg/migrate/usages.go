// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import "slices"

// Extended usages that Tollgate knows.
const (
	serverAuth = "server auth"
	clientAuth = "client auth"
)

// ordinaryUsages are the key usages that certificates of Tollgate have, or that TLS does not need since version 1.3 has no
// RSA key exchange. Certificates of cert-manager have the first and the third if nothing is said.
var ordinaryUsages = []string{"digital signature", "signing", "key encipherment", "key agreement"}

// readUsages reads spec.usages. A certificate without extended usages can be used for all, and cert-manager makes such if
// nothing is said: servers and clients may rely on either, so both are asked for. ACME servers choose for themselves.
func (cert *certificate) readUsages(spec *fields) {
	usages := spec.strs("usages")
	spec.skip("encodeUsagesInRequest", "revisionHistoryLimit")
	var extended, lost []string
	for _, usage := range usages {
		switch {
		case usage == serverAuth || usage == clientAuth:
			if !slices.Contains(extended, usage) {
				extended = append(extended, usage)
			}
		case usage == "any":
			extended = []string{serverAuth, clientAuth}
		case usage == "cert sign" && cert.isCA, slices.Contains(ordinaryUsages, usage):
		default:
			lost = append(lost, usage)
		}
	}
	if len(lost) > 0 {
		cert.loss("spec.usages", "%s: Tollgate issues for TLS servers and clients only. What needs another usage needs another issuer.", quoteAll(lost))
	}
	if cert.issuer.isACME() {
		if slices.Contains(extended, clientAuth) {
			cert.loss("spec.usages", "ACME servers choose the usages, and public ones give no \"client auth\" any more: have a CertIssuer with spec.ca sign what clients authenticate with.")
		}
		return
	}
	if len(extended) == 0 {
		extended = []string{serverAuth, clientAuth}
	}
	slices.Sort(extended)
	slices.Reverse(extended) // servers first
	cert.to.Spec.Usages = extended
}

// readOutputs reads what else cert-manager writes into the Secret.
func (cert *certificate) readOutputs(spec *fields) {
	if keystores := spec.object("keystores"); keystores != nil {
		if keystores.has("jks") {
			cert.loss("spec.keystores.jks", "Tollgate writes PEM only. Java reads PEM with a key manager of its TLS library, or an init container makes the keystore: openssl pkcs12 -export, then keytool -importkeystore.")
		}
		if keystores.has("pkcs12") {
			cert.loss("spec.keystores.pkcs12", "Tollgate writes PEM only. An init container can make the file: openssl pkcs12 -export -in tls.crt -inkey tls.key.")
		}
		keystores.skip("jks", "pkcs12")
		keystores.rest()
	}
	for _, format := range spec.objects("additionalOutputFormats") {
		switch kind := format.str("type"); kind {
		case "CombinedPEM":
			cert.loss("spec.additionalOutputFormats", "Tollgate does not write tls-combined.pem. An init container can: cat tls.key tls.crt.")
		case "DER":
			cert.loss("spec.additionalOutputFormats", "Tollgate does not write key.der. An init container can: openssl pkey -in tls.key -outform DER.")
		default:
			cert.loss("spec.additionalOutputFormats", "%s: Tollgate writes PEM only.", quote(kind))
		}
	}
	if limit, set := spec.integer("revisionHistoryLimit"); set {
		cert.loss("spec.revisionHistoryLimit", "Tollgate keeps no objects of past requests, so there is nothing to limit to %d.", limit)
	}
	if spec.has("encodeUsagesInRequest") {
		cert.loss("spec.encodeUsagesInRequest", "Tollgate's requests never have usages: the CA knows them from the TLSCertificate.")
	}
}
