// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// mount replaces files as the kubelet does in a Secret volume: they are links through ..data, which is replaced by renaming.
type mount struct {
	t   *testing.T
	dir string
	n   int
}

func newMount(t *testing.T) *mount {
	m := &mount{t: t, dir: t.TempDir()}
	for _, name := range []string{"tls.crt", "tls.key"} {
		m.must(os.Symlink(filepath.Join("..data", name), filepath.Join(m.dir, name)))
	}
	return m
}

func (m *mount) write(certPEM, keyPEM []byte) {
	m.t.Helper()
	m.n++
	version := "..version" + string(rune('0'+m.n))
	m.must(os.Mkdir(filepath.Join(m.dir, version), 0o700))
	m.must(os.WriteFile(filepath.Join(m.dir, version, "tls.crt"), certPEM, 0o600))
	m.must(os.WriteFile(filepath.Join(m.dir, version, "tls.key"), keyPEM, 0o600))
	m.must(os.Symlink(version, filepath.Join(m.dir, "..next")))
	m.must(os.Rename(filepath.Join(m.dir, "..next"), filepath.Join(m.dir, "..data")))
}

func (m *mount) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func TestReload(t *testing.T) {
	ca := tlstest.NewCA(t)
	oldCert, oldKey := ca.Issue(tlstest.Options{DNSNames: []string{"old.example.com"}})
	newCert, newKey := ca.Issue(tlstest.Options{DNSNames: []string{"new.example.com"}})
	m := newMount(t)
	if _, err := newReloader(filepath.Join(m.dir, "tls.crt"), filepath.Join(m.dir, "tls.key")); err == nil {
		t.Error("it starts without a certificate")
	}
	m.write(oldCert, oldKey)
	r, err := newReloader(filepath.Join(m.dir, "tls.crt"), filepath.Join(m.dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		what      string
		cert, key []byte
		want      string
	}{
		{"unchanged", nil, nil, "old.example.com"},
		{"certificate without its key", newCert, oldKey, "old.example.com"},
		{"renewed", newCert, newKey, "new.example.com"},
		{"garbage", []byte("garbage"), []byte("garbage"), "new.example.com"},
		{"back again", oldCert, oldKey, "old.example.com"},
	} {
		if step.cert != nil {
			m.write(step.cert, step.key)
		}
		pair, err := r.get(nil)
		if err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if got := pair.Leaf.DNSNames[0]; got != step.want {
			t.Errorf("%s: serving %s, want %s", step.what, got, step.want)
		}
	}
}
