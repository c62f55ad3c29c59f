// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bufio"
	"bytes"
	"compress/gzip"
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
// ReadSimKube), or a dump of a cluster (see ReadDump). Each may be packed with
// gzip. name is the file's.
func Read(name string, r io.Reader, options Options) (*Workload, error) {
	b := bufio.NewReader(r)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("%s: unpacking %s: %w", readingWorkload, name, err)
		}
		b = bufio.NewReader(z)
	}
	data, err := readAll(readingWorkload, name, b)
	if err != nil {
		return nil, err
	}
	text := bytes.TrimLeft(data, " \t\r\n")
	line, _, _ := bytes.Cut(text, []byte("\n"))
	switch {
	case len(text) == 0:
		return nil, fmt.Errorf("%s: %s is empty; %s", readingWorkload, name, whatIsRead)
	case text[0] == '{':
		return readJSON(name, data, options)
	case bytes.HasPrefix(text, []byte("apiVersion:")) || bytes.HasPrefix(text, []byte("---")):
		return nil, fmt.Errorf("%s: %s is YAML; write JSON: %s", readingWorkload, name, dumpCommand)
	case bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' || r == '\ufffd' }):
		return nil, fmt.Errorf("%s: %s is no text; a SimKube trace must be in JSON, not in msgpack; %s", readingWorkload, name, whatIsRead)
	case bytes.Contains(line, []byte(",")):
		return ReadOpenB(name, bytes.NewReader(data))
	}
	return nil, fmt.Errorf("%s: %s begins with %q; %s", readingWorkload, name, line[:min(len(line), 40)], whatIsRead)
}

const whatIsRead = "want an openb trace (CSV), a SimKube trace (JSON), or what this prints: " + dumpCommand

func readJSON(name string, data []byte, options Options) (*Workload, error) {
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
