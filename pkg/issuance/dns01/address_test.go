// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"net"
	"testing"
)

func TestHostPort(t *testing.T) {
	for _, test := range []struct{ in, want, err string }{
		{"192.0.2.53", "192.0.2.53:53", ""},
		{"192.0.2.53:5353", "192.0.2.53:5353", ""},
		{"2001:db8::53", "[2001:db8::53]:53", ""},
		{"[2001:db8::53]", "[2001:db8::53]:53", ""},
		{"[2001:db8::53]:5353", "[2001:db8::53]:5353", ""},
		{"ns1.example.com", "ns1.example.com:53", ""},
		{"ns1.example.com.:54", "ns1.example.com.:54", ""},
		{"bind", "bind:53", ""},
		{"", "", `"" is neither an IP address nor a host name`},
		{"ns1:dns", "", `"ns1:dns" has port "dns"; it must be a number from 1 to 65535`},
		{"ns1:0", "", `"ns1:0" has port "0"; it must be a number from 1 to 65535`},
		{"ns1:65536", "", `"ns1:65536" has port "65536"; it must be a number from 1 to 65535`},
		{"https://ns1", "", `"https://ns1" has port "//ns1"; it must be a number from 1 to 65535`},
		{"a:b:c", "", `"a:b:c" is not host or host:port`},
		{"ns1 ns2", "", `"ns1 ns2" is neither an IP address nor a host name`},
	} {
		got, err := hostPort(test.in)
		if got != test.want || err == nil != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("hostPort(%q) = %q, %v; want %q, %q", test.in, got, err, test.want, test.err)
		}
	}
}

func FuzzHostPort(f *testing.F) {
	for _, s := range []string{"ns1", "192.0.2.1:53", "[::1]:5", "::1", "[", "]:1", "fe80::1%eth0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, err := hostPort(s)
		if err != nil {
			return
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			t.Errorf("hostPort(%q) = %q, which does not split: %v", s, address, err)
		}
		if again, err := hostPort(address); err != nil || again != address {
			t.Errorf("hostPort(%q) = %q, %v; want it unchanged", address, again, err)
		}
	})
}

func FuzzTSIGSecret(f *testing.F) {
	for _, s := range []string{goodSecret, `"` + goodSecret + `"`, "key k { secret \"x\"; };", "", "="} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := decodeTSIGSecret(b)
		if (err == nil) == (len(key) == 0) {
			t.Errorf("decodeTSIGSecret(%q) = %q, %v", b, key, err)
		}
	})
}
