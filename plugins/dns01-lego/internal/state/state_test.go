// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"testing"

	"github.com/go-acme/lego/v5/challenge"
	"github.com/google/go-cmp/cmp"
)

type key struct {
	domainID, recordID int
}

type record struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

type config struct{ secret string }

type provider struct {
	config    *config
	recordIDs map[string]string
	numbers   map[string]int64
	keys      map[string]key
	records   map[string]record
	pointers  map[string]*record
	byNumber  map[int]string
}

func filled() *provider {
	return &provider{
		config:    &config{secret: "s3cret"},
		recordIDs: map[string]string{"t": "id"},
		numbers:   map[string]int64{"t": 1<<62 + 1},
		keys:      map[string]key{"t": {1, 2}},
		records:   map[string]record{"t": {ID: "x"}},
		pointers:  map[string]*record{"t": {ID: "y", Name: "n"}},
		byNumber:  map[int]string{1: "not remembered"},
	}
}

func TestRoundTrip(t *testing.T) {
	full := &provider{}
	memory := Watch(full)
	*full = *filled()
	line, err := memory.Capture()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"keys":{"t":{"DomainID":1,"RecordID":2}},"numbers":{"t":4611686018427387905},"pointers":{"t":{"id":"y","name":"n"}},"recordIDs":{"t":"id"},"records":{"t":{"id":"x"}}}`
	if line != want {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	got := &provider{recordIDs: map[string]string{"other": "kept"}}
	if err := Restore(got, line); err != nil {
		t.Fatal(err)
	}
	expect := filled()
	expect.config, expect.byNumber = nil, nil
	expect.recordIDs["other"] = "kept"
	if d := cmp.Diff(expect, got, cmp.AllowUnexported(provider{}, key{})); d != "" {
		t.Errorf("(-want, +got)\n%s", d)
	}
}

// wrapper stands for providers such as westcn, which wrap another one.
type wrapper struct {
	zones map[string]string
	prv   challenge.Provider
}

func (*provider) Present(context.Context, string, string, string) error { return nil }
func (*provider) CleanUp(context.Context, string, string, string) error { return nil }

func TestWrapped(t *testing.T) {
	inner := &provider{recordIDs: map[string]string{}}
	outer := &wrapper{zones: map[string]string{"known": "before"}, prv: inner}
	memory := Watch(outer)
	inner.recordIDs["t"] = "id"
	line, err := memory.Capture()
	if want := `{"prv.recordIDs":{"t":"id"}}`; err != nil || line != want {
		t.Fatalf("got %s, %v, want %s", line, err, want)
	}
	inner = &provider{}
	if err := Restore(&wrapper{prv: inner}, line); err != nil || inner.recordIDs["t"] != "id" {
		t.Errorf("got %v, %v", inner.recordIDs, err)
	}
	if err := Restore(&wrapper{}, line); err == nil {
		t.Error("there is nothing to restore to")
	}
}

func TestNothing(t *testing.T) {
	if line, err := Watch(filled()).Capture(); line != "" || err != nil {
		t.Errorf("got %q, %v", line, err)
	}
	if Remembers(&config{}) || !Remembers(&provider{}) {
		t.Error("Remembers is wrong")
	}
}

func TestRestoreFaults(t *testing.T) {
	for line, want := range map[string]string{
		"{":                        "reading STATE: unexpected end of JSON input",
		`{"other":{}}`:             `reading STATE: the provider remembers nothing called "other"; STATE is of another provider or version`,
		`{"config":{"secret":""}}`: `reading STATE: the provider remembers nothing called "config"; STATE is of another provider or version`,
		`{"numbers":{"t":"x"}}`:    "reading numbers of STATE: json: cannot unmarshal string into Go value of type int64",
	} {
		if err := Restore(&provider{}, line); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", line, err, want)
		}
	}
}
