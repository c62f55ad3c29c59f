// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/go-acme/lego/v5/challenge"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
)

const (
	keyAuth  = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
	txtValue = "lCM7cZyQXcVHK2nnW3jjAhNT3Fvm18UN-kWZZknKoYM"
)

// fake is a provider that remembers its records, as many of lego's do.
type fake struct {
	recordIDs map[string]string
	calls     *[]string
	fail      error
}

func (f *fake) Present(_ context.Context, domain, token, keyAuth string) error {
	*f.calls = append(*f.calls, fmt.Sprintf("present %s %s %s", domain, token, keyAuth))
	f.recordIDs[token] = "id-1"
	return f.fail
}

func (f *fake) CleanUp(_ context.Context, domain, token, keyAuth string) error {
	*f.calls = append(*f.calls, fmt.Sprintf("cleanup %s %s %s %s", domain, token, keyAuth, f.recordIDs[token]))
	if f.recordIDs[token] == "" {
		return errors.New("unknown record ID")
	}
	return f.fail
}

func TestRun(t *testing.T) {
	token, _, _ := strings.Cut(keyAuth, ".")
	const config = "provider: fake\nsettings: {FAKE_KEY: s3cret-key}\nnameservers: ['127.0.0.1:1']"
	for _, tc := range []struct {
		name           string
		env            string // besides those of a good CREATE; the last of a name wins
		config         string
		fail, failNew  error
		code           int
		stdout, stderr string
		calls          []string
	}{
		{name: "create", stdout: `{"recordIDs":{"` + token + `":"id-1"}}`, calls: []string{"present example.com " + token + " " + keyAuth}},
		{name: "create elsewhere", env: "FQDN=_acme-challenge.other.test", stdout: `{"recordIDs":{"` + token + `":"id-1"}}`, calls: []string{"present other.test " + token + " " + keyAuth}},
		{name: "delete", env: `COMMAND=DELETE STATE={"recordIDs":{"` + token + `":"id-1"}}`, calls: []string{"cleanup example.com " + token + " " + keyAuth + " id-1"}},
		{
			name: "delete without state", env: "COMMAND=DELETE", code: Failed, calls: []string{"cleanup example.com " + token + " " + keyAuth + " "},
			stderr: "unknown record ID; this provider may need what its CREATE printed in STATE, which the caller did not give: delete the TXT record _acme-challenge.example.com. with the value " + txtValue + " by hand",
		},
		{name: "delete with another's state", env: `COMMAND=DELETE STATE={"x":{}}`, code: Failed, stderr: `reading STATE: the provider remembers nothing called "x"; STATE is of another provider or version`},
		{name: "provider fails", fail: errors.New("GET https://api.test/?key=s3cret-key:\n 403\x1b"), code: Failed, stderr: "GET https://api.test/?key=[FAKE_KEY]: 403", calls: []string{"present example.com " + token + " " + keyAuth}},
		{name: "no version", env: "APIVERSION=", code: UnsupportedVersion, stderr: "APIVERSION is \"\", but only v1 is supported; for people there are `dns01-lego list` and `dns01-lego help`"},
		{name: "later version", env: "APIVERSION=v2 COMMAND=", config: "?", code: UnsupportedVersion, stderr: "APIVERSION is \"v2\", but only v1 is supported; for people there are `dns01-lego list` and `dns01-lego help`"},
		{name: "no command", env: "COMMAND=create", code: Failed, stderr: `COMMAND is "create", but must be CREATE or DELETE`},
		{name: "no domain", env: "DOMAIN=", code: Failed, stderr: "DOMAIN is not set"},
		{name: "no FQDN", env: "FQDN=", code: Failed, stderr: "FQDN is not set"},
		{name: "no token", env: "TOKEN=", code: Failed, stderr: "TOKEN is not set"},
		{name: "no key authorization", env: "KEYAUTH=", code: Failed, stderr: "KEYAUTH is not set: lego computes the TXT value from the key authorization, so the caller has to pass that besides TOKEN"},
		{name: "another's key authorization", env: "KEYAUTH=a.b", code: Failed, stderr: "TOKEN is not the TXT value of KEYAUTH, which is its SHA-256 in base64url (RFC 8555, 8.4)"},
		{name: "long state", env: "COMMAND=DELETE STATE=" + strings.Repeat("x", maxState+1), code: Failed, stderr: "STATE has 16385 bytes, more than 16384"},
		{name: "CNAMEs lead elsewhere", env: "FQDN=abc.auth.test", code: Failed, stderr: "finding the record for example.com: its CNAMEs lead to _acme-challenge.example.com. here, but to abc.auth.test. at the caller; set nameservers in the configuration to those that the caller asks"},
		{name: "no configuration", config: " ", code: BadConfig, stderr: "the configuration is empty; it needs provider and settings"},
		{name: "unknown provider", config: "provider: fakee", code: BadConfig, stderr: `there is no provider "fakee"; did you mean "fake"?`},
		{name: "unknown setting", config: "provider: fake\nsettings: {FAKE_KEYS: x}", code: BadConfig, stderr: "provider fake has no setting FAKE_KEYS; did you mean FAKE_KEY?"},
		{name: "provider finds a fault", failNew: errors.New("some credentials information are missing: FAKE_KEY"), code: BadConfig, stderr: "some credentials information are missing: FAKE_KEY"},
		{name: "provider misses a file", failNew: fmt.Errorf("fake: %w", &os.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}), code: BadConfig, stderr: "fake: open /x: no such file or directory"},
		{name: "provider cannot log in", failNew: fmt.Errorf("fake: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}), code: Failed, stderr: "fake: dial: refused"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := map[string]string{"APIVERSION": "v1", "COMMAND": Create, "DOMAIN": "*.example.com", "FQDN": "_acme-challenge.example.com.", "TOKEN": txtValue, "KEYAUTH": keyAuth}
			for _, kv := range strings.Fields(tc.env) {
				key, value, _ := strings.Cut(kv, "=")
				env[key] = value
			}
			in := tc.config
			if in == "" {
				in = config
			}
			var stdout, stderr bytes.Buffer
			var calls []string
			isolated := map[string]string{}
			p := &Plugin{
				Getenv: func(key string) string { return env[key] },
				Stdin:  strings.NewReader(in), Stdout: &stdout, Stderr: &stderr,
				Catalog: &catalog.Catalog{Providers: []catalog.Provider{{Name: "fake", Settings: []catalog.Setting{{Key: "FAKE_KEY"}}}}},
				New: func(string) (challenge.Provider, error) {
					if isolated["FAKE_KEY"] != "s3cret-key" {
						t.Errorf("the provider's environment is %v", isolated)
					}
					return &fake{recordIDs: map[string]string{}, calls: &calls, fail: tc.fail}, tc.failNew
				},
				Isolate: func(env map[string]string) error { isolated = env; return nil },
				Setenv:  func(key, value string) error { isolated[key] = value; return nil },
				Files: func(map[string]string) (map[string]string, func(), error) {
					return nil, func() {}, nil
				},
			}
			if code := p.Run(context.Background()); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			if got := strings.TrimSuffix(stdout.String(), "\n"); got != tc.stdout {
				t.Errorf("standard output\n%s, want\n%s", got, tc.stdout)
			}
			want := tc.stderr
			if want != "" {
				want += "\n"
			}
			if got := stderr.String(); got != want {
				t.Errorf("standard error\n%s, want\n%s", got, want)
			}
			if got, want := strings.Join(calls, "\n"), strings.Join(tc.calls, "\n"); got != want {
				t.Errorf("calls\n%s, want\n%s", got, want)
			}
		})
	}
}

func TestLine(t *testing.T) {
	settings := map[string]string{"LONG": "password-and-more", "PART": "password", "SHORT": "30", "ODD": "a b/c+d&e"}
	for in, want := range map[string]string{
		"password-and-more":                         "[LONG]",
		"password-and":                              "[PART]-and",
		"after 30 s":                                "after 30 s",
		"https://x/?k=a+b%2Fc%2Bd%26e":              "https://x/?k=[ODD]",
		"two\nlines\tand \u202e controls\x00":       "two lines and controls",
		strings.Repeat("x", maxLine-1) + "\u20acyz": strings.Repeat("x", maxLine-1) + " ...",
	} {
		if got := line(errors.New(in), settings); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
