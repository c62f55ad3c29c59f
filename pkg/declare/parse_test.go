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

// The texts that faults have in common.
const (
	require   = "annotation " + RequireTLSAnnotation + ": "
	list      = "annotation " + RequirementsAnnotation + ": "
	badName   = ` is not a valid Secret name; want at most 253 lower-case letters, digits, '-' and '.', starting and ending with a letter or digit`
	badDNS    = ` is not a DNS name, a wildcard such as *.example.com or an IP address`
	allFields = "; valid fields are secretName, dnsNames, ipAddresses, uris, minRemaining, trust, usage, requireChain, allow"
)

func TestParseErrors(t *testing.T) {
	many := "a" + strings.Repeat(",a", MaxSecrets)
	tests := map[string]struct {
		key, value, want string
	}{
		"empty":                {RequireTLSAnnotation, " ", require + "value is empty; " + requireTLSForm},
		"empty item":           {RequireTLSAnnotation, "web-tls,,api-tls", require + "item 2: name is empty; " + requireTLSForm},
		"trailing comma":       {RequireTLSAnnotation, "web-tls,", require + "item 2: name is empty; " + requireTLSForm},
		"bad name":             {RequireTLSAnnotation, "web-tls,API", require + `item 2: "API"` + badName},
		"long bad name":        {RequireTLSAnnotation, strings.Repeat("é", 200), require + `item 1: "` + strings.Repeat("é", 40) + `..."` + badName},
		"auto with names":      {RequireTLSAnnotation, "web-tls, auto", require + `item 2: "auto" cannot be combined with names; list every Secret, or set the value to "auto" alone`},
		"too many names":       {RequireTLSAnnotation, many, require + "list has 51 items; at most 50 are allowed"},
		"too long":             {RequireTLSAnnotation, strings.Repeat("a", MaxAnnotationBytes+1), require + "value is 16385 bytes long; at most 16384 are allowed"},
		"list too long":        {RequirementsAnnotation, strings.Repeat("a", MaxAnnotationBytes+1), list + "value is 16385 bytes long; at most 16384 are allowed"},
		"empty list value":     {RequirementsAnnotation, "\n", list + "value is empty; " + requirementsForm},
		"empty list":           {RequirementsAnnotation, "[]", list + "list is empty; " + requirementsForm},
		"too many items":       {RequirementsAnnotation, "[{}" + strings.Repeat(",{}", MaxSecrets) + "]", list + "list has 51 items; at most 50 are allowed"},
		"two documents":        {RequirementsAnnotation, "- secretName: a\n---\n- secretName: b\n", list + "value holds more than one YAML document; " + requirementsForm},
		"document after a tab": {RequirementsAnnotation, "- secretName: a\n---\t[]\n", list + "value holds more than one YAML document; " + requirementsForm},
		"document after CR":    {RequirementsAnnotation, "- secretName: a\r---\r- secretName: b\r", list + "value holds more than one YAML document; " + requirementsForm},
		"document after NEL":   {RequirementsAnnotation, "- secretName: a\u0085--- \u0085- secretName: b", list + "value holds more than one YAML document; " + requirementsForm},
		"anchor": {
			RequirementsAnnotation, "- secretName: &a web-tls\n  dnsNames: [*a]\n",
			list + "line 1 contains an ampersand, which begins a YAML anchor; anchors and aliases are not allowed, write every name out; a URI with an ampersand cannot be required",
		},
		"ampersand in JSON": {
			RequirementsAnnotation, "[{\n\"secretName\":\"a\",\"uris\":[\"https://a.example/?x=1&y=2\"]}]",
			list + "line 2 contains an ampersand, which begins a YAML anchor; anchors and aliases are not allowed, write every name out; a URI with an ampersand cannot be required",
		},
		"duplicate field":      {RequirementsAnnotation, `[{"secretName":"a","secretName":"b"}]`, list + `parsing YAML: yaml: unmarshal errors: line 1: key "secretName" already set in map; ` + requirementsForm},
		"not YAML":             {RequirementsAnnotation, `[{"secretName":`, list + `parsing YAML: yaml: line 1: did not find expected node content; ` + requirementsForm},
		"not a list":           {RequirementsAnnotation, `secretName: a`, list + `got an object; ` + requirementsForm},
		"a comment":            {RequirementsAnnotation, `# none`, list + `got null; ` + requirementsForm},
		"infinity":             {RequirementsAnnotation, `[.inf]`, list + `parsing YAML: json: unsupported value: +Inf; ` + requirementsForm},
		"duplicate secretName": {RequirementsAnnotation, `[{"secretName":"a"},{"secretName":"b"},{"secretName":"a"}]`, list + `item 3: secretName "a" is already in item 1; put all that is required of it into one item`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pod := annotated(tt.key, tt.value)
			if !Declared(pod) {
				t.Error("Declared() = false, want true for a malformed annotation")
			}
			checkError(t, pod, tt.want)
		})
	}
}

// checkError wants Parse to return the error.
func checkError(t *testing.T, pod *corev1.Pod, want string) {
	t.Helper()
	d, err := Parse(pod)
	if err == nil {
		t.Fatalf("Parse() = %+v, want an error", d)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("unexpected error (-want, +got):\n%s", diff)
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
			const limit = 1000 * MaxAnnotationBytes
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
