// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

func TestOwner(t *testing.T) {
	yes, no := true, false
	annotated := func(keyValues ...string) metav1.ObjectMeta {
		m := metav1.ObjectMeta{Annotations: map[string]string{}, OwnerReferences: []metav1.OwnerReference{{Kind: "Other", Name: "o"}}}
		for i := 0; i < len(keyValues); i += 2 {
			m.Annotations[keyValues[i]] = keyValues[i+1]
		}
		return m
	}
	owned := func(refs ...metav1.OwnerReference) metav1.ObjectMeta { return metav1.ObjectMeta{OwnerReferences: refs} }
	for name, tt := range map[string]struct {
		meta metav1.ObjectMeta
		want string
	}{
		"nobody":       {metav1.ObjectMeta{Annotations: map[string]string{"a": "b"}}, ""},
		"cert-manager": {annotated("cert-manager.io/certificate-name", "web"), `cert-manager Certificate "web"`},
		"Tollgate":     {annotated("tollgate.dev/certificate-name", "web"), `TLSCertificate "web"`},
		"both":         {annotated("tollgate.dev/certificate-name", "a", "cert-manager.io/certificate-name", "b"), `cert-manager Certificate "b"`},
		"empty":        {annotated("tollgate.dev/certificate-name", "", "service.beta.openshift.io/originating-service-name", "api"), `service-ca for Service "api"`},
		"alpha":        {annotated("service.alpha.openshift.io/originating-service-name", "api"), `service-ca for Service "api"`},
		"owner":        {owned(metav1.OwnerReference{Kind: "ExternalSecret", Name: "web", Controller: &no}), `ExternalSecret "web"`},
		"controller":   {owned(metav1.OwnerReference{Kind: "A", Name: "a"}, metav1.OwnerReference{Kind: "B", Name: "b", Controller: &yes}), `B "b"`},
		"no kind":      {owned(metav1.OwnerReference{Name: "a"}), `object "a"`},
		"hostile":      {annotated("cert-manager.io/certificate-name", "a\nb\x00"+strings.Repeat("ü", 500)), `cert-manager Certificate "a?b?` + strings.Repeat("?", 58) + `..."`},
	} {
		t.Run(name, func(t *testing.T) {
			// A Secret that cannot serve has an owner too.
			if got := tlsready.Inspect(&corev1.Secret{ObjectMeta: tt.meta}).Owner; got != tt.want {
				t.Errorf("owner %q, want %q", got, tt.want)
			}
		})
	}
}
