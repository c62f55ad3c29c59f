// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedvalidation "k8s.io/kubernetes/pkg/scheduler/apis/config/validation"

	tollgateconfig "github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/validation"
	"github.com/tollgate-dev/tollgate/pkg/simulator/internal/yamlpos"
)

// What upstream's decoder says of faults: the plugin's place, then its name,
// then the fields that it does not know; of what is not YAML the line; of
// wrong types the field without its indices.
var (
	strictFault = regexp.MustCompile(`decoding \.(profiles\[\d+\]\.pluginConfig\[\d+\])|args for plugin ([A-Za-z0-9_-]+)|unknown field "([^"]+)"`)
	yamlLine    = regexp.MustCompile(`yaml: line (\d+): `)
	goField     = regexp.MustCompile(`Go struct field \S*?([A-Za-z0-9]+) of type`)
)

// decodeError puts file and line in front of each fault, and says which field
// was probably meant.
func decodeError(file string, data []byte, err error) error {
	var errs []error
	prefix, plugin := "", ""
	for _, match := range strictFault.FindAllStringSubmatch(err.Error(), -1) {
		switch {
		case match[1] != "":
			prefix = match[1] + ".args."
		case match[2] != "":
			plugin = match[2]
		default:
			path := match[3]
			line, found := yamlpos.Line(data, prefix+path)
			if top, ok := yamlpos.Line(data, path); ok && !found {
				line = top
			}
			text := cmp.Or(hint.ForError(fmt.Errorf("args for plugin %s: unknown field %q", plugin, path)), fmt.Sprintf("unknown field %q", path))
			errs = append(errs, fmt.Errorf("%s:%d: %s", file, line, text))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if match := yamlLine.FindStringSubmatch(err.Error()); match != nil {
		return fmt.Errorf("%s:%s: %w", file, match[1], err)
	}
	if match := goField.FindStringSubmatch(err.Error()); match != nil {
		if line := yamlpos.Only(data, match[1]); line > 0 {
			return fmt.Errorf("%s:%d: %w", file, line, err)
		}
	}
	return fmt.Errorf("%s: %w", file, err)
}

// lineOf returns the line of a field, for messages.
func lineOf(data []byte, path string) string {
	line, _ := yamlpos.Line(data, path)
	return strconv.Itoa(line)
}

// validate returns what kube-scheduler and the plugins would say of the
// arguments, and what cannot be simulated.
func validate(file string, data []byte, config *schedconfig.KubeSchedulerConfiguration, profile int) []error {
	var faults []error
	if len(config.Extenders) > 0 {
		faults = append(faults, field.Forbidden(field.NewPath("extenders"), "calls to extenders are not simulated; leave them out"))
	}
	if err := schedvalidation.ValidateKubeSchedulerConfiguration(config); err != nil {
		faults = append(faults, err.Errors()...)
	}
	path := field.NewPath("profiles").Index(profile).Child("pluginConfig")
	for i, c := range config.Profiles[profile].PluginConfig {
		path := path.Index(i).Child("args")
		var err error
		switch args := c.Args.(type) {
		case *schedconfig.NodeResourcesFitArgs:
			err = schedvalidation.ValidateNodeResourcesFitArgs(path, args)
		case *tollgateconfig.CostScoreArgs:
			err = validation.ValidateCostScoreArgs(path, args)
		case *tollgateconfig.CertGateArgs:
			err = validation.ValidateCertGateArgs(path, args)
		}
		var all interface{ Errors() []error }
		switch {
		case err == nil:
		case errors.As(err, &all):
			faults = append(faults, all.Errors()...)
		default:
			faults = append(faults, err)
		}
	}
	for i, err := range faults {
		at := file
		if f := (*field.Error)(nil); errors.As(err, &f) {
			at += ":" + lineOf(data, strings.TrimPrefix(f.Field, "."))
		}
		faults[i] = fmt.Errorf("%s: %w", at, err)
	}
	return faults
}
