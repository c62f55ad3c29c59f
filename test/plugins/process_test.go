// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pluginVariable names the plugin's binary in the environment: it is a module of its own and takes minutes to build.
const pluginVariable = "DNS01_LEGO"

// neededCapabilities are KILL, SETGID and SETUID by their numbers (linux/capability.h): the controller needs them to run plugins.
const neededCapabilities = 1<<5 | 1<<6 | 1<<7

// neededPlugin returns the path of the plugin. It skips the test where there is none, or where it could not be run as it has to be.
func neededPlugin(t *testing.T) string {
	t.Helper()
	path := os.Getenv(pluginVariable)
	if path == "" {
		t.Skipf("needs the plugin's binary, named by %s: run `make test-plugins`", pluginVariable)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skipf("needs Linux: %v", err)
	}
	has, err := strconv.ParseUint(field(string(status), "CapEff"), 16, 64)
	if err != nil || os.Geteuid() != 0 || has&neededCapabilities != neededCapabilities {
		t.Skip("needs root with the capabilities SETUID, SETGID and KILL, so that the controller can run the plugin as another user")
	}
	path, err = filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// sighting is what the system tells of a running plugin.
type sighting struct {
	uids, gids, groups, capabilities string
	dir                              string
	environment, arguments           []string
}

// variables are the names of those in its environment, sorted.
func (s sighting) variables() []string {
	var names []string
	for _, v := range s.environment {
		name, _, _ := strings.Cut(v, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// look looks at the only child of a process.
func look(t *testing.T, parent int) sighting {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		t.Error(err)
	}
	var found []sighting
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil || field(string(status), "PPid") != fmt.Sprint(parent) {
			continue // it has ended, or is somebody else's
		}
		proc := filepath.Dir(file)
		s := sighting{
			uids: field(string(status), "Uid"), gids: field(string(status), "Gid"), groups: field(string(status), "Groups"),
			capabilities: field(string(status), "CapEff"),
			environment:  texts(t, filepath.Join(proc, "environ")), arguments: texts(t, filepath.Join(proc, "cmdline")),
		}
		if s.dir, err = os.Readlink(filepath.Join(proc, "cwd")); err != nil {
			t.Error(err)
		}
		found = append(found, s)
	}
	if len(found) != 1 {
		t.Errorf("the controller runs %d plugins while the provider is asked, want 1", len(found))
		return sighting{}
	}
	return found[0]
}

// field of a file like /proc/self/status, its parts with one space between.
func field(status, name string) string {
	match := regexp.MustCompile(`(?m)^` + name + `:(.*)$`).FindStringSubmatch(status)
	if match == nil {
		return ""
	}
	return strings.Join(strings.Fields(match[1]), " ")
}

// texts are those of a file in /proc that ends each with a zero byte.
func texts(t *testing.T, path string) []string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	if len(raw) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
}
