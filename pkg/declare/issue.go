// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// IssueTLSAnnotation holds a YAML or JSON list of the certificates that shall be issued for the
// pod. It holds nothing back: RequireTLSAnnotation and RequirementsAnnotation do.
const IssueTLSAnnotation = "tollgate.dev/issue-tls"

// IssuerRef names who signs.
type IssuerRef struct {
	// Name of the issuer.
	Name string
	// Kind is one of IssuerKinds; CertIssuer by default.
	Kind string
}

// IssueRequest is one certificate that a pod asks for.
type IssueRequest struct {
	// SecretName is the Secret in the pod's namespace that receives the certificate.
	SecretName string
	// DNSNames of the certificate in the form that NormalizeName returns, sorted and unique.
	DNSNames []string
	// IPAddresses of the certificate in canonical text form, sorted and unique.
	IPAddresses []string
	// URIs of the certificate, sorted and unique.
	URIs []string
	// Usages are some of IssueUsages, sorted and unique; empty leaves them to the issuer.
	Usages []string
	// IssuerRef names who signs.
	IssuerRef IssuerRef
}

const issueForm = `want a YAML or JSON list, such as [{"secretName": "web-tls", "dnsNames": ["www.example.com"], "issuerRef": {"name": "letsencrypt"}}]`

// IssueDeclared reports whether the pod asks for certificates, well-formed or not. It does not allocate.
func IssueDeclared(pod *corev1.Pod) bool {
	_, ok := pod.Annotations[IssueTLSAnnotation]
	return ok
}

// ParseIssue returns the certificates that the pod asks for, sorted by SecretName; every
// SecretName occurs once. A pod without IssueTLSAnnotation asks for none.
//
// The error holds all faults on one line of at most 4 KiB. Each names the annotation, the
// position of the fault, what is wrong and what would be valid.
func ParseIssue(pod *corev1.Pod) ([]IssueRequest, error) {
	value, ok := pod.Annotations[IssueTLSAnnotation]
	if !ok {
		return nil, nil
	}
	var wrong faults
	requests := readIssue(value, wrong.of(IssueTLSAnnotation))
	if err := wrong.err(); err != nil {
		return nil, err
	}
	slices.SortFunc(requests, func(a, b IssueRequest) int { return cmp.Compare(a.SecretName, b.SecretName) })
	return requests, nil
}

// readIssue reads the value of IssueTLSAnnotation.
func readIssue(value string, at place) []IssueRequest {
	items, ok := decodeList(value, issueForm, at)
	if !ok {
		return nil
	}
	if len(items) == 0 {
		at.faultf("list is empty; %s", issueForm)
		return nil
	}
	if len(items) > MaxSecrets {
		at.faultf("list has %d items; at most %d are allowed", len(items), MaxSecrets)
		return nil
	}
	first := make(map[string]int, len(items))
	requests := make([]IssueRequest, 0, len(items))
	for i, item := range items {
		at := at.in(fmt.Sprintf("item %d", i+1))
		fields, ok := item.(map[string]any)
		if !ok {
			at.faultf("got %s, want an object; valid fields are %s", kind(item), strings.Join(issueFieldNames, ", "))
			continue
		}
		r := readIssueItem(fields, at)
		if r.SecretName == "" {
			continue // It has been reported.
		}
		if j, ok := first[r.SecretName]; ok {
			at.faultf("secretName %q is already in item %d; put all names of its certificate into one item", r.SecretName, j)
			continue
		}
		first[r.SecretName] = i + 1
		requests = append(requests, r)
	}
	return requests
}
