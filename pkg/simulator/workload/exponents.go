// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// hugeExponent is what resource.Quantity takes for ever to read, such as
// 1e999999999.
var hugeExponent = regexp.MustCompile(`[0-9.][eE][+-]?[0-9]{4,}`)

// quantityLists and quantityFields are where objects have quantities.
var (
	quantityLists  = []string{"requests", "limits", "capacity", "allocatable", "allocatedResources", "overhead"}
	quantityFields = []string{"sizeLimit", "divisor"}
)

// decodeObject is decode for objects that have quantities.
func decodeObject(raw json.RawMessage, into any) error {
	if err := checkExponents(raw); err != nil {
		return err
	}
	return decode(raw, into)
}

// checkExponents looks for quantities with an exponent beyond 999. Most objects
// have nothing that could be one, escaped letters included.
func checkExponents(raw json.RawMessage) error {
	if !hugeExponent.Match(raw) && !bytes.Contains(raw, []byte(`\u`)) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a float64 does not hold them either
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	return walkQuantities("", v, false)
}

func walkQuantities(path string, v any, isQuantity bool) error {
	switch v := v.(type) {
	case map[string]any:
		for _, field := range slices.Sorted(maps.Keys(v)) {
			_, isObject := v[field].(map[string]any)
			at := path + "." + field
			if path == "" {
				at = field
			}
			switch {
			case isObject && slices.Contains(quantityLists, field):
				for _, name := range slices.Sorted(maps.Keys(v[field].(map[string]any))) {
					if err := walkQuantities(at+"."+name, v[field].(map[string]any)[name], true); err != nil {
						return err
					}
				}
			default:
				if err := walkQuantities(at, v[field], slices.Contains(quantityFields, field)); err != nil {
					return err
				}
			}
		}
	case []any:
		for i := range v {
			if err := walkQuantities(fmt.Sprintf("%s[%d]", path, i), v[i], false); err != nil {
				return err
			}
		}
	case string:
		return checkExponent(path, v, isQuantity)
	case json.Number:
		return checkExponent(path, v.String(), isQuantity)
	}
	return nil
}

func checkExponent(path, q string, isQuantity bool) error {
	if isQuantity && hugeExponent.MatchString(q) {
		return fmt.Errorf("%s is %.20s; want a quantity with an exponent of at most three digits", path, q)
	}
	return nil
}
