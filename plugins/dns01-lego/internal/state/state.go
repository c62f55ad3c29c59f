// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package state carries what a provider remembers from one process to another.
//
// About a third of lego's providers remember in maps which records they made,
// and clean up only what they remember. CREATE and DELETE are two processes,
// so what the first one remembers has to reach the second.
package state

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/go-acme/lego/v5/challenge"
)

// Memory watches what a provider remembers.
type Memory struct {
	provider any
	known    map[string]map[string]bool // keys by map
}

// Watch begins to watch. What the provider has already, such as a list of
// zones, any process can find again.
func Watch(provider any) *Memory {
	m := &Memory{provider: provider, known: map[string]map[string]bool{}}
	for name, field := range fields(provider) {
		m.known[name] = map[string]bool{}
		for _, key := range field.MapKeys() {
			m.known[name][key.String()] = true
		}
	}
	return m
}

// Capture returns as one line of JSON what the provider remembers now and did
// not when watching began, or "" for nothing. That is identifiers of records
// and zones, and no credentials.
func (m *Memory) Capture() (string, error) {
	state := map[string]any{}
	for name, field := range fields(m.provider) {
		all := reflect.MakeMap(reflect.MapOf(field.Type().Key(), open(field.Type().Elem())))
		for entry := field.MapRange(); entry.Next(); {
			if !m.known[name][entry.Key().String()] {
				all.SetMapIndex(entry.Key(), as(all.Type().Elem(), entry.Value()))
			}
		}
		if all.Len() > 0 {
			state[name] = all.Interface()
		}
	}
	if len(state) == 0 {
		return "", nil
	}
	data, err := json.Marshal(state)
	if err != nil {
		return "", fmt.Errorf("writing STATE: %w", err)
	}
	return string(data), nil
}

// Restore puts what [Memory.Capture] returned into the provider's maps.
func Restore(provider any, line string) error {
	state := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(line), &state); err != nil {
		return fmt.Errorf("reading STATE: %w", err)
	}
	all := fields(provider)
	for name, data := range state {
		field, ok := all[name]
		if !ok {
			return fmt.Errorf("reading STATE: the provider remembers nothing called %q; STATE is of another provider or version", name)
		}
		read := reflect.New(reflect.MapOf(field.Type().Key(), open(field.Type().Elem())))
		if err := json.Unmarshal(data, read.Interface()); err != nil {
			return fmt.Errorf("reading %s of STATE: %w", name, err)
		}
		if field.IsNil() {
			field.Set(reflect.MakeMap(field.Type()))
		}
		for entry := read.Elem().MapRange(); entry.Next(); {
			field.SetMapIndex(entry.Key(), as(field.Type().Elem(), entry.Value()))
		}
	}
	return nil
}

// Remembers says whether the provider has maps that it may remember records in.
func Remembers(provider any) bool { return len(fields(provider)) > 0 }

// fields finds the provider's fields that are maps with text keys, and those of
// a provider that it wraps, by name. Lego has no way to ask for them: they are
// unexported, so they are reached by address.
func fields(provider any) map[string]reflect.Value {
	v := reflect.ValueOf(provider)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil
	}
	v = v.Elem()
	found := map[string]reflect.Value{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		field := reflect.NewAt(f.Type, unsafe.Pointer(v.Field(i).UnsafeAddr())).Elem()
		switch {
		case f.Type.Kind() == reflect.Map && f.Type.Key().Kind() == reflect.String:
			found[f.Name] = field
		case f.Type.Kind() == reflect.Interface && !field.IsNil():
			if wrapped, ok := field.Interface().(challenge.Provider); ok {
				for name, inner := range fields(wrapped) {
					found[f.Name+"."+name] = inner
				}
			}
		}
	}
	return found
}

// open returns a type of the same layout as t. Where t is a struct its fields
// are exported, because encoding/json skips unexported ones.
func open(t reflect.Type) reflect.Type {
	if t.Kind() != reflect.Struct || t.NumField() == 0 || t.Field(0).IsExported() {
		return t
	}
	fields := make([]reflect.StructField, t.NumField())
	for i := range fields {
		f := t.Field(i)
		fields[i] = reflect.StructField{Name: strings.ToUpper(f.Name[:1]) + f.Name[1:], Type: f.Type}
	}
	return reflect.StructOf(fields)
}

// as returns a copy of v as the type t, which has the layout of v's own type.
func as(t reflect.Type, v reflect.Value) reflect.Value {
	c := reflect.New(v.Type())
	c.Elem().Set(v)
	return reflect.NewAt(t, c.UnsafePointer()).Elem()
}
