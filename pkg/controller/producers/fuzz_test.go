// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"encoding/json"
	"testing"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"

	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// maxClause bounds every clause, in bytes: a name of which each byte may be escaped, a
// condition, and the words around them.
const maxClause = 4*maxName + maxReason + maxMessage + 300

func checkTrimmed(t interface{ Errorf(string, ...any) }, k kind, o map[string]any) {
	got, err := k.trim(&unstructured.Unstructured{Object: o})
	if err != nil {
		t.Errorf("%s: %v", k.name, err)
		return
	}
	for _, c := range got.(*object).claims {
		if c.secret == "" || len(c.secret) > maxName {
			t.Errorf("%s: claims a Secret with a name of %d bytes", k.name, len(c.secret))
		}
		if c.clause == "" || len(c.clause) > maxClause || !utf8.ValidString(c.clause) {
			t.Errorf("%s: clause of %d bytes: %q", k.name, len(c.clause), c.clause)
		}
		for _, r := range c.clause {
			if !unicode.IsPrint(r) {
				t.Errorf("%s: clause with %q: %q", k.name, r, c.clause)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"metadata":{"name":"web","annotations":{"cert-manager.io/issuer":"a","service.beta.openshift.io/serving-cert-secret-name":"b"}},"spec":{"secretName":"web-tls","tls":[{"secretName":"c"}]},"status":{"lastFailureTime":"2026-11-20T16:00:00Z","failedIssuanceAttempts":2,"conditions":[{"type":"Issuing","status":"False","reason":"Failed","message":"a\nb"},{"type":"Ready","status":"False"},{"type":"Synced","status":"False"}]}}`))
	f.Add([]byte(`{"metadata":[],"spec":1,"status":{"conditions":[null,[]]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var o map[string]any
		if json.Unmarshal(data, &o) != nil {
			return
		}
		for _, k := range kinds {
			checkTrimmed(t, k, o)
		}
	})
}

// TestReadAnyJSON puts any JSON at the places that are read.
func TestReadAnyJSON(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"True", "False", "Unknown", "Failed", "2026-11-20T16:00:00Z", "\xff\xfe", "a\u202eb\n\"c\\"}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 300, 2000), func(b []byte) string { return string(b) }))
	scalar := rapid.OneOf(rapid.Map(texts, func(s string) any { return s }), rapid.Just(any(nil)), rapid.Just(any(true)),
		rapid.Map(rapid.Int64(), func(i int64) any { return i }), rapid.Map(rapid.Float64(), func(f float64) any { return f }))
	value := rapid.OneOf(scalar, rapid.Map(rapid.SliceOfN(scalar, 0, 3), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(texts, scalar, 0, 3), func(m map[string]any) any { return m }))
	mostly := func(t *rapid.T, name string, v any) any {
		if rapid.IntRange(0, 9).Draw(t, name+" is odd") == 0 {
			return value.Draw(t, name)
		}
		return v
	}
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) any { return mostly(t, name, texts.Draw(t, name)) }
		condition := func(conditionType string) any {
			return mostly(t, conditionType, map[string]any{"type": conditionType, "status": text("status"), "reason": text("reason"), "message": text("message")})
		}
		o := map[string]any{
			"metadata": mostly(t, "metadata", map[string]any{
				"name": text("name"), "creationTimestamp": text("creationTimestamp"), "deletionTimestamp": mostly(t, "deletionTimestamp", nil),
				"annotations": mostly(t, "annotations", map[string]any{
					"cert-manager.io/issuer":                                  text("issuer"),
					"service.beta.openshift.io/serving-cert-secret-name":      text("serving-cert"),
					"service.beta.openshift.io/serving-cert-generation-error": text("serving-cert-error"),
				}),
			}),
			"spec": mostly(t, "spec", map[string]any{
				"secretName": text("secretName"),
				"target":     mostly(t, "target", map[string]any{"name": text("target name"), "creationPolicy": text("creationPolicy")}),
				"tls":        mostly(t, "tls", []any{map[string]any{"secretName": text("tls secretName")}}),
			}),
			"status": mostly(t, "status", map[string]any{
				"lastFailureTime": text("lastFailureTime"), "failedIssuanceAttempts": mostly(t, "attempts", rapid.Int64().Draw(t, "attempts")),
				"conditions": mostly(t, "conditions", []any{condition("Issuing"), condition("Ready"), condition("Synced")}),
			}),
		}
		for _, k := range kinds {
			checkTrimmed(t, k, o)
		}
	})
}
