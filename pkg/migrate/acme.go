// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"encoding/base64"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Limits of spec.acme.
const (
	maxServer  = 2048
	maxEmail   = 254
	maxProfile = 63
	maxChain   = 253
	maxKeyID   = 1024
	maxSolvers = 32
)

// readACME reads spec.acme.
func (c *conversion) readACME(i *issuer, acme *fields) {
	to := &v1alpha1.ACMEIssuer{TermsOfServiceAgreed: true}
	i.to.ACME = to
	to.Server = acme.str("server")
	to.Email = acme.limited("email", maxEmail)
	to.Profile = acme.limited("profile", maxProfile)
	to.PreferredChain = acme.limited("preferredChain", maxChain)
	if to.Server == "" || len(to.Server) > maxServer || !strings.HasPrefix(to.Server, "https://") {
		i.fault(acme.at("server"), "want an https URL of an ACME directory, found %s", quote(to.Server))
	}
	i.info(acme.at("server"), "termsOfServiceAgreed is true, since cert-manager has agreed for you: see that you do.")
	to.CABundle = acme.caBundle()
	c.readAccount(i, acme)
	c.readBinding(i, acme.object("externalAccountBinding"))
	if acme.boolean("skipTLSVerify") {
		i.loss(acme.at("skipTLSVerify"), "Tollgate always verifies the ACME server: put the roots of its certificate into caBundle.")
	}
	if acme.boolean("enableDurationFeature") {
		i.loss(acme.at("enableDurationFeature"), "Tollgate asks ACME servers for no end date. Where the server has profiles, choose the lifetime by spec.acme.profile.")
	}
	c.readSolvers(i, acme)
	acme.rest()
}

// limited reads a string that has to be short.
func (f *fields) limited(name string, most int) string {
	s := f.str(name)
	if len(s) > most {
		f.fault(f.at(name), "want at most %d bytes, found %d", most, len(s))
		return ""
	}
	return s
}

// caBundle reads PEM in base64.
func (f *fields) caBundle() []byte {
	text := f.str("caBundle")
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		f.fault(f.at("caBundle"), "want base64")
	}
	return data
}

// readAccount reads where the account key is: cert-manager keeps it as tls.key, as Tollgate does, unless told otherwise.
func (c *conversion) readAccount(i *issuer, acme *fields) {
	at := acme.at("privateKeySecretRef")
	ref := acme.secret("privateKeySecretRef", corev1.TLSPrivateKeyKey)
	if ref == nil {
		i.fault(at, "want the name of a Secret, found nothing")
		return
	}
	to := &i.to.ACME.PrivateKeySecretRef
	to.Name = ref.name
	if acme.boolean("disableAccountKeyGeneration") {
		i.todo(acme.at("disableAccountKeyGeneration"), nil, "Tollgate makes an account key if Secret %s is absent: see that it is there first.", ref.name)
	}
	from, into := c.secretNamespace(i), c.newSecretNamespace(i)
	switch {
	case ref.key != corev1.TLSPrivateKeyKey:
		to.Name = suffixed(ref.name, "-tollgate")
		i.todo(at, []string{copyKey(from, ref, into, to.Name, corev1.TLSPrivateKeyKey)},
			"Tollgate reads the account key from %s, so it needs a copy: the account stays the same.", corev1.TLSPrivateKeyKey)
	case from == into:
		i.info(at, "the account stays the same: Tollgate reads the key that cert-manager has put there.")
	default:
		i.needs(ref.name)
		i.info(at, "the account stays the same if the Secret is copied; else Tollgate registers a new one.")
	}
}

// suffixed is a name for an object that goes with another.
func suffixed(name, suffix string) string {
	const most = 253 // RFC 1123 subdomains
	return strings.TrimRight(name[:min(len(name), most-len(suffix))], ".-") + suffix
}

func (c *conversion) readBinding(i *issuer, eab *fields) {
	if eab == nil {
		return
	}
	to := &v1alpha1.ExternalAccountBinding{KeyID: eab.limited("keyID", maxKeyID)}
	ref := eab.secret("keySecretRef", "")
	switch {
	case ref == nil:
		i.fault(eab.at("keySecretRef"), "want a key of a Secret, found nothing")
		return
	case to.KeyID == "":
		i.fault(eab.at("keyID"), "want the ID that the CA gave, found nothing")
	}
	to.KeySecretRef = v1alpha1.SecretKeyReference{Name: ref.name, Key: ref.key}
	i.needs(ref.name)
	if algorithm := eab.str("keyAlgorithm"); algorithm != "" && algorithm != "HS256" {
		i.loss(eab.at("keyAlgorithm"), "Tollgate, as cert-manager does by now, always uses HS256.")
	}
	eab.rest()
	i.to.ACME.ExternalAccountBinding = to
}

// readSolvers reads the solvers, in their order: both take the one that selects a name most exactly, else the first.
func (c *conversion) readSolvers(i *issuer, acme *fields) {
	for _, f := range acme.objects("solvers") {
		solver := v1alpha1.Solver{Selector: c.readSelector(f.object("selector"))}
		if c.readChallenge(i, f, &solver) {
			i.to.ACME.Solvers = append(i.to.ACME.Solvers, solver)
		}
		f.rest()
	}
	switch n := len(i.to.ACME.Solvers); {
	case n > maxSolvers:
		i.fault(acme.at("solvers"), "want at most %d solvers, found %d: split the issuer", maxSolvers, n)
	case n == 0 && len(i.faults) == 0 && i.why == "":
		i.why = acme.at("solvers") + ": none of the solvers has an equivalent" + losses(i.notes)
	}
}

// losses appends the losses to a message.
func losses(notes []Note) string {
	text := ""
	for _, n := range notes {
		if n.Kind == NoEquivalent {
			text += "; " + n.Field + ": " + strings.TrimSuffix(n.Message, ".")
		}
	}
	return text
}

// lowerCase are the names in lower case, each once. None is left out: a selector without names would fit all.
func lowerCase(names []string) []string {
	var all []string
	for _, name := range names {
		if lower := strings.ToLower(name); !slices.Contains(all, lower) {
			all = append(all, lower)
		}
	}
	return all
}

func (c *conversion) readSelector(f *fields) *v1alpha1.SolverSelector {
	to := &v1alpha1.SolverSelector{MatchLabels: f.strMap("matchLabels")}
	if f != nil {
		to.DNSNames = lowerCase(f.strs("dnsNames"))
		to.DNSZones = lowerCase(f.strs("dnsZones"))
		if len(to.DNSNames) > maxNames || len(to.DNSZones) > maxNames {
			f.fault(f.path, "want at most %d names and zones: split the solver", maxNames)
		}
	}
	f.rest()
	if len(to.DNSNames)+len(to.DNSZones)+len(to.MatchLabels) == 0 {
		return nil
	}
	for key := range to.MatchLabels {
		c.selectedLabels[key] = true
	}
	return to
}
