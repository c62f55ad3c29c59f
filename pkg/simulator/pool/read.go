// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
	"github.com/tollgate-dev/tollgate/pkg/simulator/internal/yamlpos"
)

// maxFile is the largest file of pools that is read.
const maxFile = 4 << 20

// file is what a file of pools holds.
type file struct {
	Pools []spec `yaml:"pools"`
}

// spec is one pool of a file. Numbers are read as text: the decoder alone would
// cut 0.5 nodes to 0, which is no limit.
type spec struct {
	Name         string            `yaml:"name"`
	InstanceType string            `yaml:"instanceType"`
	Cloud        string            `yaml:"cloud"`
	Region       string            `yaml:"region"`
	Zone         string            `yaml:"zone"`
	HourlyPrice  string            `yaml:"hourlyPrice"`
	CapacityType string            `yaml:"capacityType"`
	MaxNodes     string            `yaml:"maxNodes"`
	Prepaid      string            `yaml:"prepaid"`
	Labels       map[string]string `yaml:"labels"`
	Taints       []taint           `yaml:"taints"`
	Allocatable  map[string]string `yaml:"allocatable"`
}

type taint struct {
	Key    string `yaml:"key"`
	Value  string `yaml:"value"`
	Effect string `yaml:"effect"`
}

// ReadPools reads a file of pools, in YAML or JSON. name is the file's, for
// errors, which say the line too. All fields:
//
//	pools:
//	- name: general                # default: from instanceType
//	  instanceType: m6i.2xlarge    # gives size, price and labels if a catalog has it
//	  cloud: aws                   # default: the one cloud that has the type
//	  region: us-east-1            # default: that of Catalog
//	  zone: us-east-1a             # default: none
//	  hourlyPrice: 0.384           # dollars, 0 or more; default: the catalog's
//	  capacityType: spot           # or on-demand, the default
//	  maxNodes: 10                 # 0 to 1000000; default: 0, no limit
//	  prepaid: 2                   # nodes that are paid for in any case; the same range
//	  labels: {team: web}          # added to those of the type
//	  taints:
//	  - {key: team, value: web, effect: NoSchedule}
//	  allocatable: {cpu: 7910m, memory: 29Gi}  # in place of the type's; pods: 110 unless given
//
// A pool must have a size and a price: an unknown instance type needs
// hourlyPrice, and cpu and memory in allocatable. Where the catalog has the type
// in another region only, that one's price is taken, and PriceNote says so.
func ReadPools(name string, r io.Reader) ([]Pool, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading pools: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("reading pools: %s is larger than %d MiB", name, maxFile>>20)
	}
	var f file
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading pools: %w", decodeError(name, err))
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading pools: %s holds more than one document; put all pools under one \"pools:\"", name)
	}
	if len(f.Pools) == 0 {
		return nil, fmt.Errorf("reading pools: %s has none; list them under \"pools:\"", name)
	}
	var pools []Pool
	var errs []error
	seen := map[string]int{}
	for i := range f.Pools {
		at := func(field string) string {
			line, _ := yamlpos.Line(data, fmt.Sprintf("pools[%d]%s", i, field))
			return fmt.Sprintf("%s:%d", name, line)
		}
		p, faults := f.Pools[i].pool()
		for _, fault := range faults {
			errs = append(errs, fmt.Errorf("%s: pool %q: %s", at(fault.field), p.Name, fault.text))
		}
		if j, ok := seen[p.Name]; ok && p.Name != "" {
			errs = append(errs, fmt.Errorf("%s: pool %q: the name is that of pools[%d] too", at(".name"), p.Name, j))
		}
		seen[p.Name] = i
		pools = append(pools, p)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("reading pools: %w", err)
	}
	return pools, nil
}

var (
	lineOf       = regexp.MustCompile(`line (\d+): (.*)`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type pool\.(\S+)$`)
	notOneValue  = regexp.MustCompile(`^cannot unmarshal !!(seq|map) into string$`)
)

// decodeError puts file and line in front of what the decoder found, and says
// which field was probably meant.
func decodeError(name string, err error) error {
	lines := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	if t := (*yaml.TypeError)(nil); errors.As(err, &t) {
		lines = t.Errors
	}
	var errs []error
	for _, line := range lines {
		match := lineOf.FindStringSubmatch(line)
		if match == nil {
			errs = append(errs, fmt.Errorf("%s: %s", name, line))
			continue
		}
		text := match[2]
		if field := unknownField.FindStringSubmatch(text); field != nil {
			text = fmt.Sprintf("there is no field %q", field[1])
			valid := fieldsOf(field[2])
			if nearest := hint.Nearest(field[1], valid); nearest != "" {
				text += fmt.Sprintf("; did you mean %q?", nearest)
			} else {
				text += ";"
			}
			text += " valid fields: " + strings.Join(valid, ", ")
		} else if notOneValue.MatchString(text) {
			text = "want a single value, not a list or an object"
		}
		errs = append(errs, fmt.Errorf("%s:%s: %s", name, match[1], text))
	}
	return errors.Join(errs...)
}

// fieldsOf returns the fields of one of the types of a file.
func fieldsOf(name string) []string {
	for _, v := range []any{file{}, spec{}, taint{}} {
		t := reflect.TypeOf(v)
		if t.Name() != name {
			continue
		}
		var names []string
		for i := range t.NumField() {
			names = append(names, t.Field(i).Tag.Get("yaml"))
		}
		return names
	}
	return nil
}
