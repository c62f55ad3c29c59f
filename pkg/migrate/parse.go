// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	yamlv3 "go.yaml.in/yaml/v3"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Parse reads YAML or JSON: several documents, and lists of objects. name is what sources begin with. Nothing is returned
// with an error, which names the document and, in a list, the item.
func Parse(name string, r io.Reader) ([]Input, error) {
	docs := utilyaml.NewYAMLReader(bufio.NewReader(r))
	var all []Input
	count := 0
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading document %d: %w", count+1, err)
		}
		if len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		objects, err := jsonObjects(doc)
		if err != nil {
			return nil, fmt.Errorf("reading document %d: %w", count+1, err)
		}
		for _, object := range objects {
			count++
			found, err := fromDocument(fmt.Sprintf("%s, document %d", name, count), object)
			if err != nil {
				return nil, fmt.Errorf("reading document %d: %w", count, err)
			}
			all = append(all, found...)
		}
	}
}

// jsonObjects returns a YAML document as JSON; several JSON values one after the other count as several documents. It is
// empty if the document has comments only.
func jsonObjects(doc []byte) ([][]byte, error) {
	if bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{")) {
		if values, err := jsonValues(doc); err == nil || len(values) > 0 {
			return values, err
		}
	}
	value, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		return nil, err
	}
	if !ends(doc) {
		return nil, errors.New("text follows the end of the object; begin another document with ---")
	}
	if bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
		return nil, nil
	}
	return [][]byte{value}, nil
}

// ends reports whether nothing follows the first value of a YAML document: a parser that is asked for one value does not say.
func ends(doc []byte) bool {
	d := yamlv3.NewDecoder(bytes.NewReader(doc))
	var value yamlv3.Node
	if err := d.Decode(&value); err != nil {
		return errors.Is(err, io.EOF) // comments only
	}
	return errors.Is(d.Decode(&value), io.EOF)
}

// jsonValues returns the values before an error, too.
func jsonValues(doc []byte) ([][]byte, error) {
	var all [][]byte
	for d := json.NewDecoder(bytes.NewReader(doc)); ; {
		var value json.RawMessage
		switch err := d.Decode(&value); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		}
		all = append(all, value)
	}
}

func fromDocument(source string, data []byte) ([]Input, error) {
	var value any
	if err := utiljson.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("want an object of Kubernetes, found %s", typeOf(value))
	}
	return fromObject(source, object)
}

// fromObject returns the object, or the items of a list: "List", or the list of a kind, whose items need not say theirs.
func fromObject(source string, object map[string]any) ([]Input, error) {
	apiVersion, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	if apiVersion == "" || kind == "" {
		return nil, errors.New("apiVersion or kind is missing; want objects of Kubernetes, such as kubectl get -o yaml prints")
	}
	raw, isList := object["items"]
	if !isList || len(kind) < 4 || kind[len(kind)-4:] != "List" {
		return []Input{{Object: object, Source: source}}, nil
	}
	items, ok := raw.([]any)
	if !ok && raw != nil {
		return nil, fmt.Errorf("items: want a list, found %s", typeOf(raw))
	}
	var all []Input
	for n, item := range items {
		o, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("item %d: want an object, found %s", n+1, typeOf(item))
		}
		if kind != "List" {
			if o["apiVersion"] == nil {
				o["apiVersion"] = apiVersion
			}
			if o["kind"] == nil {
				o["kind"] = kind[:len(kind)-4]
			}
		}
		found, err := fromObject(fmt.Sprintf("%s, item %d", source, n+1), o)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", n+1, err)
		}
		all = append(all, found...)
	}
	return all, nil
}
