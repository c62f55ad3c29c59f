// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"compress/gzip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names are the nodes, then the pods as namespace/name.
func names(s *Snapshot) []string {
	var all []string
	for _, n := range s.Nodes {
		all = append(all, n.Name)
	}
	for _, p := range s.Pods {
		all = append(all, p.Namespace+"/"+p.Name)
	}
	return all
}

const (
	node = `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}`
	pod  = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"s"}}`
)

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
		others     int
	}{
		{name: "list of kubectl", text: `{"apiVersion":"v1","kind":"List","items":[` + pod + "," + node + `]}`, want: []string{"n", "s/p"}},
		{name: "list of the API", text: `{"apiVersion":"v1","kind":"NodeList","items":[{"metadata":{"name":"b"}},{"metadata":{"name":"a"}}]}`, want: []string{"a", "b"}},
		{name: "one object", text: node, want: []string{"n"}},
		{name: "YAML documents", text: "---\n" + node + "\n---\n\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\n", want: []string{"n", "default/q"}},
		{name: "JSON objects one after the other", text: `{"apiVersion":"v1","kind":"NodeList","items":[` + node + `]}` + "\n" + `{"apiVersion":"v1","kind":"PodList","items":[` + pod + `]}`, want: []string{"n", "s/p"}},
		{name: "packed", text: packed(node + "\n---\n" + pod), want: []string{"n", "s/p"}},
		{name: "a custom resource that stands alone", text: node + `{"apiVersion":"example.com/v1","kind":"WidgetList","items":[{}]}`, want: []string{"n"}},
		{name: "custom resources are left out", text: `{"apiVersion":"v1","kind":"List","items":[` + node + `,{"apiVersion":"example.com/v1","kind":"Widget"}]}`, want: []string{"n"}},
		{name: "what no filter reads is left out", text: `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}]}`},
		{name: "volume claims", text: `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"c"}}]}`, others: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse(strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, names(s)); diff != "" || len(s.Others) != tt.others {
				t.Errorf("%d others, unexpected names (-want, +got):\n%s", len(s.Others), diff)
			}
			for _, p := range s.Pods {
				if p.UID == "" {
					t.Errorf("pod %s has no UID", p.Name)
				}
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "\n\n", "it is empty"},
		{"no kind", `{"a": 1}`, "document 1: apiVersion or kind is missing; want a List, NodeList or PodList"},
		{"no kind of an item", `{"apiVersion":"v1","kind":"List","items":[` + node + `,{"secret":1}]}`, "document 1: item 1: apiVersion or kind is missing"},
		{"not Kubernetes", `{"kind": 1}`, "document 1: decoding it as objects of Kubernetes"},
		{"second object", node + `{"a": 1}`, "document 2: apiVersion or kind is missing"},
		{"cut gzip", packed(node)[:20], "it ends within the packed data; write it again in full"},
		{"no gzip", "\x1f\x8b", "unpacking it: unexpected EOF"},
		{"cut off", `{"apiVersion":"v1","kind":"List","items":[`, "document 1"},
		{"twice", node + "\n---\n" + node, "document 2: *v1.Node /n is there twice"},
		{"no name", `{"apiVersion":"v1","kind":"Node"}`, "a *v1.Node has no name"},
		{"bad item", `{"apiVersion":"v1","kind":"List","items":[` + node + `,{"apiVersion":"v1","kind":"Pod","spec":7}]}`, "document 1: decoding item 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestPodsByNode(t *testing.T) {
	data, err := os.ReadFile("../testdata/dump.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	byNode := s.PodsByNode()
	if got := len(byNode["metal-1"]); got != 0 {
		t.Errorf("metal-1 has %d pods, want none: its pod has finished", got)
	}
	if got := len(byNode["aws-large"]); got != 2 {
		t.Errorf("aws-large has %d pods, want 2", got)
	}
	if _, ok := byNode[""]; ok {
		t.Error("pending pods have a node")
	}
}

// FuzzParse looks for panics.
func FuzzParse(f *testing.F) {
	f.Add([]byte(node + "\n---\n" + pod))
	f.Add([]byte(`{"apiVersion":"v1","kind":"List","items":[{"kind":"Node"},null,1]}`))
	f.Add([]byte("apiVersion: v1\nkind: PodList\nitems: [{}]\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if s, err := Parse(bytes.NewReader(data)); err == nil {
			s.PodsByNode()
		}
	})
}
