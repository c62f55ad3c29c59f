// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image writes container images of one static binary as docker-archive files, which a container runtime imports without
// a registry. The same binary gives the same bytes.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Image is one binary at the root of an otherwise empty file system, which is also what a container of it runs.
type Image struct {
	// Name with tag, for example "example.com/server:v1".
	Name string
	// Binary is the path of a statically linked executable.
	Binary string
}

// Entrypoint is the path of the binary in the image.
func (i Image) Entrypoint() string { return "/" + filepath.Base(i.Binary) }

// The parts of Docker's image format that are used: Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format".
type (
	manifest struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	config struct {
		Architecture string          `json:"architecture"`
		OS           string          `json:"os"`
		Config       containerConfig `json:"config"`
		RootFS       rootFS          `json:"rootfs"`
	}
	containerConfig struct {
		Entrypoint []string `json:"Entrypoint"`
	}
	rootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	}
)

// Write writes the image to w.
func (i Image) Write(w io.Writer) error {
	binary, err := os.ReadFile(i.Binary)
	if err != nil {
		return fmt.Errorf("reading the binary of image %s: %w", i.Name, err)
	}
	layer, err := archive(file{i.Entrypoint()[1:], 0o755, binary})
	if err != nil {
		return fmt.Errorf("writing the layer of image %s: %w", i.Name, err)
	}
	configJSON, err := json.Marshal(config{
		Architecture: runtime.GOARCH, OS: "linux",
		Config: containerConfig{Entrypoint: []string{i.Entrypoint()}},
		RootFS: rootFS{Type: "layers", DiffIDs: []string{"sha256:" + digest(layer)}},
	})
	if err != nil {
		return fmt.Errorf("encoding the configuration of image %s: %w", i.Name, err)
	}
	configName := digest(configJSON) + ".json"
	manifestJSON, err := json.Marshal([]manifest{{Config: configName, RepoTags: []string{i.Name}, Layers: []string{"layer.tar"}}})
	if err != nil {
		return fmt.Errorf("encoding the manifest of image %s: %w", i.Name, err)
	}
	whole, err := archive(file{"manifest.json", 0o644, manifestJSON}, file{configName, 0o644, configJSON}, file{"layer.tar", 0o644, layer})
	if err != nil {
		return fmt.Errorf("writing image %s: %w", i.Name, err)
	}
	if _, err := w.Write(whole); err != nil {
		return fmt.Errorf("writing image %s: %w", i.Name, err)
	}
	return nil
}

type file struct {
	name    string
	mode    int64
	content []byte
}

// archive is a tar of files that root owns and that have no times.
func archive(files ...file) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), Format: tar.FormatUSTAR}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
