// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"strings"
	"testing"
)

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]string{
		"4": "4", "500m": "500m", "16Gi": "16Gi", "1e3": "1e3", "4Pi": "4Pi", "2E": "", "5Pi": "", "-1": "",
		"1e999999999": "", "1E-999999999": "", "1e+9999": "", ".5e99999": "", "lots": "",
	} {
		q, err := parseAmount(text)
		if err == nil && q.String() != want || (err != nil) != (want == "") {
			t.Errorf("%s: got %s, %v, want %q", text, q.String(), err, want)
		}
	}
}

// TestReadPoolsHugeExponent ends: such quantities take for ever to read.
func TestReadPoolsHugeExponent(t *testing.T) {
	_, err := ReadPools("p.yaml", strings.NewReader("pools:\n- instanceType: m5.large\n  allocatable:\n    cpu: 1e999999999\n"))
	if err == nil || !strings.Contains(err.Error(), `p.yaml:4: pool "m5.large": cpu is "1e999999999"`) {
		t.Errorf("got %v", err)
	}
}
