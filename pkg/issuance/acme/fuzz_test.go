// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"encoding/base64"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func FuzzMACKey(f *testing.F) {
	for _, seed := range []string{"", "YWJjZGVmZ2g", "YWJjZGVmZ2g=\n", "+/+/+/+/+/+/", "-_-_-_-_-_-_", `"YWJjZGVmZ2g"`, "YWJj ZGVmZ2g"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := macKey(text)
		if err != nil {
			return
		}
		if key, err := base64.RawURLEncoding.DecodeString(got); err != nil || len(key) < minMAC {
			t.Errorf("macKey(%q) = %q: %d bytes, %v", text, got, len(key), err)
		}
	})
}

// FuzzJournal: Secrets of the type may be written by anybody.
func FuzzJournal(f *testing.F) {
	for _, seed := range []string{"", "null", "[]", "{}", `[{"fqdn":"a.","released":"2026-11-20T00:00:00Z"}]`, `[{"attempts":-1}]`, `[null]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := parseJournal(&corev1.Secret{Type: DNS01SecretType, Data: map[string][]byte{recordsKey: data}})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range j.entries {
			if backoff(x.Attempts) < 0 || backoff(x.Attempts) > time.Hour {
				t.Errorf("%d attempts: again after %s", x.Attempts, backoff(x.Attempts))
			}
		}
	})
}
