// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/issuance/acme/acmetest"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01/dnstest"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// namespace of the certificates.
const namespace = "shop"

// cluster is a control plane with the controller, an ACME server, and a folder in which plugins work.
type cluster struct {
	sb         *sandbox.Sandbox
	client     client.Client
	controller *sandbox.Process
	acme       *acmetest.Server
	work       string
	flags      []string // of the controller
}

// start starts everything. The controller has the plugin alone in its folder, and an environment that is its own business.
func start(t *testing.T, plugin string, net *dnstest.Net) *cluster {
	t.Helper()
	never := 0
	c := &cluster{acme: acmetest.StartWith(t, acmetest.Options{Resolver: net.Recursive, ReuseAuthorizations: &never}), work: openFolder(t)}
	var err error
	if c.sb, err = sandbox.Start(t.Context(), sandbox.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.sb.Stop(); err != nil {
			t.Errorf("stopping the sandbox: %v", err)
		}
		if t.Failed() {
			t.Logf("the logs of the sandbox are in %s", c.sb.LogDir())
		}
	})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	if c.client, err = stack.NewClient(c.sb); err != nil {
		t.Fatal(err)
	}
	c.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	folder := openFolder(t)
	if err := os.Link(plugin, filepath.Join(folder, "dns01-lego")); err != nil {
		copyFile(t, plugin, filepath.Join(folder, "dns01-lego"))
	}
	t.Setenv("TMPDIR", c.work)
	t.Setenv("HTTPREQ_PASSWORD_FILE", "/etc/passwd") // lego would read it
	c.flags = []string{
		"--dns01-plugin-dir=" + folder, "--dns01-nameservers=" + net.Recursive,
		"--dns01-recursive-only", // the zones' own name servers have addresses that lead nowhere
	}
	c.startController(t)
	return c
}

func (c *cluster) startController(t *testing.T) {
	t.Helper()
	var err error
	if c.controller, err = stack.StartController(t.Context(), c.sb, stack.ControllerOptions{Args: c.flags}); err != nil {
		t.Fatal(err)
	}
}

// openFolder is a folder that other users may enter.
func openFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}
