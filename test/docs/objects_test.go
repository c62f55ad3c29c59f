// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// issuerOf makes a list of solvers an issuer.
func issuerOf(solvers string) string {
	return `apiVersion: tollgate.dev/v1alpha1
kind: CertIssuer
metadata: {name: example, namespace: example}
spec:
  acme:
    termsOfServiceAgreed: true
    privateKeySecretRef: {name: account}
    ` + strings.ReplaceAll(strings.TrimSpace(solvers), "\n", "\n    ") + "\n"
}

// checkObjects wants Kubernetes objects that the API server takes.
func checkObjects(t *testing.T, page, text string) {
	t.Helper()
	for document := range strings.SplitSeq(text, "\n---\n") {
		var meta metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &meta); err != nil {
			t.Errorf("decoding an object of %s: %v\n%s", page, err, document)
			continue
		}
		switch meta.APIVersion {
		case v1alpha1.GroupVersion.String():
			checkObject(t, page, meta.Kind, document)
		case "v1":
			if err := yaml.UnmarshalStrict([]byte(document), &corev1.Secret{}); err != nil || meta.Kind != "Secret" {
				t.Errorf("decoding the %s of %s as a Secret: %v\n%s", meta.Kind, page, err, document)
			}
		case "kubescheduler.config.k8s.io/v1":
			load(t, document)
		default:
			t.Errorf("%s has an object of %s that no test can read:\n%s", page, meta.APIVersion, document)
		}
	}
}

// checkObject wants an object of tollgate.dev with known fields of the right types, and what its kind cannot do without.
func checkObject(t *testing.T, page, kind, document string) {
	t.Helper()
	cert, issuer, clusterIssuer := &v1alpha1.TLSCertificate{}, &v1alpha1.CertIssuer{}, &v1alpha1.ClusterCertIssuer{}
	into, ok := map[string]any{"TLSCertificate": cert, "CertIssuer": issuer, "ClusterCertIssuer": clusterIssuer}[kind]
	if !ok {
		t.Errorf("%s has an object of kind %q, which tollgate.dev does not have", page, kind)
		return
	}
	if err := yaml.UnmarshalStrict([]byte(document), into); err != nil {
		t.Errorf("decoding the %s of %s: %v\n%s", kind, page, err, document)
		return
	}
	fault := ""
	switch kind {
	case "TLSCertificate":
		if spec := cert.Spec; spec.SecretName == "" || spec.IssuerRef.Name == "" || len(spec.DNSNames)+len(spec.IPAddresses)+len(spec.URIs) == 0 {
			fault = "it lacks secretName, a name or issuerRef"
		}
	case "CertIssuer":
		fault = issuerFault(issuer.Spec)
	case "ClusterCertIssuer":
		if fault = issuerFault(clusterIssuer.Spec.IssuerSpec); fault == "" && len(clusterIssuer.Spec.Allow) == 0 {
			fault = "its spec.allow permits nothing"
		}
	}
	if fault != "" {
		t.Errorf("the %s of %s cannot work: %s\n%s", kind, page, fault, document)
	}
}

// issuerFault says why an issuer cannot work, as the rules of the CRD do.
func issuerFault(spec v1alpha1.IssuerSpec) string {
	switch {
	case (spec.ACME == nil) == (spec.CA == nil):
		return "it has not exactly one of acme and ca"
	case spec.CA != nil && spec.CA.SecretName == "":
		return "it lacks ca.secretName"
	case spec.ACME == nil:
		return ""
	case !spec.ACME.TermsOfServiceAgreed || spec.ACME.PrivateKeySecretRef.Name == "" || len(spec.ACME.Solvers) == 0:
		return "it lacks termsOfServiceAgreed, privateKeySecretRef or solvers"
	}
	for _, s := range spec.ACME.Solvers {
		if (s.HTTP01 == nil) == (s.DNS01 == nil) {
			return "a solver has not exactly one of http01 and dns01"
		}
		if d := s.DNS01; d != nil && count(d.RFC2136 != nil, d.Webhook != nil, d.Exec != nil) != 1 {
			return "a dns01 solver has not exactly one of rfc2136, webhook and exec"
		}
	}
	return ""
}

func count(conditions ...bool) (n int) {
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

// TestSamplesAreValid decodes the objects of tollgate.dev in config/samples.
func TestSamplesAreValid(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "config/samples/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		name := "config/samples/" + filepath.Base(file)
		for document := range strings.SplitSeq(read(t, name), "\n---\n") {
			if strings.Contains(document, "apiVersion: "+v1alpha1.GroupVersion.String()+"\n") {
				found++
				checkObjects(t, name, document)
			}
		}
	}
	if found < 4 {
		t.Errorf("found only %d objects in config/samples", found)
	}
}
