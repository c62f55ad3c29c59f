// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

func TestEntriesAreWrittenWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench", "issue.json")
	for range 2 { // over the last one too
		err := measure.WriteEntries(path, []measure.Entry{newEntry("ca/total_s", "s", 31, 1).Against(62), newEntry("restart/requests/certs=10000", "", 20000, 1)})
		if err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"name": "ca/total_s", "value": 31.0, "unit": "s", "baseline": 62.0, "ratio": 0.5, "samples": 1.0},
		{"name": "restart/requests/certs=10000", "value": 20000.0, "unit": "", "baseline": nil, "ratio": nil, "samples": 1.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("issue.json (-want +got):\n%s", diff)
	}
	if left, err := filepath.Glob(path + "?*"); err != nil || len(left) > 0 {
		t.Errorf("left beside issue.json: %v, %v", left, err)
	}
}
