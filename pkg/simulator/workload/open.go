// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

const readingWorkload = "reading workload"

// Open reads a file, see Read.
func Open(path string, options Options) (*Workload, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", readingWorkload, err)
	}
	defer f.Close()
	return Read(path, f, options)
}

// Read reads what a workload can be read from, and tells by its content which
// of them it is: an openb trace (see ReadOpenB), a SimKube trace (see
// ReadSimKube), or a dump of a cluster (see ReadDump). The last two may be in
// YAML, and each may be packed with gzip. name is the file's.
func Read(name string, r io.Reader, options Options) (*Workload, error) {
	unpacked, err := Unpack(r)
	if err != nil {
		return nil, fmt.Errorf("%s: unpacking %s: %w", readingWorkload, name, err)
	}
	data, err := readAll(readingWorkload, name, unpacked)
	if err != nil {
		return nil, err
	}
	text := bytes.TrimLeft(data, " \t\r\n")
	line, _, _ := bytes.Cut(text, []byte("\n"))
	switch {
	case len(text) == 0:
		return nil, fmt.Errorf("%s: %s is empty; %s", readingWorkload, name, whatIsRead)
	case text[0] == '{', isYAML(data):
		return readObjects(name, data, options)
	case bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' || r == '\ufffd' }):
		return nil, fmt.Errorf("%s: %s is no text; a SimKube trace must be in JSON, not in msgpack; %s", readingWorkload, name, whatIsRead)
	case bytes.Contains(line, []byte(",")):
		return ReadOpenB(name, bytes.NewReader(data))
	}
	return nil, fmt.Errorf("%s: %s begins with %q; %s", readingWorkload, name, line[:min(len(line), 40)], whatIsRead)
}

const whatIsRead = "want an openb trace (CSV), a SimKube trace (JSON), or what this prints: " + dumpCommand

func readObjects(name string, data []byte, options Options) (*Workload, error) {
	docs, err := documents(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", readingWorkload, err)
	}
	has := func(fields ...string) bool {
		return slices.ContainsFunc(fields, func(field string) bool { return docs[0][field] != nil })
	}
	switch {
	case has("events", "pod_lifecycles", "version"):
		return simKube(name, docs)
	case has("kind", "items", "apiVersion"):
		return dump(name, docs, options)
	}
	return nil, errors.New(readingWorkload + ": " + name + " has neither events nor items; " + whatIsRead)
}
