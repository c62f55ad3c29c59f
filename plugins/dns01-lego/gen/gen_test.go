// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
)

// The generated files are those of the pinned version of lego, whose
// providers link no package that runs programs and was not reviewed.
func TestInStep(t *testing.T) {
	if err := run("..", true); err != nil {
		t.Error(err)
	}
}

func TestProviderIsReviewed(t *testing.T) {
	const head = "package newdns\n\n"
	for _, tc := range []struct{ name, source, settings, fault string }{
		{name: "fine", source: head + "import \"os\"\nvar x = os.Getenv(\"X\")", settings: "NEWDNS_TOKEN = 'API token'"},
		{name: "runs programs", source: head + "import \"os/exec\"\nvar x = exec.Command", fault: "newdns imports os/exec: it may run programs; put it into excluded of gen/reviewed.go"},
		{name: "runs programs by another name", source: head + "import run \"os/exec\"\nvar x = run.Command", fault: "newdns imports os/exec: it may run programs; put it into excluded of gen/reviewed.go"},
		{name: "starts processes", source: head + "import \"os\"\nvar x = os.StartProcess", fault: "newdns calls os.StartProcess in newdns.go: read it, and say in openers of gen/reviewed.go why it may"},
		{name: "makes system calls", source: head + "import \"syscall\"\nvar x = syscall.Exec", fault: "newdns imports syscall: it may run programs; put it into excluded of gen/reviewed.go"},
		{name: "opens files", source: head + "import \"os\"\nvar x = os.Open", fault: "newdns calls os.Open in newdns.go: read it, and say in openers of gen/reviewed.go why it may"},
		{name: "setting is a path by its name", source: head, settings: "NEWDNS_KEY_PATH = 'key'", fault: "newdns: the setting NEWDNS_KEY_PATH (key) may name a file; read the provider and decide in fileSettings of gen/reviewed.go"},
		{name: "setting is a path by its description", source: head, settings: "NEWDNS_KEY = 'The path to the key'", fault: "newdns: the setting NEWDNS_KEY (The path to the key) may name a file; read the provider and decide in fileSettings of gen/reviewed.go"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "newdns")
			if err := os.MkdirAll(filepath.Join(dir, "internal"), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "newdns.toml"), "Name = 'New DNS'\nCode = 'newdns'\n[Configuration.Credentials]\n"+tc.settings)
			write(t, filepath.Join(dir, "internal", "newdns.go"), tc.source)
			p, err := provider(dir)
			if tc.fault != "" {
				if err == nil || err.Error() != tc.fault {
					t.Fatalf("got error %v, want %s", err, tc.fault)
				}
				return
			}
			if err != nil || len(p.Settings) != 1 || p.Settings[0].Key != "NEWDNS_TOKEN" {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
}

// A package of an SDK that runs programs is found as well.
func TestProgramsAreReviewed(t *testing.T) {
	const name = "github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	reason := runners[name]
	t.Cleanup(func() { runners[name] = reason })
	delete(runners, name)
	err := programs("..", []catalog.Provider{{Name: "route53"}})
	if err == nil || !strings.Contains(err.Error(), name+", which a provider links, imports os/exec") {
		t.Errorf("got %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "names github.com/Azure/azure-sdk-for-go/sdk/azidentity, which no provider links any more") {
		t.Errorf("got %v", err)
	}
}

// Every module that is linked has a licence, and its text is there.
func TestLicenses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "licenses.txt")
	if err := licenses("..", path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"github.com/go-acme/lego/v5 v5.3.1: LICENSE\n", "Copyright (c) 2017-2024 Ludovic Fernandez", "Mozilla Public License"} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%q is not in it", want)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
