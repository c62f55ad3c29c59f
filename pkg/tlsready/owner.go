// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// makers are the annotations by which issuers mark the Secrets that they write, in the
// order in which they are believed.
var makers = []struct{ annotation, kind string }{
	{"cert-manager.io/certificate-name", "cert-manager Certificate"},
	{"tollgate.dev/certificate-name", "TLSCertificate"},
	{"service.beta.openshift.io/originating-service-name", "service-ca for Service"},
	{"service.alpha.openshift.io/originating-service-name", "service-ca for Service"},
}

// maxKindBytes bounds the kind of an owner in a message.
const maxKindBytes = 63

// owner says who makes a Secret: whoever an annotation names, else its controller, else
// its first owner.
func owner(s *corev1.Secret) string {
	for _, maker := range makers {
		if name := s.Annotations[maker.annotation]; name != "" {
			return named(maker.kind, name)
		}
	}
	if len(s.OwnerReferences) == 0 {
		return ""
	}
	first := &s.OwnerReferences[0]
	for i := range s.OwnerReferences {
		if ref := &s.OwnerReferences[i]; ref.Controller != nil && *ref.Controller {
			first = ref
			break
		}
	}
	return named(printable(text.Clip(cmp.Or(first.Kind, "object"), maxKindBytes)), first.Name)
}

func named(kind, name string) string {
	return kind + ` "` + printable(text.Clip(name, maxNameBytes)) + `"`
}
