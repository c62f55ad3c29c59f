// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package seed, imported for its effect, gives the property tests of a package
// the same random numbers in every run, so that what passes passes again. Others
// are had with -rapid.seed=N, or -rapid.seed=0 for new ones each time.
package seed

import (
	"flag"

	_ "pgregory.net/rapid" // which defines the flag
)

func init() {
	if err := flag.Set("rapid.seed", "1"); err != nil {
		panic(err) // rapid has no such flag any more
	}
}
