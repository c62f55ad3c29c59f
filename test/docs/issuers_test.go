// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const issuers = "docs/issuers.md"

// TestIssuerFieldsAreExplained wants every field that people set on issuers and TLSCertificates on the page about them.
func TestIssuerFieldsAreExplained(t *testing.T) {
	page := read(t, issuers) + read(t, "docs/dns01-plugins.md")
	names := map[string]bool{}
	for _, spec := range []any{v1alpha1.ClusterIssuerSpec{}, v1alpha1.TLSCertificateSpec{}} {
		fieldsOf(reflect.TypeOf(spec), names)
	}
	if len(names) < 50 {
		t.Errorf("found only %d fields", len(names))
	}
	for name := range names {
		if !regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(page) {
			t.Errorf("field %s is not in %s", name, issuers)
		}
	}
}

// fieldsOf adds the JSON names of all fields of a type of this API, and of what they hold.
func fieldsOf(typ reflect.Type, names map[string]bool) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[v1alpha1.IssuerSpec]().PkgPath() {
		return // such as metav1.Duration
	}
	for i := range typ.NumField() {
		field := typ.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" {
			names[name] = true
		}
		fieldsOf(field.Type, names)
	}
}

// TestSecretTypesAreNamed wants what the controller keeps on the page about issuers.
func TestSecretTypesAreNamed(t *testing.T) {
	page := section(t, read(t, issuers), "## What the controller keeps")
	found := 0
	for _, pkg := range packages(t, "pkg") {
		for _, c := range pkg.constants() {
			if !strings.HasSuffix(c.name, "SecretType") || !strings.HasPrefix(c.value, "tollgate.dev/") {
				continue
			}
			found++
			if !strings.Contains(page, "`"+c.value+"`") {
				t.Errorf("%s does not tell of Secrets of type %s", issuers, c.value)
			}
		}
	}
	if found == 0 {
		t.Error("found no types of Secrets")
	}
}
