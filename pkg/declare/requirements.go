// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

const requirementsForm = `want a YAML or JSON list, such as [{"secretName": "web-tls", "dnsNames": ["www.example.com"]}]`

// requirementSpec is one item of RequirementsAnnotation.
type requirementSpec struct {
	SecretName string   `json:"secretName"`
	DNSNames   []string `json:"dnsNames"`
	// The fields below have a meaning that this version does not implement: they are
	// refused, since ignoring them would open the gate too early.
	MinRemaining json.RawMessage `json:"minRemaining"`
	Trust        json.RawMessage `json:"trust"`
	Usage        json.RawMessage `json:"usage"`
}

// addRequirements adds what the value of RequirementsAnnotation asks for.
func addRequirements(found map[string]Requirement, value string) error {
	specs, err := decodeRequirements(value)
	if err != nil {
		return err
	}
	if len(specs) == 0 {
		return errors.New("list is empty; " + requirementsForm)
	}
	if len(specs) > MaxSecrets {
		return fmt.Errorf("list has %d items; at most %d are allowed", len(specs), MaxSecrets)
	}
	first := make(map[string]int, len(specs))
	for i, spec := range specs {
		r, err := spec.requirement()
		if err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
		if j, ok := first[r.SecretName]; ok {
			return fmt.Errorf("item %d: secretName %q is already in item %d; put all its dnsNames into one item", i+1, r.SecretName, j)
		}
		first[r.SecretName] = i + 1
		found[r.SecretName] = r
	}
	return nil
}

func decodeRequirements(value string) ([]requirementSpec, error) {
	if err := checkSize(value); err != nil {
		return nil, err
	}
	if strings.TrimSpace(value) == "" {
		return nil, errors.New("value is empty; " + requirementsForm)
	}
	if severalDocuments(value) {
		return nil, errors.New("value holds more than one YAML document; " + requirementsForm)
	}
	// A few kilobytes of nested aliases stand for gigabytes, and whoever creates a pod writes
	// this value. An alias needs an anchor, an anchor an ampersand, and no valid name has one.
	if strings.Contains(value, "&") {
		return nil, errors.New("value contains an ampersand, which begins a YAML anchor; anchors and aliases are not allowed, write every name out")
	}
	data, err := yaml.YAMLToJSONStrict([]byte(value))
	if err != nil {
		return nil, fmt.Errorf("parsing YAML: %w; %s", oneLine(err), requirementsForm)
	}
	var specs []requirementSpec
	strict, err := kjson.UnmarshalStrict(data, &specs)
	if err != nil {
		return nil, fmt.Errorf("decoding the list: %w; %s", oneLine(err), requirementsForm)
	}
	if len(strict) > 0 {
		return nil, fmt.Errorf("decoding the list: %w; valid fields are secretName and dnsNames", oneLine(strict[0]))
	}
	return specs, nil
}

func (s *requirementSpec) requirement() (Requirement, error) {
	if s.SecretName == "" {
		return Requirement{}, errors.New("secretName is missing or empty; name a Secret in the pod's namespace")
	}
	if err := checkSecretName(s.SecretName); err != nil {
		return Requirement{}, fmt.Errorf("secretName: %w", err)
	}
	for _, field := range []struct {
		name  string
		value json.RawMessage
	}{{"minRemaining", s.MinRemaining}, {"trust", s.Trust}, {"usage", s.Usage}} {
		if field.value != nil {
			return Requirement{}, fmt.Errorf("field %s is not supported yet; remove it, valid fields are secretName and dnsNames", field.name)
		}
	}
	if len(s.DNSNames) > MaxDNSNames {
		return Requirement{}, fmt.Errorf("dnsNames has %d names; at most %d are allowed", len(s.DNSNames), MaxDNSNames)
	}
	r := Requirement{SecretName: s.SecretName}
	for i, raw := range s.DNSNames {
		name, err := NormalizeName(raw)
		if err != nil {
			return Requirement{}, fmt.Errorf("dnsNames[%d]: %w", i, err)
		}
		r.DNSNames = append(r.DNSNames, name)
	}
	slices.Sort(r.DNSNames)
	r.DNSNames = slices.Compact(r.DNSNames)
	return r, nil
}

// severalDocuments reports whether a document marker follows content: the YAML parser
// would read the first document and silently drop the others.
func severalDocuments(value string) bool {
	content := false
	for line := range strings.Lines(value) {
		line = strings.TrimRight(line, " \t\r\n")
		marker := line == "---" || line == "..." || strings.HasPrefix(line, "--- ")
		if marker && content {
			return true
		}
		if line != "---" && line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "%") {
			content = true
		}
	}
	return false
}

// oneLine keeps messages of the decoders short and on one line.
func oneLine(err error) error {
	return errors.New(text.Clip(strings.Join(strings.Fields(err.Error()), " "), 200))
}
