// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
)

func TestBadPriceAnnotations(t *testing.T) {
	for name, value := range map[string]string{"word": "abc", "negative": "-1", "overflow": "1e400", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			s := shared.space(t)
			// bad falls back to its catalog price of $1.006, so it loses; it is neither an error nor free.
			s.create(fakeNode("bad", awsType("g5.xlarge"), price(value)), fakeNode("good", awsType("m6i.xlarge")))
			s.create(workload("pod"))
			if node := s.waitBound("pod"); node != "good" {
				t.Errorf("the pod is on %s, want good", node)
			}
			eventually(t, "a warning event on the node", func(ctx context.Context) (bool, string) {
				notes := s.eventNotes(ctx, "Node", s.ns+"-bad")
				return strings.Contains(notes, "tollgate.dev/hourly-price"), notes
			})

			// Where it is the only node, pods are still placed on it.
			alone := shared.space(t)
			alone.create(fakeNode("bad", price(value)))
			alone.create(workload("pod"))
			alone.waitBound("pod")
		})
	}
}

// eventNotes joins the notes of the events on an object.
func (s *space) eventNotes(ctx context.Context, kind, name string) string {
	var list eventsv1.EventList
	if err := s.client.List(ctx, &list); err != nil {
		s.t.Fatalf("listing events: %v", err)
	}
	var notes []string
	for _, e := range list.Items {
		if e.Regarding.Kind == kind && e.Regarding.Name == name {
			notes = append(notes, fmt.Sprintf("%s: %s", e.Reason, e.Note))
		}
	}
	return strings.Join(notes, "\n")
}

func TestNodeWithoutLabels(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("bare"))
	s.create(workload("pod"))
	if node := s.waitBound("pod"); node != "bare" {
		t.Errorf("the pod is on %q", node)
	}
}

func TestBadDeclarations(t *testing.T) {
	for name, test := range map[string]struct{ value, want string }{
		"bad name":        {"Web_TLS", "Web_TLS"},
		"empty":           {"", "tollgate.dev/require-tls"},
		"empty item":      {"web-tls,,api-tls", "tollgate.dev/require-tls"},
		"auto with names": {"auto,web-tls", "auto"},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.space(t)
			s.create(fakeNode("node", price("0.1")))
			s.create(workload("declared", requireTLS(test.value)), workload("plain"))
			if c := s.waitHeld("declared", "InvalidDeclaration"); !strings.Contains(c.Message, test.want) {
				t.Errorf("the message does not name %q: %s", test.want, c.Message)
			}
			s.waitBound("plain")

			// Correcting the annotation is enough.
			s.change("declared", func(p *corev1.Pod) { delete(p.Annotations, "tollgate.dev/require-tls") })
			s.waitBound("declared")
		})
	}
}

func TestMalformedRequirements(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("node", price("0.1")))
	s.create(workload("declared", func(p *corev1.Pod) {
		p.Annotations["tollgate.dev/tls-requirements"] = `[{"secretNam": "web-tls"}]`
	}))
	if c := s.waitHeld("declared", "InvalidDeclaration"); !strings.Contains(c.Message, "secretNam") {
		t.Errorf("the message does not name the unknown field: %s", c.Message)
	}
}
