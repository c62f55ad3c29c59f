// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// convert converts YAML documents.
func convert(t *testing.T, docs ...string) *Result {
	t.Helper()
	return convertWith(t, Options{}, docs...)
}

func convertWith(t *testing.T, o Options, docs ...string) *Result {
	t.Helper()
	inputs, err := Parse("test", strings.NewReader(strings.Join(docs, "\n---\n")))
	if err != nil {
		t.Fatal(err)
	}
	return Convert(inputs, o)
}

// only returns the only object of a kind.
func (r *Result) only(t *testing.T, kind string) *Item {
	t.Helper()
	var found *Item
	for i := range r.Items {
		if r.Items[i].To.Kind != kind {
			continue
		}
		if found != nil {
			t.Fatalf("there are several of kind %s", kind)
		}
		found = &r.Items[i]
	}
	if found == nil {
		t.Fatalf("there is no %s; left out: %v", kind, r.LeftOut)
	}
	return found
}

// short are the notes as "kind field", but for what every object has.
func short(notes []Note) []string {
	var all []string
	for _, n := range notes {
		if n.Field == "" || n.Field == "spec.acme.server" && n.Kind == Info || n.Field == "spec.acme.privateKeySecretRef" && n.Kind == Info {
			continue
		}
		all = append(all, n.Kind+" "+n.Field)
	}
	return all
}

// wantYAML compares an object with YAML.
func wantYAML(t *testing.T, got any, want string) {
	t.Helper()
	var w, g any
	if err := yaml.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	data, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

func yamlOf(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

func document(apiVersion, kind, name, spec string) string {
	return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: shop}\nspec: " + spec + "\n"
}

const (
	caIssuer   = "{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: ca, namespace: shop}, spec: {ca: {secretName: ca}}}"
	acmeIssuer = `{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: acme}, spec: {acme: {server: "https://ca.example.com/dir",
privateKeySecretRef: {name: account}, solvers: [{http01: {ingress: {}}}]}}}`
)
