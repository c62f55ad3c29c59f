// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// annotated returns a pod with the given annotations: key, value, key, value ...
func annotated(keysAndValues ...string) *corev1.Pod {
	pod := &corev1.Pod{}
	for i := 0; i < len(keysAndValues); i += 2 {
		if pod.Annotations == nil {
			pod.Annotations = make(map[string]string)
		}
		pod.Annotations[keysAndValues[i]] = keysAndValues[i+1]
	}
	return pod
}

func TestParse(t *testing.T) {
	tests := map[string]struct {
		pod  *corev1.Pod
		want []Requirement
	}{
		"no annotation": {pod: annotated()},
		"names are trimmed, sorted and unique": {
			pod:  annotated(RequireTLSAnnotation, " web-tls ,api-tls,web-tls"),
			want: []Requirement{{SecretName: "api-tls"}, {SecretName: "web-tls"}},
		},
		"JSON requirements": {
			pod: annotated(RequirementsAnnotation, `[{"secretName":"web-tls","dnsNames":["WWW.example.com.","*.example.com","www.example.com"]}]`),
			want: []Requirement{
				{SecretName: "web-tls", DNSNames: []string{"*.example.com", "www.example.com"}},
			},
		},
		"YAML requirements": {
			pod: annotated(RequirementsAnnotation, "---\n- secretName: web-tls\n  dnsNames:\n  - bücher.example.com\n  - '*.müller.example'\n  - 192.0.2.1\n  - 2001:DB8:0::1\n- secretName: api-tls\n"),
			want: []Requirement{
				{SecretName: "api-tls"},
				{SecretName: "web-tls", DNSNames: []string{"*.xn--mller-kva.example", "192.0.2.1", "2001:db8::1", "xn--bcher-kva.example.com"}},
			},
		},
		"both annotations: union, requirements add names": {
			pod: annotated(RequireTLSAnnotation, "web-tls,api-tls",
				RequirementsAnnotation, `[{"secretName":"web-tls","dnsNames":["a.example"]},{"secretName":"db-tls"}]`),
			want: []Requirement{
				{SecretName: "api-tls"}, {SecretName: "db-tls"}, {SecretName: "web-tls", DNSNames: []string{"a.example"}},
			},
		},
		"auto without references": {pod: annotated(RequireTLSAnnotation, " auto ")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(tt.pod)
			if err != nil {
				t.Fatalf("Parse() = %v", err)
			}
			if len(got.Requirements) == 0 {
				got.Requirements = nil
			}
			if diff := cmp.Diff(tt.want, got.Requirements); diff != "" {
				t.Errorf("unexpected requirements (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	const require, list = "annotation " + RequireTLSAnnotation + ": ", "annotation " + RequirementsAnnotation + ": "
	const badName = ` is not a valid Secret name; want at most 253 lower-case letters, digits, '-' and '.', starting and ending with a letter or digit`
	const badDNS = ` is not a DNS name, a wildcard such as *.example.com or an IP address`
	many := "a" + strings.Repeat(",a", MaxSecrets)
	tests := map[string]struct {
		key, value, want string
	}{
		"empty":                {RequireTLSAnnotation, " ", require + "value is empty; " + requireTLSForm},
		"empty item":           {RequireTLSAnnotation, "web-tls,,api-tls", require + "item 2 is empty; " + requireTLSForm},
		"trailing comma":       {RequireTLSAnnotation, "web-tls,", require + "item 2 is empty; " + requireTLSForm},
		"bad name":             {RequireTLSAnnotation, "web-tls,API", require + `item 2: "API"` + badName},
		"long bad name":        {RequireTLSAnnotation, strings.Repeat("é", 200), require + `item 1: "` + strings.Repeat("é", 40) + `..."` + badName},
		"auto with names":      {RequireTLSAnnotation, "web-tls, auto", require + `item 2 is "auto", which cannot be combined with names; list every Secret, or set the value to "auto" alone`},
		"too many names":       {RequireTLSAnnotation, many, require + "list has 51 items; at most 50 are allowed"},
		"too long":             {RequireTLSAnnotation, strings.Repeat("a", MaxAnnotationBytes+1), require + "value is 65537 bytes long; at most 65536 are allowed"},
		"list too long":        {RequirementsAnnotation, strings.Repeat("a", MaxAnnotationBytes+1), list + "value is 65537 bytes long; at most 65536 are allowed"},
		"empty list value":     {RequirementsAnnotation, "\n", list + "value is empty; " + requirementsForm},
		"empty list":           {RequirementsAnnotation, "[]", list + "list is empty; " + requirementsForm},
		"too many items":       {RequirementsAnnotation, "[{}" + strings.Repeat(",{}", MaxSecrets) + "]", list + "list has 51 items; at most 50 are allowed"},
		"two documents":        {RequirementsAnnotation, "- secretName: a\n---\n- secretName: b\n", list + "value holds more than one YAML document; " + requirementsForm},
		"anchor":               {RequirementsAnnotation, "- secretName: &a web-tls\n  dnsNames: [*a]\n", list + "value contains an ampersand, which begins a YAML anchor; anchors and aliases are not allowed, write every name out"},
		"unknown field":        {RequirementsAnnotation, `[{"secretName":"a"},{"secretName":"b","dnsName":["x"]}]`, list + `decoding the list: unknown field "[1].dnsName"; valid fields are secretName and dnsNames`},
		"wrong case":           {RequirementsAnnotation, `[{"SecretName":"a"}]`, list + `decoding the list: unknown field "[0].SecretName"; valid fields are secretName and dnsNames`},
		"duplicate field":      {RequirementsAnnotation, `[{"secretName":"a","secretName":"b"}]`, list + `parsing YAML: yaml: unmarshal errors: line 1: key "secretName" already set in map; ` + requirementsForm},
		"not YAML":             {RequirementsAnnotation, `[{"secretName":`, list + `parsing YAML: yaml: line 1: did not find expected node content; ` + requirementsForm},
		"not a list":           {RequirementsAnnotation, `secretName: a`, list + `decoding the list: json: cannot unmarshal object into Go value of type []declare.requirementSpec; ` + requirementsForm},
		"no secretName":        {RequirementsAnnotation, `[{"secretName":"a"},{"dnsNames":["x.example"]}]`, list + "item 2: secretName is missing or empty; name a Secret in the pod's namespace"},
		"bad secretName":       {RequirementsAnnotation, `[{"secretName":"a/b"}]`, list + `item 1: secretName: "a/b"` + badName},
		"duplicate secretName": {RequirementsAnnotation, `[{"secretName":"a"},{"secretName":"b"},{"secretName":"a"}]`, list + `item 3: secretName "a" is already in item 1; put all its dnsNames into one item`},
		"empty DNS name":       {RequirementsAnnotation, `[{"secretName":"a","dnsNames":["x.example",""]}]`, list + `item 1: dnsNames[1]: ""` + badDNS},
		"wildcard inside":      {RequirementsAnnotation, `[{"secretName":"a","dnsNames":["a.*.example"]}]`, list + `item 1: dnsNames[0]: "a.*.example"` + badDNS},
		"bare wildcard":        {RequirementsAnnotation, `[{"secretName":"a","dnsNames":["*"]}]`, list + `item 1: dnsNames[0]: "*"` + badDNS},
		"mistyped IP":          {RequirementsAnnotation, `[{"secretName":"a","dnsNames":["192.0.2.256"]}]`, list + `item 1: dnsNames[0]: "192.0.2.256"` + badDNS},
		"URL":                  {RequirementsAnnotation, `[{"secretName":"a","dnsNames":["https://x.example/"]}]`, list + `item 1: dnsNames[0]: "https://x.example/"` + badDNS},
		"minRemaining":         {RequirementsAnnotation, `[{"secretName":"a","minRemaining":"1h"}]`, list + "item 1: field minRemaining is not supported yet; remove it, valid fields are secretName and dnsNames"},
		"trust":                {RequirementsAnnotation, `[{"secretName":"a","trust":{"configMap":"x"}}]`, list + "item 1: field trust is not supported yet; remove it, valid fields are secretName and dnsNames"},
		"usage":                {RequirementsAnnotation, `[{"secretName":"a","usage":null}]`, list + "item 1: field usage is not supported yet; remove it, valid fields are secretName and dnsNames"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pod := annotated(tt.key, tt.value)
			if !Declared(pod) {
				t.Error("Declared() = false, want true for a malformed annotation")
			}
			_, err := Parse(pod)
			if err == nil {
				t.Fatal("Parse() succeeded, want an error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("unexpected error (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestParseReportsBothAnnotations(t *testing.T) {
	_, err := Parse(annotated(RequireTLSAnnotation, "", RequirementsAnnotation, ""))
	for _, key := range []string{RequireTLSAnnotation, RequirementsAnnotation} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("Parse() = %v, want an error that names %s", err, key)
		}
	}
}

// TestParseBoundsItsMemory holds Parse, which runs under the lock of the scheduling queue, to
// memory in proportion to the annotation.
func TestParseBoundsItsMemory(t *testing.T) {
	tests := map[string]string{
		"aliases of aliases": "- secretName: &a " + strings.Repeat("x", 1000) +
			"\n  dnsNames: &b [" + strings.Repeat("*a,", 100) + "]\n- dnsNames: [" + strings.Repeat("*b,", 100) + "]\n",
		"brackets":     strings.Repeat("[", MaxAnnotationBytes),
		"braces":       strings.Repeat("{", MaxAnnotationBytes),
		"dashes":       strings.Repeat("- ", MaxAnnotationBytes/2),
		"keys":         strings.Repeat("? ", MaxAnnotationBytes/2),
		"many names":   `[{"secretName":"a","dnsNames":["x"` + strings.Repeat(`,"x"`, 10_000) + `]}]`,
		"many objects": "[{}" + strings.Repeat(",{}", 20_000) + "]",
	}
	for name, value := range tests {
		t.Run(name, func(t *testing.T) {
			pod := annotated(RequirementsAnnotation, value)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Parse(pod)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("Parse() succeeded, want an error")
			}
			const limit = 500 * MaxAnnotationBytes
			if got := after.TotalAlloc - before.TotalAlloc; got > limit {
				t.Errorf("Parse() allocated %d bytes for %d, want at most %d", got, len(value), limit)
			}
		})
	}
}

func TestDeclaredDoesNotAllocate(t *testing.T) {
	pod := annotated("a", "b", RequirementsAnnotation, "[]")
	if n := testing.AllocsPerRun(100, func() { Declared(pod) }); n != 0 {
		t.Errorf("Declared allocates %v times, want 0", n)
	}
}
