// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	// replicasAnnotation of the Lease is a JSON list of entries.
	replicasAnnotation = v1alpha1.GroupName + "/http01-replicas"
	// maxReplicas bounds what is believed of the list. An EndpointSlice may have 1000 endpoints.
	maxReplicas = 100
)

// entryKey tells the entries apart: nobody can tell two replicas with the same addresses and port.
type entryKey struct {
	// Addresses with commas between, as --http01-advertise-address has them.
	Addresses string `json:"addresses"`
	Port      int32  `json:"port"`
}

// entry is a replica's sign of life.
type entry struct {
	entryKey
	// Renewed is when it was given, by the clock of the replica.
	Renewed time.Time `json:"renewed"`
}

func newEntry(r Replica, now time.Time) entry {
	var texts []string
	for _, a := range r.Addresses {
		texts = append(texts, a.String())
	}
	return entry{entryKey: entryKey{Addresses: strings.Join(texts, ","), Port: r.Port}, Renewed: now.UTC().Round(0)}
}

// replica returns what an EndpointSlice may be made of.
func (e entry) replica() (Replica, error) {
	addrs, err := ParseAddresses(e.Addresses)
	if err == nil && (e.Port < 1 || e.Port > 65535) {
		err = fmt.Errorf("reading a replica's port: %d is none", e.Port)
	}
	return Replica{Addresses: addrs, Port: e.Port}, err
}

// parseEntries reads the list. What cannot be read is left out: the replica that it was of writes it again.
func parseEntries(text string) []entry {
	var raw []json.RawMessage
	if json.Unmarshal([]byte(text), &raw) != nil {
		return nil
	}
	var entries []entry
	for _, r := range raw {
		var e entry
		if json.Unmarshal(r, &e) != nil {
			continue
		}
		if _, err := e.replica(); err == nil && len(entries) < maxReplicas {
			entries = append(entries, e)
		}
	}
	return entries
}

// formatEntries writes the list in one order, whatever its was.
func formatEntries(entries []entry) (string, error) {
	text, err := json.Marshal(slices.SortedFunc(slices.Values(entries), func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Addresses, b.Addresses), cmp.Compare(a.Port, b.Port))
	}))
	if err != nil {
		return "", fmt.Errorf("encoding the replicas that answer: %w", err)
	}
	return string(text), nil
}
