// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package providers makes lego's DNS providers. It links all of them.
package providers

import (
	"fmt"
	"reflect"

	"github.com/go-acme/lego/v5/challenge"
)

// constructor makes a provider of the type typ.
type constructor struct {
	make func() (challenge.Provider, error)
	typ  reflect.Type
}

// of wraps a constructor of lego, whose result is a pointer to a struct.
func of[P challenge.Provider](f func() (P, error)) constructor {
	return constructor{
		make: func() (challenge.Provider, error) {
			p, err := f()
			if err != nil {
				return nil, err // not a nil pointer in an interface that is not nil
			}
			return p, nil
		},
		typ: reflect.TypeFor[P](),
	}
}

// New makes a provider from the environment of the process, which is where
// lego reads a provider's settings.
func New(name string) (challenge.Provider, error) {
	c, ok := constructors[name]
	if !ok {
		return nil, fmt.Errorf("there is no constructor for provider %q", name)
	}
	return c.make()
}

// Types returns the Go type of each provider, by name.
func Types() map[string]reflect.Type {
	types := make(map[string]reflect.Type, len(constructors))
	for name, c := range constructors {
		types[name] = c.typ
	}
	return types
}
