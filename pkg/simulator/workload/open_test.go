// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

func packed(t *testing.T, in string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(in)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReadTellsKinds(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"openb":          {minimal + "a,1,1,0,1\n", "default/a"},
		"openb with BOM": {"\ufeff" + minimal + "a,1,1,0,1\r\n", "default/a"},
		"simkube":        {simKube("", event(1, deployment("a", 1), "")), "ns/a-0"},
		"dump":           {"\n " + list(node("n"), pod("p", "", onN, "")), "ns/p@n"},
	} {
		for _, in := range []string{tc.in, packed(t, tc.in)} {
			w, err := workload.Read("f", strings.NewReader(in), workload.Options{})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if got, _, _ := strings.Cut(lines(w), " "); got != tc.want {
				t.Errorf("%s: got %q, want %q", name, got, tc.want)
			}
		}
	}
}

func TestReadFaults(t *testing.T) {
	const want = "want an openb trace (CSV), a SimKube trace (JSON), or what this prints: kubectl get nodes,pods -A -o json"
	for name, tc := range map[string]struct{ in, want string }{
		"empty":    {"\n", "reading workload: f is empty; " + want},
		"text":     {"hello\n", `reading workload: f begins with "hello"; ` + want},
		"yaml":     {"apiVersion: v1\n", "reading workload: f is YAML; write JSON: kubectl get nodes,pods -A -o json"},
		"msgpack":  {"\x85\xa7version\x02", "reading workload: f is no text; a SimKube trace must be in JSON, not in msgpack; " + want},
		"JSON":     {"{}", "reading workload: f has neither events nor items; " + want},
		"half":     {"{", "reading workload: f:1: the file ends within a JSON object; write it again in full"},
		"gzip":     {"\x1f\x8b", "reading workload: unpacking f: unexpected EOF"},
		"cut gzip": {packed(t, minimal)[:20], "reading workload: f: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := workload.Read("f", strings.NewReader(tc.in), workload.Options{})
			wantError(t, w, err, tc.want)
		})
	}
	if _, err := workload.Open("testdata/none.csv", workload.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
