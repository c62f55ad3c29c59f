// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxDNSNameBytes is the longest DNS name in text form (RFC 1035 section 2.3.4), a wildcard's
// label included.
const maxDNSNameBytes = 253

// IssuerKinds are the kinds that an issuerRef may name; the first is the default.
var IssuerKinds = []string{"CertIssuer", "ClusterCertIssuer"}

// IssueUsages are the usages that a certificate can be asked for, as a TLSCertificate names them.
var IssueUsages = []string{"client auth", "server auth"}

// issueFields are the fields of an item of IssueTLSAnnotation: those of a TLSCertificate of the
// same name.
var issueFields = []struct {
	name string
	read func(r *IssueRequest, value any, at place)
}{
	{"secretName", func(r *IssueRequest, value any, at place) {
		if s, ok := asString(value, "a string in quotes", at); ok {
			if err := checkSecretName(s); err != nil {
				at.fault(err)
				return
			}
			r.SecretName = s
		}
	}},
	{"dnsNames", func(r *IssueRequest, value any, at place) {
		r.DNSNames = asStrings(value, MaxDNSNames, normalizeDNSName, at)
	}},
	{"ipAddresses", func(r *IssueRequest, value any, at place) {
		r.IPAddresses = asStrings(value, MaxDNSNames, normalizeIP, at)
	}},
	{"uris", func(r *IssueRequest, value any, at place) {
		r.URIs = asStrings(value, MaxDNSNames, checkURI, at)
	}},
	{"usages", func(r *IssueRequest, value any, at place) {
		r.Usages = asStrings(value, len(IssueUsages), func(s string) (string, error) { return s, checkChoice(s, IssueUsages) }, at)
	}},
	{"issuerRef", func(r *IssueRequest, value any, at place) {
		r.IssuerRef = readIssuerRef(value, at)
	}},
}

var issueFieldNames = func() (names []string) {
	for _, f := range issueFields {
		names = append(names, f.name)
	}
	return names
}()

var issuerRefFieldNames = []string{"name", "kind"}

// readIssueItem reads one item of the list. The result has a SecretName if a valid one is given.
func readIssueItem(item map[string]any, at place) IssueRequest {
	var r IssueRequest
	if !checkFields(item, issueFieldNames, at) {
		return r
	}
	for _, f := range issueFields {
		if value, ok := item[f.name]; ok {
			f.read(&r, value, at.in(f.name))
		}
	}
	if _, ok := item["secretName"]; !ok {
		at.faultf("secretName is missing; name the Secret that shall receive the certificate")
	}
	if _, ok := item["issuerRef"]; !ok {
		at.faultf(`issuerRef is missing; name who signs, such as {"name": "letsencrypt", "kind": "ClusterCertIssuer"}`)
	}
	if empty(item["dnsNames"]) && empty(item["ipAddresses"]) && empty(item["uris"]) {
		at.faultf("no names; list at least one under dnsNames, ipAddresses or uris")
	}
	for _, list := range []*[]string{&r.DNSNames, &r.IPAddresses, &r.URIs, &r.Usages} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return r
}

// empty reports whether a field is absent or an empty list. What is neither is reported by its reader.
func empty(value any) bool {
	list, ok := value.([]any)
	return value == nil || ok && len(list) == 0
}

// checkFields reports fields that do not exist. It returns false if the item is not worth reading.
func checkFields(item map[string]any, valid []string, at place) bool {
	if len(item) > maxItemFields {
		at.faultf("item has %d fields; valid fields are %s", len(item), strings.Join(valid, ", "))
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(item)) {
		if !slices.Contains(valid, name) {
			at.faultf("unknown field %s%s; valid fields are %s", quote(name), didYouMean(name, valid), strings.Join(valid, ", "))
		}
	}
	return true
}

func readIssuerRef(value any, at place) IssuerRef {
	ref := IssuerRef{Kind: IssuerKinds[0]}
	item, ok := value.(map[string]any)
	if !ok {
		at.faultf(`got %s, want an object, such as {"name": "letsencrypt", "kind": "ClusterCertIssuer"}`, kind(value))
		return ref
	}
	if !checkFields(item, issuerRefFieldNames, at) {
		return ref
	}
	if value, ok := item["name"]; !ok {
		at.faultf("name is missing; name a CertIssuer of the pod's namespace, or a ClusterCertIssuer with its kind")
	} else if s, ok := asString(value, "a string in quotes", at.in("name")); ok {
		if len(validation.IsDNS1123Subdomain(s)) > 0 {
			at.in("name").faultf("%s is not a valid name; want %s", quote(s), subdomainForm)
		}
		ref.Name = s
	}
	if value, ok := item["kind"]; ok {
		if s, ok := asString(value, `"CertIssuer" or "ClusterCertIssuer"`, at.in("kind")); ok {
			if err := checkChoice(s, IssuerKinds); err != nil {
				at.in("kind").fault(err)
			}
			ref.Kind = s
		}
	}
	return ref
}

// normalizeDNSName is NormalizeName for names that a certificate shall be issued for: no IP
// address, and within the limits of RFC 1035 section 2.3.4.
func normalizeDNSName(s string) (string, error) {
	if _, err := normalizeIP(s); err == nil {
		return "", fmt.Errorf("%s is an IP address; list it under ipAddresses", quote(s))
	}
	name, err := NormalizeName(s)
	if err != nil {
		return "", fmt.Errorf("%s is not a DNS name or a wildcard such as *.example.com", quote(s))
	}
	if len(name) > maxDNSNameBytes {
		return "", fmt.Errorf("%s is %d bytes long; a DNS name has at most %d", quote(s), len(name), maxDNSNameBytes)
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) > validation.DNS1123LabelMaxLength {
			return "", fmt.Errorf("%s has a label of %d bytes; at most %d are allowed between two dots", quote(s), len(label), validation.DNS1123LabelMaxLength)
		}
	}
	return name, nil
}
