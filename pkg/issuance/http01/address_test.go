// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseAddresses(t *testing.T) {
	for _, tt := range []struct{ text, want, err string }{
		{text: "10.0.0.7", want: "[10.0.0.7]"},
		{text: "10.0.0.7,2001:db8::7", want: "[10.0.0.7 2001:db8::7]"},
		{text: "2001:db8::7, 10.0.0.7", want: "[2001:db8::7 10.0.0.7]"},
		{text: "::ffff:10.0.0.7", want: "[10.0.0.7]"},
		{text: "", err: "--http01-advertise-address"},
		{text: "pod", err: "not an IP address"},
		{text: "10.0.0.7,", err: "not an IP address"},
		{text: "2001:db8::7%eth0", err: "not an IP address"},
		{text: "127.0.0.1", err: "cannot be reached"},
		{text: "::ffff:127.0.0.1", err: "cannot be reached"},
		{text: "::1", err: "cannot be reached"},
		{text: "0.0.0.0", err: "cannot be reached"},
		{text: "169.254.1.1", err: "cannot be reached"},
		{text: "224.0.0.1", err: "cannot be reached"},
		{text: "10.0.0.7,::1", err: "cannot be reached"},
		{text: "10.0.0.7,10.0.0.8", err: "two addresses of one family"},
	} {
		got, err := ParseAddresses(tt.text)
		if tt.err == "" && (err != nil || fmt.Sprint(got) != tt.want) {
			t.Errorf("ParseAddresses(%q) = %v, %v, want %s", tt.text, got, err, tt.want)
		}
		if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("ParseAddresses(%q): %v, want %q", tt.text, err, tt.err)
		}
		if check := (&Objects{AdvertiseAddress: tt.text}).Check(); (check == nil) != (tt.err == "") {
			t.Errorf("Check(%q): %v", tt.text, check)
		}
	}
}
