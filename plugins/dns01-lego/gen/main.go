// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command gen lists lego's DNS providers: their constructors as Go source, and
// their settings as JSON. It reads the pinned version of lego in the module
// cache. It fails on whatever nobody has reviewed yet: a provider that runs
// programs or opens files, or a setting that may name a file.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The files that are generated, from the root of the module.
const (
	providersFile = "internal/providers/zz_generated.providers.go"
	catalogFile   = "internal/catalog/zz_generated.catalog.json"
)

const lego = "github.com/go-acme/lego/v5"

func main() {
	check := flag.Bool("check", false, "write nothing, and fail when a file is out of step")
	texts := flag.String("licenses", "", "write the licences of all modules to this file, and nothing else")
	flag.Parse()
	do := func() error { return run(".", *check) }
	if *texts != "" {
		do = func() error { return licenses(".", *texts) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for _, name := range []string{providersFile, catalogFile} {
		path := filepath.Join(root, name)
		old, err := os.ReadFile(path)
		if err == nil && bytes.Equal(old, files[name]) {
			continue
		}
		if check {
			return fmt.Errorf("%s is out of step with lego; run `go generate` in plugins/dns01-lego", name)
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	return nil
}

// generate returns the content of the generated files.
func generate(root string) (map[string][]byte, error) {
	dir, version, err := module(root)
	if err != nil {
		return nil, err
	}
	catalog, err := read(filepath.Join(dir, "providers", "dns"), version)
	if err != nil {
		return nil, err
	}
	if err := programs(root, catalog.Providers); err != nil {
		return nil, err
	}
	source, err := source(catalog)
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	e := json.NewEncoder(&data)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(catalog); err != nil {
		return nil, fmt.Errorf("writing the catalog: %w", err)
	}
	return map[string][]byte{providersFile: source, catalogFile: data.Bytes()}, nil
}

// module finds lego in the module cache.
func module(root string) (dir, version string, err error) {
	out, err := list(root, "-m", "-json", lego)
	if err != nil {
		return "", "", err
	}
	var m struct{ Dir, Version string }
	if err := json.Unmarshal(out, &m); err != nil {
		return "", "", fmt.Errorf("reading the output of go list: %w", err)
	}
	if m.Dir == "" {
		return "", "", fmt.Errorf("lego %s is not in the module cache; run `go mod download %s`", m.Version, lego)
	}
	return m.Dir, m.Version, nil
}

func list(root string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running go list: %w: %s", err, stderr.Bytes())
	}
	return out, nil
}
