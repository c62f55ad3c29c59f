// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command catalog writes the price catalog that is embedded in the binaries:
// pkg/pricing/catalog/*.txt.gz, and the unit prices that follow from it,
// pkg/pricing/zz_generated.unitprices.go.
//
//	go run ./hack/catalog -from DIR          write everything from the CSV files in DIR
//	go run ./hack/catalog -from DIR -check   compare with DIR, write nothing
//	go run ./hack/catalog -check             check that what is committed is in step with itself
//
// Run it at the root of the repository. csv.go documents the files in DIR,
// sources.go and NOTICE their origin; change both with the data.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

func main() {
	from := flag.String("from", "", "folder with the CSV files; empty: the committed catalog")
	root := flag.String("root", ".", "root of the repository")
	check := flag.Bool("check", false, "compare instead of writing")
	flag.Parse()
	if err := run(*from, *root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}

func run(from, root string, check bool) error {
	clouds, err := readClouds(from, root)
	if err != nil {
		return err
	}
	out, err := render(clouds)
	if err != nil {
		return err
	}
	var errs []error
	for path, want := range out {
		path = filepath.Join(root, path)
		if !check {
			errs = append(errs, os.WriteFile(path, want, 0o644))
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("reading what is committed: %w", err))
			continue
		}
		if !same(path, got, want) {
			errs = append(errs, fmt.Errorf("%s is out of step: run go run ./hack/catalog again", path))
		}
	}
	return errors.Join(errs...)
}

func readClouds(from, root string) ([]*catalog.Cloud, error) {
	var clouds []*catalog.Cloud
	for _, s := range sources {
		cloud, err := readCloud(s, from, root)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", s.Head.Name, err)
		}
		clouds = append(clouds, cloud)
	}
	return clouds, nil
}

func readCloud(s source, from, root string) (*catalog.Cloud, error) {
	if from != "" {
		return s.readCSV(from)
	}
	f, err := os.Open(filepath.Join(root, catalogDir, catalog.FileName(s.Head.Name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return catalog.Decode(f)
}

const (
	catalogDir     = "pkg/pricing/catalog"
	unitPricesFile = "pkg/pricing/zz_generated.unitprices.go"
)

// render returns the generated files by their path.
func render(clouds []*catalog.Cloud) (map[string][]byte, error) {
	out := map[string][]byte{unitPricesFile: unitPricesSource(clouds)}
	for _, c := range clouds {
		var b bytes.Buffer
		if err := c.Encode(&b); err != nil {
			return nil, fmt.Errorf("encoding %s: %w", c.Name, err)
		}
		out[filepath.Join(catalogDir, catalog.FileName(c.Name))] = b.Bytes()
	}
	return out, nil
}

// same compares text: how well gzip compresses may change with Go.
func same(path string, a, b []byte) bool {
	if filepath.Ext(path) != ".gz" {
		return bytes.Equal(a, b)
	}
	x, errX := gunzip(a)
	y, errY := gunzip(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func gunzip(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
