// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// reporter collects what is to be said of one object.
type reporter struct {
	notes  []Note
	faults []string
}

func (r *reporter) add(kind, field, format string, args ...any) *Note {
	r.notes = append(r.notes, Note{Kind: kind, Field: clean(field), Message: fmt.Sprintf(format, args...)})
	return &r.notes[len(r.notes)-1]
}

func (r *reporter) loss(field, format string, args ...any) {
	r.add(NoEquivalent, field, format, args...)
}
func (r *reporter) info(field, format string, args ...any) { r.add(Info, field, format, args...) }

// todo adds something to do, with commands that do it.
func (r *reporter) todo(field string, commands []string, format string, args ...any) {
	r.add(ToDo, field, format, args...).Commands = commands
}

// fault says that the object cannot be read.
func (r *reporter) fault(field, format string, args ...any) {
	r.faults = append(r.faults, clean(field)+": "+fmt.Sprintf(format, args...))
}

// fields reads a JSON object and remembers what it has read. All methods can be called on nil, which has no fields. A field
// that is null is not there.
type fields struct {
	*reporter
	path string
	m    map[string]any
	used map[string]bool
}

func newFields(r *reporter, path string, m map[string]any) *fields {
	return &fields{reporter: r, path: path, m: m, used: map[string]bool{}}
}

// at is the path of a field.
func (f *fields) at(name string) string {
	if f == nil || f.path == "" {
		return name
	}
	return f.path + "." + name
}

func (f *fields) get(name string) any {
	if f == nil {
		return nil
	}
	f.used[name] = true
	return f.m[name]
}

// has reports whether a field is there, without reading it.
func (f *fields) has(name string) bool { return f != nil && f.m[name] != nil }

// skip marks fields that need no equivalent.
func (f *fields) skip(names ...string) {
	for _, name := range names {
		f.get(name)
	}
}

// rest reports the fields that nobody has read.
func (f *fields) rest() {
	if f == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(f.m)) {
		if !f.used[name] && f.m[name] != nil {
			f.loss(f.at(name), "this field is not known to this version; see what it does, and whether you need it.")
		}
	}
}

// read returns a field of a type; the zero value, with a fault, if it is of another.
func read[T any](f *fields, name, want string) (v T, ok bool) {
	raw := f.get(name)
	if raw == nil {
		return v, false
	}
	v, ok = raw.(T)
	if !ok {
		f.fault(f.at(name), "want %s, found %s", want, typeOf(raw))
	}
	return v, ok
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return "a number"
	}
}

func (f *fields) str(name string) string {
	s, _ := read[string](f, name, "a string")
	return s
}

func (f *fields) boolean(name string) bool {
	b, _ := read[bool](f, name, "true or false")
	return b
}

// integer returns a whole number and whether it is there.
func (f *fields) integer(name string) (int64, bool) {
	if v, isFloat := f.get(name).(float64); isFloat && v == float64(int64(v)) {
		return int64(v), true
	}
	return read[int64](f, name, "a whole number")
}

// object returns nil if there is none, and one without fields if it is something else.
func (f *fields) object(name string) *fields {
	m, _ := read[map[string]any](f, name, "an object")
	if !f.has(name) {
		return nil
	}
	return newFields(f.reporter, f.at(name), m)
}

func (f *fields) objects(name string) []*fields {
	list, _ := read[[]any](f, name, "a list of objects")
	var all []*fields
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", f.at(name), i)
		m, ok := item.(map[string]any)
		if !ok {
			f.fault(at, "want an object, found %s", typeOf(item))
			continue
		}
		all = append(all, newFields(f.reporter, at, m))
	}
	return all
}

func (f *fields) strs(name string) []string {
	list, _ := read[[]any](f, name, "a list of strings")
	var all []string
	for i, item := range list {
		s, ok := item.(string)
		if !ok {
			f.fault(fmt.Sprintf("%s[%d]", f.at(name), i), "want a string, found %s", typeOf(item))
			continue
		}
		all = append(all, s)
	}
	return all
}

func (f *fields) strMap(name string) map[string]string {
	m, _ := read[map[string]any](f, name, "an object of strings")
	if len(m) == 0 {
		return nil
	}
	all := make(map[string]string, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		s, ok := m[key].(string)
		if !ok {
			f.fault(f.at(name)+"."+key, "want a string, found %s", typeOf(m[key]))
			continue
		}
		all[key] = s
	}
	return all
}

// duration returns a duration in Go's form; 0 if it is not there.
func (f *fields) duration(name string) time.Duration {
	s := f.str(name)
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		f.fault(f.at(name), "want a duration such as 2160h, found %s", quote(s))
	}
	return d
}

// name returns the name of an object; it is a fault if it is none.
func (f *fields) name(name string) string {
	s := f.str(name)
	if s != "" && !isName(s) {
		f.fault(f.at(name), "want the name of an object, found %s", quote(s))
		return ""
	}
	return s
}

// only reports whether exactly one of the fields is there.
func (f *fields) only(names ...string) bool {
	n := 0
	for _, name := range names {
		if f.has(name) {
			n++
		}
	}
	return n == 1
}

// secretKey is a key of a Secret.
type secretKey struct{ name, key string }

// secret reads a reference to a key of a Secret; missing is the key if it is not said.
func (f *fields) secret(field, missing string) *secretKey {
	o := f.object(field)
	if o == nil {
		return nil
	}
	k := &secretKey{name: o.name("name"), key: o.str("key")}
	if k.name == "" {
		f.fault(o.at("name"), "want the name of a Secret, found nothing")
	}
	if k.key == "" {
		k.key = missing
	}
	if !isKey(k.key) {
		f.fault(o.at("key"), "want a key of Secret %s, found %s", quote(k.name), quote(k.key))
	}
	o.rest()
	return k
}

// join lists paths.
func join(all []string) string { return strings.Join(all, ", ") }
