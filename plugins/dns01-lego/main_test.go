// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
)

// actAsPlugin makes the test binary the plugin: what it does to its
// environment, and its exit code, are then seen from outside.
const actAsPlugin = "DNS01_LEGO_TEST_PLUGIN"

const (
	keyAuth  = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
	token    = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
	txtValue = "lCM7cZyQXcVHK2nnW3jjAhNT3Fvm18UN-kWZZknKoYM"
)

func TestMain(m *testing.M) {
	if os.Getenv(actAsPlugin) != "" {
		os.Exit(serve())
	}
	os.Exit(m.Run())
}

// run starts the plugin with a good request for domain, changed by env.
func run(t *testing.T, config string, env ...string) (code int, stdout, stderr string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{
		actAsPlugin + "=1", "APIVERSION=v1", "COMMAND=CREATE", "DOMAIN=example.com", "FQDN=_acme-challenge.example.com.",
		"TOKEN=" + txtValue, "KEYAUTH=" + keyAuth,
	}, env...)
	cmd.Stdin = strings.NewReader(config)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(cmd.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind in the working folder: %v, %v", left, err)
	}
	return cmd.ProcessState.ExitCode(), strings.TrimSuffix(out.String(), "\n"), strings.TrimSuffix(errs.String(), "\n")
}

// config is a configuration as JSON.
func config(t *testing.T, provider string, settings map[string]string, nameservers ...string) string {
	t.Helper()
	data, err := json.Marshal(map[string]any{"provider": provider, "settings": settings, "nameservers": append([]string{}, nameservers...)})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPeople(t *testing.T) {
	for _, tc := range []struct{ args, want, fault string }{
		{args: "help", want: usage},
		{args: "version", want: "dns01-lego unknown (lego v5.3.1, 211 providers)\n"},
		{args: "lst", fault: "unknown command \"lst\"; see `dns01-lego help`"},
		{args: "list nope-nope", fault: "there is no provider \"nope-nope\"; `dns01-lego list` shows all"},
		{args: "list -o yaml", fault: `list: -o is "yaml", but must be table or json`},
		{args: "list -x", fault: "list: flag provided but not defined: -x"},
		{args: "list a b", fault: "list: name one provider, or none for all"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			var out bytes.Buffer
			err := people(&out, strings.Fields(tc.args))
			if tc.fault != "" {
				if err == nil || err.Error() != tc.fault {
					t.Fatalf("got error %v, want %s", err, tc.fault)
				}
				return
			}
			if err != nil || out.String() != tc.want {
				t.Errorf("got %v\n%s, want\n%s", err, out.String(), tc.want)
			}
		})
	}
}

// The outputs that people see, kept in testdata.
func TestListGolden(t *testing.T) {
	for name, args := range map[string]string{
		"cloudflare.txt": "list cloudflare",
		"dnsupdate.txt":  "list rfc2136",
		"route53.txt":    "list route53",
		"transip.json":   "list transip -o json",
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := people(&out, strings.Fields(args)); err != nil {
				t.Fatal(err)
			}
			path := "testdata/" + name
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(want, out.Bytes()) {
				t.Errorf("%v; differs from %s, which UPDATE_GOLDEN=1 rewrites:\n%s", err, path, out.String())
			}
		})
	}
}

func TestListAll(t *testing.T) {
	var table, data bytes.Buffer
	if err := people(&table, []string{"list"}); err != nil {
		t.Fatal(err)
	}
	if err := people(&data, []string{"list", "-o", "json"}); err != nil {
		t.Fatal(err)
	}
	var all catalog.Catalog
	if err := json.Unmarshal(data.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	if rows, n := strings.Count(table.String(), "\n")-1, len(all.Providers); rows != n || n < 200 {
		t.Errorf("the table has %d rows, JSON has %d providers", rows, n)
	}
}
