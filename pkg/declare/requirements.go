// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

const requirementsForm = `want a YAML or JSON list, such as [{"secretName": "web-tls", "dnsNames": ["www.example.com"]}]`

// addRequirements adds what the value of RequirementsAnnotation asks for.
func addRequirements(found map[string]Requirement, value string, at place) {
	items, ok := decodeList(value, requirementsForm, at)
	if !ok {
		return
	}
	if len(items) == 0 {
		at.faultf("list is empty; %s", requirementsForm)
		return
	}
	if len(items) > MaxSecrets {
		at.faultf("list has %d items; at most %d are allowed", len(items), MaxSecrets)
		return
	}
	first := make(map[string]int, len(items))
	for i, item := range items {
		at := at.in(fmt.Sprintf("item %d", i+1))
		fields, ok := item.(map[string]any)
		if !ok {
			at.faultf("got %s, want an object; valid fields are %s", kind(item), strings.Join(fieldNames, ", "))
			continue
		}
		r := readItem(fields, at)
		if r.SecretName == "" {
			continue // It has been reported.
		}
		if j, ok := first[r.SecretName]; ok {
			at.faultf("secretName %q is already in item %d; put all that is required of it into one item", r.SecretName, j)
			continue
		}
		first[r.SecretName] = i + 1
		found[r.SecretName] = r
	}
}

// decodeList returns the items of the list as they were written; form says what is wanted.
func decodeList(value, form string, at place) ([]any, bool) {
	if !checkSize(value, at) {
		return nil, false
	}
	if strings.TrimSpace(value) == "" {
		at.faultf("value is empty; %s", form)
		return nil, false
	}
	if severalDocuments(value) {
		at.faultf("value holds more than one YAML document; %s", form)
		return nil, false
	}
	// A few kilobytes of nested aliases stand for gigabytes, and whoever creates a pod writes
	// this value. An alias needs an anchor, an anchor an ampersand, and no valid value has one.
	if i := strings.IndexByte(value, '&'); i >= 0 {
		at.faultf("line %d contains an ampersand, which begins a YAML anchor; anchors and aliases are not allowed, "+
			"write every name out; a URI with an ampersand cannot be required", 1+strings.Count(value[:i], "\n"))
		return nil, false
	}
	data, err := yaml.YAMLToJSONStrict([]byte(value))
	if err != nil {
		at.faultf("parsing YAML: %s; %s", oneLine(err), form)
		return nil, false
	}
	var decoded any
	if err := json.Unmarshal(data, &decoded); err != nil {
		at.faultf("decoding the list: %s; %s", oneLine(err), form)
		return nil, false
	}
	items, ok := decoded.([]any)
	if !ok {
		at.faultf("got %s; %s", kind(decoded), form)
	}
	return items, ok
}

// severalDocuments reports whether a document marker follows content: the YAML parser
// would read the first document and silently drop the others.
func severalDocuments(value string) bool {
	content := false
	for _, line := range strings.FieldsFunc(value, isLineBreak) {
		line = strings.TrimRight(line, " \t")
		marker := isMarker(line, "---") || isMarker(line, "...")
		if marker && content {
			return true
		}
		if line != "---" && line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "%") {
			content = true
		}
	}
	return false
}

// isMarker reports whether the line begins with a document marker: it is one if a blank or
// the end of the line follows (YAML 1.1, productions 138 and 139).
func isMarker(line, marker string) bool {
	rest, ok := strings.CutPrefix(line, marker)
	return ok && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}

// isLineBreak reports whether YAML 1.1 ends a line at r (section 5.4).
func isLineBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}
