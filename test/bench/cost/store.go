// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// outcome is one run: a policy in a cell with a seed.
type outcome struct {
	Program string            `json:"program"` // hash of the executable
	Result  *simulator.Result `json:"result,omitempty"`
	// Bound is the lower bound in dollars, Fluid its part that assumes nothing.
	Bound float64 `json:"bound"`
	Fluid float64 `json:"fluid"`
	// Seconds is how long the run took.
	Seconds float64 `json:"seconds"`
}

// store keeps the outcomes of finished runs, one file each.
type store struct {
	dir     string
	program string
}

func openStore(out string) (*store, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading this program: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, fmt.Errorf("reading this program: %w", err)
	}
	s := &store{dir: filepath.Join(out, "cost"), program: hex.EncodeToString(h.Sum(nil)[:8])}
	if err := os.MkdirAll(s.dir, 0o755); err != nil { //nolint:gosec // results are no secret
		return nil, fmt.Errorf("making the folder of finished runs: %w", err)
	}
	return s, nil
}

func (s *store) path(key string) string {
	return filepath.Join(s.dir, strings.ReplaceAll(key, "/", "_")+".json")
}

// get returns the outcome of a finished run of this very program; nil if there
// is none.
func (s *store) get(key string) (*outcome, error) {
	data, err := os.ReadFile(s.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a finished run: %w", err)
	}
	var o outcome
	if err := json.Unmarshal(data, &o); err != nil || o.Program != s.program {
		return nil, nil //nolint:nilerr // half-written or of another program: to be done again
	}
	return &o, nil
}

// put writes whole files only.
func (s *store) put(key string, o *outcome) error {
	o.Program = s.program
	data, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("encoding a finished run: %w", err)
	}
	return measure.WriteFile(s.path(key), data)
}
