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

// yamlDump is what kubectl writes with -o yaml.
const yamlDump = `apiVersion: v1
items:
- apiVersion: v1
  kind: Node
  metadata:
    creationTimestamp: "2026-01-01T00:00:00Z"
    name: "n"
  status:
    allocatable:
      cpu: "4"
      memory: 8Gi
      pods: "110"
- apiVersion: v1
  kind: Pod
  metadata:
    name: p
    namespace: ns
  spec:
    containers:
    - name: c
    nodeName: "n"
kind: List
metadata:
  resourceVersion: ""
`

func TestReadTellsKinds(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"openb":          {minimal + "a,1,1,0,1\n", "default/a"},
		"openb with BOM": {"\ufeff" + minimal + "a,1,1,0,1\r\n", "default/a"},
		"simkube":        {simKube("", event(1, deployment("a", 1), "")), "ns/a-0"},
		"dump":           {"\n " + list(node("n"), pod("p", "", onN, "")), "ns/p@n"},
		"JSON documents": {node("n") + "\n---\n" + pod("p", "", onN, ""), "ns/p@n"},
		"YAML":           {yamlDump, "ns/p@n"},
		"YAML documents": {"---\n# nodes\n---\n" + node("n") + "\n---\nkind: PodList\nitems:\n- metadata: {name: p, namespace: ns}\n  spec: {nodeName: \"n\", containers: [{name: c}]}\n", "ns/p@n"},
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
		"yaml":     {"kind: List\nitems: {}\n", "reading dump: f.items: want an array"},
		"bad yaml": {"---\nkind: List\n---\nitems: [\n", "reading workload: f: document 2: yaml: line 1: did not find expected node content"},
		"no list":  {"---\n- a\n", "reading workload: f:1: want a JSON object, found array"},
		"huge":     {"kind: List\nitems: [{cpu: .inf}]\n", "reading workload: f: document 1: json: unsupported value: +Inf"},
		"msgpack":  {"\x85\xa7version\x02", "reading workload: f is no text; a SimKube trace must be in JSON, not in msgpack; " + want},
		"JSON":     {"{}", "reading workload: f has neither events nor items; " + want},
		"half":     {"{", "reading workload: f:1: the file ends within a JSON object; write it again in full"},
		"gzip":     {"\x1f\x8b", "reading workload: unpacking f: unexpected EOF"},
		"cut gzip": {packed(t, minimal)[:20], "reading workload: f ends within the packed data; write it again in full"},
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
