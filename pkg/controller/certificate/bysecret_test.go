// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestBySecret(t *testing.T) {
	var b bySecret
	named := func(name, secret string) *v1alpha1.TLSCertificate {
		c := web()
		c.Name, c.Spec.SecretName = name, secret
		return c
	}
	want := func(secret string, names ...string) {
		t.Helper()
		if diff := cmp.Diff(names, b.of("shop", secret)); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", secret, diff)
		}
	}
	b.OnAdd(named("web", "web-tls"), true)
	b.OnAdd(named("web", "web-tls"), false)
	b.OnAdd(named("rival", "web-tls"), false)
	want("web-tls", "web", "rival")
	b.OnUpdate(named("web", "web-tls"), named("web", "web-tls"))
	want("web-tls", "web", "rival")
	b.OnUpdate(named("web", "web-tls"), named("web", "other-tls"))
	want("web-tls", "rival")
	want("other-tls", "web")
	b.OnDelete(toolscache.DeletedFinalStateUnknown{Key: "shop/rival", Obj: named("rival", "web-tls")})
	b.OnDelete(named("nobody", "web-tls"))
	want("web-tls")
	if len(b.names) != 1 || b.of("bank", "other-tls") != nil {
		t.Errorf("left: %v", b.names)
	}
}
