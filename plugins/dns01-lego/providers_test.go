// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/providers"
	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/state"
)

// Catalog and constructors are generated together.
func TestInStep(t *testing.T) {
	types := providers.Types()
	for _, p := range catalog.Load().Providers {
		if types[p.Name] == nil {
			t.Errorf("%s has no constructor", p.Name)
		}
		delete(types, p.Name)
	}
	if len(types) > 0 {
		t.Errorf("constructors without settings: %v", types)
	}
}

// Every provider's memory must survive as text, and hold no credentials.
func TestMemory(t *testing.T) {
	remembering := 0
	for name, typ := range providers.Types() {
		if typ.Kind() != reflect.Pointer {
			continue // joker, which is one of two providers that remember nothing
		}
		one := reflect.New(typ.Elem()).Interface()
		if !state.Remembers(one) {
			continue
		}
		remembering++
		memory := state.Watch(one)
		fill(reflect.ValueOf(one).Elem(), true)
		line, err := memory.Capture()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, word := range []string{"redential", "ecret", "assword", "apikey"} {
			if strings.Contains(line, word) {
				t.Errorf("%s remembers %s: %s", name, word, line)
			}
		}
		other := reflect.New(typ.Elem()).Interface()
		memory = state.Watch(other)
		if err := state.Restore(other, line); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if again, err := memory.Capture(); err != nil || again != line {
			t.Errorf("%s forgot: got %s, %v, want %s", name, again, err, line)
		}
		if len(line) > 4096 {
			t.Errorf("%s remembers %d bytes of one record", name, len(line))
		}
	}
	t.Logf("%d providers remember", remembering)
	if remembering < 50 {
		t.Errorf("only %d providers remember", remembering)
	}
}

// fill puts one entry into each map of a struct, or something into each field.
func fill(v reflect.Value, mapsOnly bool) {
	for i := range v.NumField() {
		f := v.Field(i)
		f = reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
		if f.Kind() == reflect.Map && f.Type().Key().Kind() == reflect.String {
			elem := reflect.New(f.Type().Elem()).Elem()
			set(elem)
			f.Set(reflect.MakeMap(f.Type()))
			f.SetMapIndex(reflect.ValueOf("key").Convert(f.Type().Key()), elem)
		} else if !mapsOnly {
			set(f)
		}
	}
}

func set(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		fill(v, false)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		set(v.Elem())
	}
}
