// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrite(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "server")
	if err := os.WriteFile(binary, []byte("the binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	image := Image{Name: "example.com/server:v1", Binary: binary}
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if err := image.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same binary gave other bytes")
	}
	files, _ := unpack(t, first.Bytes())
	var manifests []manifest
	if err := json.Unmarshal(files["manifest.json"], &manifests); err != nil {
		t.Fatal(err)
	}
	if len(manifests) != 1 || len(manifests[0].Layers) != 1 {
		t.Fatalf("manifest.json is %s", files["manifest.json"])
	}
	if diff := cmp.Diff([]string{"example.com/server:v1"}, manifests[0].RepoTags); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	layer := files[manifests[0].Layers[0]]
	content, modes := unpack(t, layer)
	if string(content["server"]) != "the binary" || modes["server"] != 0o755 {
		t.Errorf("the layer has %q, mode %o", content["server"], modes["server"])
	}
	var c config
	if err := json.Unmarshal(files[manifests[0].Config], &c); err != nil {
		t.Fatalf("reading %s: %v", manifests[0].Config, err)
	}
	if diff := cmp.Diff([]string{"sha256:" + digest(layer)}, c.RootFS.DiffIDs); diff != "" {
		t.Errorf("layers of the configuration (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/server"}, c.Config.Entrypoint); diff != "" {
		t.Errorf("entry point (-want +got):\n%s", diff)
	}
	if manifests[0].Config != digest(files[manifests[0].Config])+".json" {
		t.Errorf("the configuration is named %s", manifests[0].Config)
	}
}

func TestWriteWithoutBinary(t *testing.T) {
	if err := (Image{Name: "x", Binary: filepath.Join(t.TempDir(), "absent")}).Write(io.Discard); err == nil {
		t.Error("an image without a binary was written")
	}
}

func unpack(t *testing.T, data []byte) (contents map[string][]byte, modes map[string]int64) {
	t.Helper()
	contents, modes = map[string][]byte{}, map[string]int64{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return contents, modes
		}
		if err != nil {
			t.Fatal(err)
		}
		if contents[header.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		modes[header.Name] = header.Mode
	}
}
