// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// yamlStart is how kubectl begins YAML.
var yamlStart = regexp.MustCompile(`^\s*(---|(apiVersion|kind|items|metadata):)`)

// yamlSeparator separates documents, also such as are JSON: it cannot be within
// one.
const yamlSeparator = "\n---"

// isYAML reports whether a file is to be read as YAML.
func isYAML(data []byte) bool {
	return yamlStart.Match(data) || bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) && bytes.Contains(data, []byte(yamlSeparator))
}

// jsonOf returns the documents of YAML as JSON objects, one after the other.
func jsonOf(name string, data []byte) ([]byte, error) {
	var out []byte
	docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for i := 1; ; i++ {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err == nil && !bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{")) {
			doc, err = yaml.YAMLToJSONStrict(doc)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", name, i, err)
		}
		if !bytes.Equal(bytes.TrimSpace(doc), []byte("null")) { // one of comments only
			out = append(append(out, doc...), '\n')
		}
	}
}
