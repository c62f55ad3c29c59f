// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeKubectl answers "get secret" with a Secret that other programs read, and prints what it is given otherwise.
const fakeKubectl = `#!/bin/sh
case "$*" in
*"get secret aws -o json"*) echo '{"apiVersion":"v1","kind":"Secret","type":"Opaque","metadata":{"name":"aws","uid":"u"},"data":{"id":"QUtJQQo=","secret":"cydlY3JldA=="}}' ;;
*"get secret a b -o json"*) echo '{"kind":"List","items":[{"metadata":{"name":"a"},"data":{"t":"dG9rZW4="}},{"metadata":{"name":"b"},"data":{"t":"c2VjcmV0"}}]}' ;;
*"from-file=config=/dev/stdin"*|*"create -f -"*) cat ;;
*) echo "$*" ;;
esac
`

// run runs a command as a person would, with kubectl replaced.
func run(t *testing.T, command string) string {
	t.Helper()
	for _, program := range []string{"jq", "openssl"} {
		if _, err := exec.LookPath(program); err != nil && strings.Contains(command, program+" ") {
			t.Skipf("the command needs %s", program)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte(fakeKubectl), 0o700); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-c", command)
	c.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("running %s: %v\n%s", command, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestCommands(t *testing.T) {
	l := &lego{provider: "route53"}
	l.set("AWS_REGION", `it's "\(1)"`)
	l.setFrom("AWS_ACCESS_KEY_ID", &secretKey{"aws", "id"})
	l.setFrom("AWS_SECRET_ACCESS_KEY", &secretKey{"aws", "secret"})
	wantYAML(t, yamlOf(t, run(t, l.command("from", "into", "name"))), `{provider: route53, settings: {AWS_REGION: "it's \"\\(1)\"", AWS_ACCESS_KEY_ID: AKIA, AWS_SECRET_ACCESS_KEY: "s'ecret"}}`)

	l = &lego{provider: "acmedns"}
	l.setFrom("A", &secretKey{"a", "t"})
	l.settings = append(l.settings, setting{key: "B", from: &secretKey{"b", "t"}, file: true})
	wantYAML(t, yamlOf(t, run(t, l.command("from", "into", "name"))), `{provider: acmedns, settings: {A: token}, files: {B: secret}}`)

	l = &lego{provider: "x"}
	l.set("A", "b")
	wantYAML(t, yamlOf(t, run(t, l.command("from", "into", "name"))), `{provider: x, settings: {A: b}}`)

	wantYAML(t, yamlOf(t, run(t, copySecret("from", "aws", "into"))), `{apiVersion: v1, kind: Secret, type: Opaque, metadata: {name: aws}, data: {id: QUtJQQo=, secret: cydlY3JldA==}}`)
	wantYAML(t, yamlOf(t, run(t, copyKey("from", &secretKey{"aws", "id"}, "into", "copy", "tls.key"))), `{apiVersion: v1, kind: Secret, metadata: {name: copy}, data: {tls.key: QUtJQQo=}}`)
}

func TestAdopt(t *testing.T) {
	r := convert(t, caIssuer, document("cert-manager.io/v1", "Certificate", "web",
		"{secretName: web-tls, dnsNames: [a.example.com], issuerRef: {name: ca}, secretTemplate: {labels: {app.kubernetes.io/managed-by: us}}}"))
	notes := r.only(t, "TLSCertificate").Notes
	want := []string{"kubectl -n shop annotate secret web-tls cert-manager.io/certificate-name-", "kubectl -n shop label secret web-tls app.kubernetes.io/managed-by-"}
	if diff := cmp.Diff(want, notes[len(notes)-1].Commands); diff != "" {
		t.Errorf("commands (-want, +got):\n%s", diff)
	}
}
