// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const a, b = `{"apiVersion":"v1","kind":"A"}`, `{"apiVersion":"v1","kind":"B"}`
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"comments", "# nothing\n---\n# yet\n", nil},
		{"documents", "# first\n---\n" + a + "\n---\n---\napiVersion: v1\nkind: B\n", []string{"A f, document 1", "B f, document 2"}},
		{"JSON objects one after the other", a + "\n" + b, []string{"A f, document 1", "B f, document 2"}},
		{"list of kubectl", `{"apiVersion":"v1","kind":"List","items":[` + a + "," + b + `]}`, []string{"A f, document 1, item 1", "B f, document 1, item 2"}},
		{"list of the API", `{"apiVersion":"v1","kind":"AList","items":[{}]}`, []string{"A f, document 1, item 1"}},
		{"list in a list", `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"AList","items":[{}]}]}`, []string{"A f, document 1, item 1, item 1"}},
		{"empty list", "apiVersion: v1\nkind: List\nitems:\n", nil},
		{"items of something else", `{"apiVersion":"v1","kind":"ConfigMap","items":7}`, []string{"ConfigMap f, document 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inputs, err := Parse("f", strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, in := range inputs {
				got = append(got, in.Object["kind"].(string)+" "+in.Source)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want, +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	const good = "apiVersion: v1\nkind: A\n---\n"
	for text, want := range map[string]string{
		good + "a: [":                          "reading document 2: ",
		good + "{":                             "reading document 2: ",
		good + "- a":                           "reading document 2: want an object of Kubernetes, found a list",
		good + "kind: A":                       "reading document 2: apiVersion or kind is missing",
		"apiVersion: v1\nkind: A\nkind: B":     "already set in map",
		"apiVersion: v1\nkind: List\nitems: 7": "reading document 1: items: want a list, found a number",
		"apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: A}, 7]":    "reading document 1: item 2: want an object, found a number",
		"apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: A}, {}]":   "reading document 1: item 2: apiVersion or kind is missing",
		`{"apiVersion":"v1","kind":"A"}` + "\n" + `{"apiVersion":"v1","kind":`: "reading document 1: ",
		"{apiVersion: v1, kind: A}\n{apiVersion: v1":                           "reading document 1: text follows the end of the object",
		"{apiVersion: v1, kind: A} web":                                        "reading document 1: ",
	} {
		inputs, err := Parse("f", strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) || inputs != nil {
			t.Errorf("%s: %v, %v; want an error with %q", text, inputs, err, want)
		}
	}
}

// Whatever is read twice, is too old or is being deleted is left out; other kinds are counted.
func TestSort(t *testing.T) {
	r := convert(t, caIssuer, caIssuer,
		"{apiVersion: cert-manager.io/v1alpha2, kind: Issuer, metadata: {name: older}}",
		"{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: going, deletionTimestamp: '2026-01-01T00:00:00Z'}, spec: {ca: {secretName: x}}}",
		"{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: 7}",
		"{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: a, namespace: B}}",
		"{apiVersion: v1, kind: Secret}", "{apiVersion: v1, kind: Secret}", "{apiVersion: apps/v1, kind: Deployment}",
		"{apiVersion: a/b/c, kind: Certificate}")
	var got []string
	for _, l := range r.LeftOut {
		got = append(got, l.Ref.Name+": "+l.Why)
	}
	want := []string{
		`a: metadata.namespace: want the name of a namespace, found "B"`,
		`: metadata: want an object, found a number`,
		`going: it is being deleted`,
		`older: apiVersion "cert-manager.io/v1alpha2" is too old to be read; read the object from the API server, which converts it to cert-manager.io/v1: kubectl get issuers.cert-manager.io -A -o yaml`,
		`ca: it is there twice; the first is taken, of test, document 1`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("left out (-want, +got):\n%s", diff)
	}
	others := []Other{{"a/b/c", "Certificate", 1}, {"apps/v1", "Deployment", 1}, {"v1", "Secret", 2}}
	if diff := cmp.Diff(others, r.Others); diff != "" {
		t.Errorf("others (-want, +got):\n%s", diff)
	}
	if lines := r.Lines(); lines[len(lines)-1] != "4 of other kinds are not read: 1 Certificate (a/b/c), 1 Deployment (apps/v1), 2 Secret (v1)" {
		t.Errorf("lines: %q", lines)
	}
}
