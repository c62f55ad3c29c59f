// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// printLife shows when each thing happened to the held pods.
func (o *observer) printLife(out io.Writer, prefix string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "POD\tCREATED\tHELD\tORDER\tCHALLENGE\tSECRET\tBOUND\tTLSREADY\tSECRET-TO-BOUND")
	for _, name := range o.names(prefix) {
		l := o.life[name]
		since := func(t time.Time) string {
			if t.IsZero() {
				return "<none>"
			}
			return fmt.Sprintf("%.3f", t.Sub(l.created).Seconds())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d ms\n", name, since(l.created), since(l.held),
			since(o.issued[orderPlaced]), since(o.issued[challengeLed]), since(o.issued[secretWritten]),
			since(l.bound), since(l.released), l.bound.Sub(o.issued[secretWritten]).Milliseconds())
	}
	_ = w.Flush()
	for _, name := range o.names(prefix) {
		fmt.Fprintf(out, "%s waited for: %s\n", name, o.life[name].message)
	}
}

// checkOrder holds that a pod was held first and bound only after its Secret had been written.
func (o *observer) checkOrder(prefix string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	pods := o.names(prefix)
	if len(pods) != webReplicas {
		return fmt.Errorf("%d pods of web were seen, want %d", len(pods), webReplicas)
	}
	for _, name := range pods {
		l := o.life[name]
		if l.held.IsZero() {
			return fmt.Errorf("pod %s was never held", name)
		}
		if l.boundVersion <= o.secretVersion {
			return fmt.Errorf("pod %s was bound in version %d, and Secret %s written in version %d", name, l.boundVersion, webSecret, o.secretVersion)
		}
	}
	return nil
}
