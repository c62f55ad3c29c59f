// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
)

// object is a JSON object of which not all is read.
type object map[string]json.RawMessage

// documents reads the objects of a file, one after the other, in JSON or YAML.
func documents(name string, data []byte) ([]object, error) {
	if isYAML(data) {
		var err error
		if data, err = jsonOf(name, data); err != nil {
			return nil, err
		}
	}
	var docs []object
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		var o object
		err := d.Decode(&o)
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.Is(err, io.EOF) && len(docs) == 0:
			return nil, fmt.Errorf("%s is empty", name)
		case errors.Is(err, io.EOF):
			return docs, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("%s:%d: the file ends within a JSON object; write it again in full", name, lineAt(data, int64(len(data))))
		case errors.As(err, &syntax):
			return nil, fmt.Errorf("%s:%d: this is no JSON: %w", name, lineAt(data, syntax.Offset), err)
		case errors.As(err, &kind):
			return nil, fmt.Errorf("%s:%d: want a JSON object, found %s", name, lineAt(data, d.InputOffset()), kind.Value)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case o == nil:
			return nil, fmt.Errorf("%s:%d: want a JSON object, found null", name, lineAt(data, d.InputOffset()))
		}
		docs = append(docs, o)
	}
}

// unknownFields adds a fault for each field that is not known.
func (o object) unknownFields(f *faults, at string, known ...string) {
	for _, field := range slices.Sorted(maps.Keys(o)) {
		if slices.Contains(known, field) {
			continue
		}
		if nearest := hint.Nearest(field, known); nearest != "" {
			f.add("%s: unknown field %q; did you mean %q?", at, field, nearest)
		} else {
			f.add("%s: unknown field %q; want %s", at, field, strings.Join(known, ", "))
		}
	}
}

// decode reads into a type of the API. Names of fields must match in case, none
// may be there twice; fields of later versions of Kubernetes are skipped.
func decode(raw json.RawMessage, into any) error {
	strict, err := kjson.UnmarshalStrict(raw, into, kjson.DisallowDuplicateFields)
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return errors.Join(strict...)
}

// list reads an array; a field that is not there is an empty one.
func (o object) list(f *faults, at, field string) []json.RawMessage {
	var items []json.RawMessage
	if raw, ok := o[field]; ok {
		if err := json.Unmarshal(raw, &items); err != nil {
			f.add("%s.%s: want an array", at, field)
		}
	}
	return items
}
