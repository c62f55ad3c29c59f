// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPluginCannotReadTheToken is the attack that another user for plugins is there against.
func TestPluginCannotReadTheToken(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give plugins another user")
	}
	const token = "eyJhbGciOiJSUzI1NiJ9"
	h := newHarness(t)
	h.install("plugin-steal")
	h.secret = h.o.TokenPath + " x"
	if err := os.WriteFile(h.o.TokenPath, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	err := h.present("plugin-steal")
	if err == nil || strings.Contains(err.Error(), token) || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("reading a token of mode 0600: %v", err)
	}
	// With modes that let plugins read it, none is started at all.
	for mode, as := range map[os.FileMode]RunAs{0o644: Nobody, 0o640: {UID: 65534, GID: 4321}} {
		if err := errors.Join(os.Chmod(h.o.TokenPath, mode), os.Chown(h.o.TokenPath, 0, 4321)); errors.Is(err, os.ErrPermission) {
			t.Skip("the rest needs the capability CHOWN")
		} else if err != nil {
			t.Fatal(err)
		}
		h.o.RunAs = &as
		err := h.present("plugin-steal")
		if want := "could read the controller's ServiceAccount token"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("token of mode %o, plugins as %v: error %v, want %q", mode, as, err, want)
		}
	}
}

func TestPluginIdentitiesThatAreRefused(t *testing.T) {
	h := newHarness(t)
	h.install("plugin-deaf")
	h.o.SharedUser = false
	for _, as := range []*RunAs{{UID: 0, GID: 65534}, {UID: 65534, GID: 0}, {UID: uint32(os.Geteuid()), GID: 65534}} {
		h.o.RunAs = as
		if err := h.present("plugin-deaf"); !errors.Is(err, ErrConfiguration) {
			t.Errorf("as %v: error %v", as, err)
		}
	}
	if h.o.RunAs = nil; os.Geteuid() != 0 {
		if err := h.present("plugin-deaf"); !errors.Is(err, ErrConfiguration) {
			t.Errorf("without another user: error %v", err)
		}
	}
}

func TestPluginOutsideTheFolder(t *testing.T) {
	h := newHarness(t)
	outside := filepath.Join(h.open, "evil")
	h.install("plugin-deaf")
	if err := errors.Join(
		os.Rename(filepath.Join(h.plugins, "plugin-deaf"), outside),
		os.Symlink(outside, filepath.Join(h.plugins, "link-out")),
		os.Symlink("../open/evil", filepath.Join(h.plugins, "link-relative")),
		os.Symlink("/proc/self/exe", filepath.Join(h.plugins, "link-proc")),
		os.Symlink(".", filepath.Join(h.plugins, "link-folder")),
		os.Symlink("loop", filepath.Join(h.plugins, "loop")),
		os.Mkdir(filepath.Join(h.plugins, "folder"), 0o755),
		os.WriteFile(filepath.Join(h.plugins, "data"), nil, 0o644),
		os.Mkdir(filepath.Join(h.plugins, "..data"), 0o755),
	); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, want string }{
		{"../open/evil", "the name may have small letters"},
		{"..", "the name may have small letters"},
		{".", "the name may have small letters"},
		{"", "the name may have small letters"},
		{"a/../../open/evil", "the name may have small letters"},
		{outside, "the name may have small letters"},
		{"evil\x00", "the name may have small letters"},
		{"Evil", "the name may have small letters"},
		{strings.Repeat("a", 101), "the name may have small letters"},
		{"link-out", "is a symbolic link out of the controller's folder"},
		{"link-relative", "is a symbolic link out of the controller's folder"},
		{"link-proc", "is a symbolic link out of the controller's folder"},
		{"link-folder", "is a symbolic link out of the controller's folder"},
		{"loop", "the file cannot be read"},
		{"folder", "is not a regular executable file"},
		{"data", "is not a regular executable file"},
		{"absent", "there is no such file in the controller's folder"},
	} {
		if err := h.present(test.name); err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, ErrConfiguration) {
			t.Errorf("plugin %q: error %v, want %q", test.name, err, test.want)
		}
	}
	// Links inside the folder are how Kubernetes mounts volumes.
	if err := errors.Join(os.Rename(outside, filepath.Join(h.plugins, "..data", "plugin-deaf")),
		os.Symlink("..data/plugin-deaf", filepath.Join(h.plugins, "plugin-linked"))); err != nil {
		t.Fatal(err)
	}
	if err := h.present("plugin-linked"); err != nil {
		t.Errorf("link inside the folder: %v", err)
	}
}

func TestPluginThatCannotStart(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"text":        {"hello", "it is not a program for this machine"},
		"interpreter": {"#!/no/such/interpreter\n", "its interpreter or dynamic linker is not in the controller's image"},
	} {
		h := newHarness(t)
		if err := os.WriteFile(filepath.Join(h.plugins, name), []byte(test.content), 0o755); err != nil {
			t.Fatal(err)
		}
		h.secret = "x"
		err := h.present(name)
		if want := fmt.Sprintf("running plugin %s for CREATE of TXT record %s: starting it: %s", name, fqdn, test.want); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
