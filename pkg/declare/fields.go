// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// maxMinRemaining is the longest minRemaining: ten years of 365 days.
const maxMinRemaining = 10 * 365 * 24 * time.Hour

// maxItemFields bounds the work for an item that no one wrote by hand.
const maxItemFields = 20

// Allowable are the reasons of package tlsready that Requirement.Allow may list: all are about
// how good a certificate is, none about whether it works.
var Allowable = []string{"BrokenChain", "NotALeaf", "WeakKey", "WeakSignature", "WrongUsage"}

var usages = []string{string(UsageServer), string(UsageClient)}

// fields are the fields of an item of RequirementsAnnotation. A reader puts the value into
// the requirement or reports what is wrong.
var fields = []struct {
	name string
	read func(r *Requirement, value any, at place)
}{
	{"secretName", func(r *Requirement, value any, at place) {
		if s, ok := asString(value, "a string in quotes", at); ok {
			if err := checkSecretName(s); err != nil {
				at.fault(err)
				return
			}
			r.SecretName = s
		}
	}},
	{"dnsNames", func(r *Requirement, value any, at place) {
		r.DNSNames = append(r.DNSNames, asStrings(value, MaxDNSNames, NormalizeName, at)...)
	}},
	{"ipAddresses", func(r *Requirement, value any, at place) {
		r.DNSNames = append(r.DNSNames, asStrings(value, MaxDNSNames, normalizeIP, at)...)
	}},
	{"uris", func(r *Requirement, value any, at place) {
		r.URIs = asStrings(value, MaxDNSNames, checkURI, at)
	}},
	{"minRemaining", func(r *Requirement, value any, at place) {
		if s, ok := asString(value, `a duration in quotes, such as "1h30m"`, at); ok {
			d, err := parseDuration(s, maxMinRemaining)
			if err != nil {
				at.fault(err)
			}
			r.MinRemaining = d
		}
	}},
	{"trust", func(r *Requirement, value any, at place) {
		if s, ok := asString(value, trustForm, at); ok {
			trust, err := parseTrust(s)
			if err != nil {
				at.fault(err)
			}
			r.Trust = trust
		}
	}},
	{"usage", func(r *Requirement, value any, at place) {
		if s, ok := asString(value, `"server" or "client"`, at); ok {
			if err := checkChoice(s, usages); err != nil {
				at.fault(err)
			}
			r.Usage = Usage(s)
		}
	}},
	{"requireChain", func(r *Requirement, value any, at place) {
		b, ok := value.(bool)
		if !ok {
			at.faultf("got %s, want true or false without quotes", kind(value))
		}
		r.RequireChain = b
	}},
	{"allow", func(r *Requirement, value any, at place) {
		r.Allow = asStrings(value, len(Allowable), func(s string) (string, error) { return s, checkChoice(s, Allowable) }, at)
	}},
}

var fieldNames = func() (names []string) {
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}()

// readItem reads one item of the list. The result has a SecretName if a valid one is given.
func readItem(item map[string]any, at place) Requirement {
	if len(item) > maxItemFields {
		at.faultf("item has %d fields; valid fields are %s", len(item), strings.Join(fieldNames, ", "))
		return Requirement{}
	}
	for _, name := range slices.Sorted(maps.Keys(item)) {
		if !slices.Contains(fieldNames, name) {
			at.faultf("unknown field %s%s; valid fields are %s", quote(name), didYouMean(name, fieldNames), strings.Join(fieldNames, ", "))
		}
	}
	var r Requirement
	for _, f := range fields {
		if value, ok := item[f.name]; ok {
			f.read(&r, value, at.in(f.name))
		}
	}
	if _, ok := item["secretName"]; !ok {
		at.faultf("secretName is missing; name a Secret in the pod's namespace")
	}
	if n := len(r.DNSNames); n > MaxDNSNames {
		at.faultf("dnsNames and ipAddresses have %d names together; at most %d are allowed", n, MaxDNSNames)
	}
	for _, list := range []*[]string{&r.DNSNames, &r.URIs, &r.Allow} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return r
}

// asString returns a value that must be a string; form says what is wanted.
func asString(value any, form string, at place) (string, bool) {
	s, ok := value.(string)
	if !ok {
		at.faultf("got %s, want %s", kind(value), form)
	}
	return s, ok
}

// asStrings returns the items of a list of at most limit strings in normal form.
func asStrings(value any, limit int, normalize func(string) (string, error), at place) []string {
	list, ok := value.([]any)
	if !ok {
		at.faultf("got %s, want a list of strings", kind(value))
		return nil
	}
	if len(list) > limit {
		at.faultf("list has %d items; at most %d are allowed", len(list), limit)
		return nil
	}
	var out []string
	for i, item := range list {
		s, ok := item.(string)
		if !ok {
			at.index(i).faultf("got %s, want a string in quotes", kind(item))
			continue
		}
		normal, err := normalize(s)
		if err != nil {
			at.index(i).fault(err)
			continue
		}
		out = append(out, normal)
	}
	return out
}

// kind names the type of a decoded value for people.
func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "a number"
}
