// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"embed"
	"fmt"
	"sync"
)

//go:embed aws.txt.gz azure.txt.gz gcp.txt.gz
var files embed.FS

var load = sync.OnceValue(func() []*Cloud {
	var clouds []*Cloud
	for _, name := range []string{AWS, Azure, GCP} {
		cloud, err := readEmbedded(name)
		if err != nil {
			// The data is part of the binary: a fault is one of the build.
			panic(fmt.Sprintf("reading the embedded price catalog: %v; build again from a clean checkout", err))
		}
		clouds = append(clouds, cloud)
	}
	return clouds
})

// All returns the embedded catalogs of all clouds in ascending order of name.
// They are decoded once per process, by the first call.
func All() []*Cloud { return load() }

// For returns the embedded catalog of a cloud, or nil if there is none.
func For(cloud string) *Cloud {
	for _, c := range load() {
		if c.Name == cloud {
			return c
		}
	}
	return nil
}

func readEmbedded(name string) (*Cloud, error) {
	f, err := files.Open(FileName(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cloud, err := Decode(f)
	if err != nil {
		return nil, fmt.Errorf("decoding %s: %w", FileName(name), err)
	}
	if cloud.Name != name {
		return nil, fmt.Errorf("decoding %s: it is the catalog of %q", FileName(name), cloud.Name)
	}
	return cloud, nil
}

// FileName returns the name of the file that holds the catalog of a cloud.
func FileName(cloud string) string { return cloud + ".txt.gz" }
