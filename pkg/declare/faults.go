// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// Bounds of Parse's error, in bytes. It goes into a pod condition and, cut, into an Event.
const (
	maxMessage = 4 << 10
	maxFault   = 1 << 10
	// maxFrame is more than the words around the faults and their numbers.
	maxFrame = 64
)

// faults collects all that is wrong with a declaration, as far as there is room.
type faults struct {
	listed []string
	bytes  int
	count  int
}

// place is where in the annotations something is, such as
// "annotation tollgate.dev/tls-requirements: item 2: dnsNames[0]".
type place struct {
	wrong *faults
	path  string
}

// of returns the place of an annotation.
func (f *faults) of(annotation string) place {
	return place{wrong: f, path: "annotation " + annotation}
}

// in returns a place inside p.
func (p place) in(name string) place {
	return place{wrong: p.wrong, path: p.path + ": " + name}
}

// index returns the place of an element, counted from 0, of the list at p.
func (p place) index(i int) place {
	return place{wrong: p.wrong, path: fmt.Sprintf("%s[%d]", p.path, i)}
}

// fault adds what is wrong at p.
func (p place) fault(err error) {
	p.wrong.add(p.path + ": " + err.Error())
}

// faultf adds what is wrong at p.
func (p place) faultf(format string, args ...any) {
	p.wrong.add(p.path + ": " + fmt.Sprintf(format, args...))
}

// full reports whether the next fault would only be counted.
func (f *faults) full() bool { return len(f.listed) < f.count }

// add lists a fault, or only counts it if there is no room.
func (f *faults) add(line string) {
	f.count++
	if len(f.listed) < f.count-1 {
		return
	}
	line = text.Truncate(line, maxFault)
	if more := len("; (100) ") + len(line); f.bytes+more <= maxMessage-maxFrame {
		f.bytes += more
		f.listed = append(f.listed, line)
	}
}

// err returns all faults as one error of one line, nil if there is none.
func (f *faults) err() error {
	switch f.count {
	case 0:
		return nil
	case 1:
		return errors.New(f.listed[0])
	}
	var b strings.Builder
	b.WriteString(strconv.Itoa(f.count) + " faults: ")
	for i, line := range f.listed {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "(%d) %s", i+1, line)
	}
	if more := f.count - len(f.listed); more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return errors.New(b.String())
}
