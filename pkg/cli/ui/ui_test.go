// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ui

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	base := errors.New("reading file: no such file")
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"without hint", base, "error: reading file: no such file\n"},
		{"hint", WithHint(base, "check %s", "it"), "error: reading file: no such file\nhint: check it\n"},
		{"wrapped hint", fmt.Errorf("running: %w", WithHint(base, "check it")), "error: running: reading file: no such file\nhint: check it\n"},
		{"the innermost hint counts", WithHint(WithHint(base, "first"), "second"), "error: reading file: no such file\nhint: first\n"},
		{"lines", errors.New("one\ntwo\n"), "error: one\n  two\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			Report(&b, tt.err)
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("unexpected text (-want, +got):\n%s", diff)
			}
		})
	}
	if WithHint(nil, "hint") != nil {
		t.Error("nil with a hint is an error")
	}
	if !errors.Is(WithHint(base, "hint"), base) {
		t.Error("the hint hides the error")
	}
}

func TestTable(t *testing.T) {
	table := Table{
		Columns: []Column{{Name: "NAME"}, {Name: "PRICE", Right: true}, {Name: "WHY"}},
		Rows:    [][]string{{"a", "$10", "ä b"}, {"longer", None, ""}},
	}
	for noHeaders, want := range map[bool]string{
		false: "NAME      PRICE   WHY\na           $10   ä b\nlonger   <none>\n",
		true:  "a           $10   ä b\nlonger   <none>\n",
	} {
		var b strings.Builder
		if err := table.Write(&b, noHeaders); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("noHeaders=%t (-want, +got):\n%s", noHeaders, diff)
		}
	}
}
