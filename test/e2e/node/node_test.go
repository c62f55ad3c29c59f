// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMounts(t *testing.T) {
	got, err := parseMounts(`22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
36 22 0:30 / /run rw,relatime shared:3 master:1 - tmpfs tollgate-e2e rw,mode=755
40 36 0:31 / /run/a\040b rw - tmpfs tmpfs rw
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []mount{{"/", "/dev/vda"}, {"/run", "tollgate-e2e"}, {`/run/a\040b`, "tmpfs"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(mount{})); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
	if _, err := parseMounts("36 22 0:30 /\n"); err == nil {
		t.Error("a line that is cut off is accepted")
	}
}

func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var log strings.Builder
	for i := range 40 {
		fmt.Fprintf(&log, "line %d\n", i)
	}
	log.WriteString(strings.Repeat("x", 1000) + "\n")
	if err := os.WriteFile(path, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(Tail(path), "\n")
	if len(lines) != 15 || lines[0] != "\tline 26" || lines[14] != "\t"+strings.Repeat("x", 400)+"..." {
		t.Errorf("the tail is %q", lines)
	}
	if Tail(path+".absent") == "" {
		t.Error("nothing is said of an absent log")
	}
}
