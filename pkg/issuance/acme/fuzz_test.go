// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"encoding/base64"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
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

// FuzzRenewalMoment: whatever the window, the moment is in it.
func FuzzRenewalMoment(f *testing.F) {
	f.Add(int64(0), int64(1), "a.b")
	f.Add(int64(1700000000), int64(1800000000), "")
	f.Fuzz(func(t *testing.T, start, end int64, id string) {
		const year9999 = 253402300799
		if start < 0 || end > year9999 || start >= end || end-start > 1<<33 {
			t.Skip()
		}
		info := &v1alpha1.RenewalInfo{Start: &metav1.Time{Time: time.Unix(start, 0)}, End: &metav1.Time{Time: time.Unix(end, 0)}}
		if at := RenewalMoment(info, id).Unix(); at < start || at >= end {
			t.Errorf("%d is not in [%d, %d)", at, start, end)
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
