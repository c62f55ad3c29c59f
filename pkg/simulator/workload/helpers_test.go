// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// check returns what is wrong with a workload, by the words of its type.
func check(w *workload.Workload) error {
	names, uids, nodes := map[types.NamespacedName]bool{}, map[types.UID]bool{}, map[string]bool{}
	for _, n := range w.Nodes {
		if nodes[n.Name] || n.Name == "" {
			return fmt.Errorf("node %q is there twice", n.Name)
		}
		nodes[n.Name] = true
	}
	last := time.Duration(0)
	for _, p := range w.Pods {
		o := p.Object
		name := types.NamespacedName{Namespace: o.Namespace, Name: o.Name}
		switch {
		case o.Namespace == "" || o.Name == "" || names[name]:
			return fmt.Errorf("name %q is empty or there twice", name)
		case o.UID == "" || uids[o.UID]:
			return fmt.Errorf("UID %q of %s is empty or there twice", o.UID, name)
		case p.Lifetime <= 0:
			return fmt.Errorf("%s lives for %s", name, p.Lifetime)
		case p.Arrives < last:
			return fmt.Errorf("%s arrives at %s, after one at %s", name, p.Arrives, last)
		case p.Arrives+p.Lifetime < 0:
			return fmt.Errorf("%s ends at %s", name, p.Arrives+p.Lifetime)
		case o.Spec.NodeName != "" && (!nodes[o.Spec.NodeName] || p.Arrives != 0):
			return fmt.Errorf("%s is on node %q at %s", name, o.Spec.NodeName, p.Arrives)
		case o.Spec.SchedulerName != "" || o.Spec.SchedulingGates != nil || o.Spec.Volumes != nil || p.Source == "":
			return fmt.Errorf("%s has what it should not, or no source", name)
		}
		names[name], uids[o.UID], last = true, true, p.Arrives
	}
	return nil
}

func mustCheck(t *testing.T, w *workload.Workload) {
	t.Helper()
	if err := check(w); err != nil {
		t.Fatal(err)
	}
}

// lines has one line for each pod: namespace/name[@node] arrival+lifetime.
func lines(w *workload.Workload) string {
	var b strings.Builder
	for _, p := range w.Pods {
		node := ""
		if p.Object.Spec.NodeName != "" {
			node = "@" + p.Object.Spec.NodeName
		}
		fmt.Fprintf(&b, "%s/%s%s %s+%s\n", p.Object.Namespace, p.Object.Name, node, p.Arrives, p.Lifetime)
	}
	return b.String()
}

// wantError checks an error to the letter, and that nothing was read.
func wantError(t *testing.T, w *workload.Workload, err error, want string) {
	t.Helper()
	if w != nil {
		t.Errorf("read %d pods of a file with faults", len(w.Pods))
	}
	if err == nil || err.Error() != want {
		t.Errorf("got error\n%v\nwant\n%s", err, want)
	}
}
