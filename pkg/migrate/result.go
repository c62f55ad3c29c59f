// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kinds of notes.
const (
	// NoEquivalent says that Tollgate cannot do what a field says. Only these count as losses.
	NoEquivalent = "noEquivalent"
	// ToDo says what a person has to do before the object works as the old one did.
	ToDo = "toDo"
	// Info says what is good to know.
	Info = "info"
)

// Ref names an object.
type Ref struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// String is for people, such as "cert-manager Certificate shop/web".
func (r Ref) String() string {
	name := r.Name
	if r.Namespace != "" {
		name = r.Namespace + "/" + r.Name
	}
	return products[groupOf(r.APIVersion)] + r.Kind + " " + clean(name)
}

func groupOf(apiVersion string) string {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return ""
	}
	return gv.Group
}

func (r Ref) compare(other Ref) int {
	return cmp.Or(strings.Compare(r.Kind, other.Kind), strings.Compare(r.Namespace, other.Namespace),
		strings.Compare(r.Name, other.Name), strings.Compare(r.APIVersion, other.APIVersion))
}

// Input is an object to convert.
type Input struct {
	// Object is as JSON has it; whole numbers are int64.
	Object map[string]any
	// Source says where it is from, such as "web.yaml, document 2"; "" for the cluster.
	Source string
}

// Note is about a field of an object.
type Note struct {
	// Object that was read.
	Object Ref `json:"object"`
	// Source is that of its Input.
	Source string `json:"source,omitempty"`
	// Kind is NoEquivalent, ToDo or Info.
	Kind string `json:"kind"`
	// Field is its path, such as spec.keystores; "" if it is about all of the object.
	Field string `json:"field,omitempty"`
	// Message is one or two sentences.
	Message string `json:"message"`
	// Commands for a POSIX shell, with kubectl, jq and openssl. None prints a key.
	Commands []string `json:"commands,omitempty"`
}

// Item is an object of Tollgate.
type Item struct {
	// From are the objects that it is made of, with their sources.
	From []Origin
	// Object in JSON's types, without status.
	Object map[string]any
	// To names it.
	To Ref
	// Notes in the order of the fields.
	Notes []Note
}

// Loses reports whether something of the old object has no equivalent.
func (i *Item) Loses() bool { return loses(i.Notes) }

func loses(notes []Note) bool {
	for _, n := range notes {
		if n.Kind == NoEquivalent {
			return true
		}
	}
	return false
}

// Origin is an object that was read, and where.
type Origin struct {
	Ref    Ref
	Source string
}

// String is for people.
func (o Origin) String() string {
	if o.Source == "" {
		return o.Ref.String()
	}
	return o.Ref.String() + " (" + clean(o.Source) + ")"
}

// LeftOut is an object of which nothing is made.
type LeftOut struct {
	Origin
	// Why it is left out, and what to do instead.
	Why string
	// Lost reports whether something is lost by that. It is not for what Tollgate needs no object for.
	Lost bool
}

// Other counts objects of a kind that is not read.
type Other struct {
	APIVersion, Kind string
	Count            int
}

// Result of Convert. Its order depends on names alone, not on that of the inputs.
type Result struct {
	// Items are issuers, then certificates.
	Items []Item
	// LeftOut are those of the kinds that are read.
	LeftOut []LeftOut
	// Others are the kinds that are not read.
	Others []Other
}

// Losses counts the items with losses.
func (r *Result) Losses() int {
	n := 0
	for i := range r.Items {
		if r.Items[i].Loses() {
			n++
		}
	}
	return n
}

// Complete reports whether everything has an equivalent.
func (r *Result) Complete() bool {
	for _, l := range r.LeftOut {
		if l.Lost {
			return false
		}
	}
	return r.Losses() == 0
}
