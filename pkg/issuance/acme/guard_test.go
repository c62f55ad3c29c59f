// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestIssuanceLimit(t *testing.T) {
	for server, public := range map[string]bool{
		"https://acme-v02.api.letsencrypt.org/directory": true,
		"https://ca.example.com:14000/dir":               true,
		"https://8.8.8.8/dir":                            true,
		"https://[2606:4700::1111]/dir":                  true,
		"https://pebble/dir":                             false,
		"https://pebble.:14000/dir":                      false,
		"https://localhost:14000/dir":                    false,
		"https://127.0.0.1:14000/dir":                    false,
		"https://10.1.2.3/dir":                           false,
		"https://172.31.0.1/dir":                         false,
		"https://172.32.0.1/dir":                         true,
		"https://192.168.1.1/dir":                        false,
		"https://100.64.0.1/dir":                         false,
		"https://169.254.1.1/dir":                        false,
		"https://[fd00::1]/dir":                          false,
		"https://[fe80::1%25eth0]/dir":                   false,
		"https://[::1]:14000/dir":                        false,
		"https://[::ffff:10.0.0.1]/dir":                  false,
		"https:///dir":                                   true,
		"%":                                              true,
	} {
		if got := PublicServer(server); got != public {
			t.Errorf("PublicServer(%q) = %t, want %t", server, got, public)
		}
		want := 0
		if public {
			want = 4
		}
		if got := IssuanceLimit(&v1alpha1.ACMEIssuer{Server: server}); got != want {
			t.Errorf("IssuanceLimit of %q = %d, want %d", server, got, want)
		}
		for _, n := range []int32{0, 7} {
			if got := IssuanceLimit(&v1alpha1.ACMEIssuer{Server: server, MaxIssuancesPerWeek: ptr.To(n)}); got != int(n) {
				t.Errorf("IssuanceLimit of %q with %d = %d", server, n, got)
			}
		}
	}
}

func TestPermitted(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ago := func(days ...int) (out []issuance) {
		for _, d := range days {
			out = append(out, issuance{At: now.AddDate(0, 0, -d), Order: fmt.Sprint(d)})
		}
		return out
	}
	for name, tt := range map[string]struct {
		used  []issuance
		limit int
		want  time.Time
	}{
		"none":                    {nil, 4, time.Time{}},
		"fewer":                   {ago(1, 2, 3), 4, time.Time{}},
		"as many":                 {ago(1, 2, 3, 6), 4, now.AddDate(0, 0, 1)},
		"old ones do not count":   {ago(1, 2, 3, 7, 8), 4, time.Time{}},
		"more, limit was lowered": {ago(1, 2, 3, 4, 5, 6), 2, now.AddDate(0, 0, 5)},
		"off":                     {ago(1, 1, 1, 1, 1), 0, time.Time{}},
		"of a clock gone wrong":   {ago(-400), 1, now.AddDate(0, 0, 7)},
	} {
		if got := permitted(recent(tt.used, now), tt.limit); !got.Equal(tt.want) {
			t.Errorf("%s: permitted at %s, want %s", name, got, tt.want)
		}
	}
}

func TestTrim(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	sets := map[string][]issuance{"gone": {{At: now.Add(-guardWindow)}}}
	for i := range maxIssuances + 100 {
		sets[fmt.Sprintf("%032x", i)] = []issuance{{At: now.Add(-time.Duration(i) * time.Second), Order: strings.Repeat("f", 16)}}
	}
	got := trim(sets, now, maxIssuances)
	if _, ok := got["gone"]; ok || len(got) != maxIssuances {
		t.Errorf("%d sets are kept, want the %d that are recent", len(got), maxIssuances)
	}
	if _, ok := got[fmt.Sprintf("%032x", 0)]; !ok {
		t.Error("the newest is not kept")
	}
	if data, err := json.Marshal(got); err != nil || len(data) > 1<<20-1<<16 {
		t.Errorf("%d bytes, %v: too many for a Secret", len(data), err)
	}
}

func TestIdentifierSet(t *testing.T) {
	set := func(names, ips []string) string {
		return identifierSet(&v1alpha1.TLSCertificate{Spec: v1alpha1.TLSCertificateSpec{DNSNames: names, IPAddresses: ips}})
	}
	a := set([]string{"a.example.com", "b.example.com"}, []string{"2001:db8::1"})
	if b := set([]string{"b.example.com", "a.example.com"}, []string{"2001:DB8:0::1"}); a != b {
		t.Error("the order or form of names matters")
	}
	if b := set([]string{"a.example.com"}, nil); a == b {
		t.Error("different names are the same")
	}
}
