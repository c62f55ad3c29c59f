// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package isolate

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keepEnvironment puts the variables back after the test.
func keepEnvironment(t *testing.T) {
	t.Helper()
	for _, kv := range os.Environ() {
		key, value, _ := strings.Cut(kv, "=")
		t.Setenv(key, value) // puts it back
	}
	t.Cleanup(os.Clearenv) // before that
}

func TestEnvironment(t *testing.T) {
	keepEnvironment(t)
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/token")
	t.Setenv("HOME", t.TempDir())
	if err := Environment(map[string]string{"CF_DNS_API_TOKEN": "x", "HOME": "/root"}); err != nil {
		t.Fatal(err)
	}
	if got := len(os.Environ()); got != len(switches)+1 {
		t.Errorf("there are %d variables: %q", got, os.Environ())
	}
	if home, err := os.UserHomeDir(); home != Nowhere || err != nil {
		t.Errorf("the home folder is %q, %v", home, err)
	}
	if _, err := os.Stat(Nowhere); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", Nowhere, err)
	}
	if got := os.Getenv("CF_DNS_API_TOKEN"); got != "x" {
		t.Errorf("the setting is %q", got)
	}
}

func TestFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	env, remove, err := Files(map[string]string{"A": "one", "B": "two"})
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	got := map[string]string{}
	for key, path := range env {
		for range 2 { // a provider may read it more than once
			data, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
			}
			got[key] = string(data)
		}
	}
	if d := cmp.Diff(map[string]string{"A": "one", "B": "two"}, got); d != "" {
		t.Errorf("(-want, +got)\n%s", d)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left in the working folder: %v, %v", left, err)
	}
	remove()
	for _, path := range env {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
}

func TestRefuse(t *testing.T) {
	for address, want := range map[string]bool{
		"169.254.169.254:80":          false,
		"169.254.170.2:80":            false, // container credentials of AWS
		"[::ffff:169.254.169.254]:80": false,
		"[fe80::1%eth0]:80":           false,
		"[fd00:ec2::254]:80":          false,
		"100.100.100.200:80":          false,
		"168.63.129.16:80":            false,
		"nonsense":                    false,
		"127.0.0.1:80":                true,
		"10.0.0.1:443":                true,
		"192.0.2.1:443":               true,
		"[2001:db8::1]:443":           true,
	} {
		if err := refuse(context.Background(), "tcp", address, nil); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A server that the configuration names may answer with a redirect.
func TestNetworkRefusesRedirects(t *testing.T) {
	before := http.DefaultTransport.(*http.Transport).DialContext
	t.Cleanup(func() { http.DefaultTransport.(*http.Transport).DialContext = before })
	Network()
	server := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/latest/meta-data/", http.StatusFound))
	defer server.Close()
	resp, err := (&http.Client{}).Get(server.URL)
	if err == nil {
		resp.Body.Close()
		t.Fatal("the redirect was followed")
	}
	if !strings.Contains(err.Error(), "169.254.169.254 is link-local") {
		t.Error(err)
	}
}
