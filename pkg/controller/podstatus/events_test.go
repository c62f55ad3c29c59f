// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"testing"
	"time"
)

func TestFormatHeld(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                     "0s",
		3210 * time.Millisecond:               "3.2s",
		90*time.Second + 900*time.Millisecond: "1m31s",
		3 * time.Hour:                         "3h0m0s",
	} {
		if got := formatHeld(d); got != want {
			t.Errorf("formatHeld(%d) = %q, want %q", d, got, want)
		}
	}
}
