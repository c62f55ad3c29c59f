// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestMalformedRulesAreTold(t *testing.T) {
	issuer := internal(nil)
	issuer.Spec.Allow = []v1alpha1.AllowRule{
		{DNSNames: []string{"*.example.com", "*"}, IPRanges: []string{"10.0.0.1"}, URIs: []string{"example.org"}},
		{NamespaceSelector: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "Is"}}}},
	}
	e := newEnv(t, "", issuer)
	message := e.want(e.run(), "True", v1alpha1.ReasonCAReady)
	for _, want := range []string{"can sign until", `spec.allow[0].dnsNames[1] "*"`, `spec.allow[0].ipRanges[0] "10.0.0.1"`, "spec.allow[0].uris[0]", "; and 1 more"} {
		if !strings.Contains(message, want) {
			t.Errorf("message %q, want %q", message, want)
		}
	}
	if again := withFaults(message, issuer); again != message {
		t.Errorf("said twice: %q", again)
	}
	if got := withFaults("fine", internal(nil)); got != "fine" {
		t.Errorf("message %q of an issuer without rules", got)
	}
}
