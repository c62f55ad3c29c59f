// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/yaml"
)

// width of comments, in columns. Commands are not wrapped.
const width = 120

// labels of notes in comments.
var kindLabels = map[string]string{NoEquivalent: "No equivalent", ToDo: "To do", Info: "Note"}

// WriteYAML writes the objects as YAML documents. Comments before each say where it is from and what is to be known of it;
// those at the top say what was left out, and in which order to go on. Everything is put together before the first byte is
// written.
func (r *Result) WriteYAML(w io.Writer) error {
	var b strings.Builder
	r.head(&b)
	for i := range r.Items {
		item := &r.Items[i]
		b.WriteString("---\n")
		for _, from := range item.From {
			comment(&b, "From "+from.String()+".")
		}
		for _, n := range item.Notes {
			comment(&b, n.line())
			for _, command := range n.Commands {
				b.WriteString("#   " + strings.Map(oneLine, command) + "\n")
			}
		}
		data, err := yaml.Marshal(item.Object)
		if err != nil {
			return fmt.Errorf("writing %s as YAML: %w", item.To, err)
		}
		b.Write(data)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the objects: %w", err)
	}
	return nil
}

// line is the note as text.
func (n *Note) line() string {
	line := kindLabels[n.Kind] + ": "
	if n.Field != "" {
		line += n.Field + ": "
	}
	return line + n.Message
}

// order says how to go on.
var order = []string{
	"1. Do what the comments of the issuers say, and apply the issuers. Wait until they are ready: kubectl get ccertiss,certiss -A.",
	"2. Stop the old controller, so that it does not work against the new one. Renewals wait until step 4.",
	"3. Apply the TLSCertificates. Tollgate does not touch Secrets that others have made.",
	"4. Have Tollgate take over the Secrets, with the commands above their TLSCertificates. It has them when kubectl get tlscert -A -o wide shows when they renew.",
	"5. Delete the old Certificates. Those of cert-manager: kubectl delete certificates.cert-manager.io --cascade=orphan, which keeps Secrets that they own.",
}

func (r *Result) head(b *strings.Builder) {
	comment(b, fmt.Sprintf("Objects of Tollgate made by kubectl tollgate certs import: %d, of which %d with losses. Comments say what is lost and what is to do.", len(r.Items), r.Losses()))
	if len(r.Items) > 0 {
		for _, line := range order {
			comment(b, line)
		}
	}
	for _, l := range r.LeftOut {
		comment(b, "Left out: "+l.String()+": "+l.Why+".")
	}
}

// comment writes lines of at most width columns, the second and others indented.
func comment(b *strings.Builder, text string) {
	line := "#"
	for _, word := range strings.Fields(strings.Map(oneLine, text)) {
		if len(line)+1+len(word) > width && line != "#" && line != "#  " {
			b.WriteString(line + "\n")
			line = "#  "
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// oneLine keeps what is from outside within a comment, whatever it is.
func oneLine(r rune) rune {
	switch r {
	case '\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return ' '
	}
	return r
}
