// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package text

import (
	"testing"
	"time"
)

func TestCuts(t *testing.T) {
	for _, test := range []struct {
		s              string
		n              int
		clip, truncate string
	}{
		{"short", 8, "short", "short"},
		{"exactly8", 8, "exactly8", "exactly8"},
		{"nine long", 8, "nine lon...", "nine ..."},
		{"zwölfzwölf", 6, "zwölf...", "zw..."}, // ö has two bytes, 2 and 3
		{"zzöölf", 5, "zzö...", "zz..."},
		{"abcdef", 3, "abc...", "..."},
	} {
		if got := Clip(test.s, test.n); got != test.clip {
			t.Errorf("Clip(%q, %d) = %q, want %q", test.s, test.n, got, test.clip)
		}
		if got := Truncate(test.s, test.n); got != test.truncate {
			t.Errorf("Truncate(%q, %d) = %q, want %q", test.s, test.n, got, test.truncate)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 40 * time.Second: "40s", 10 * time.Minute: "10m", 70 * time.Second: "1m10s", 720 * time.Hour: "720h", 70 * time.Minute: "1h10m",
		time.Hour + time.Second: "1h0m1s", 1500 * time.Millisecond: "1.5s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%s) = %q, want %q", d.String(), got, want)
		}
	}
}
