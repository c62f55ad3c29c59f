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

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedvalidation "k8s.io/kubernetes/pkg/scheduler/apis/config/validation"

	tollgateconfig "github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
	configv1 "github.com/tollgate-dev/tollgate/pkg/apis/config/v1"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/validation"
	"github.com/tollgate-dev/tollgate/pkg/plugins/costscore"
	"github.com/tollgate-dev/tollgate/pkg/simulator/internal/yamlpos"
)

const configurationKind = "KubeSchedulerConfiguration"

// What upstream's decoder says of faults: the plugin's place, then its name,
// then the fields that it does not know; of what is not YAML the line.
var (
	strictFault = regexp.MustCompile(`decoding \.(profiles\[\d+\]\.pluginConfig\[\d+\])|args for plugin ([A-Za-z0-9_-]+)|unknown field "([^"]+)"`)
	yamlLine    = regexp.MustCompile(`yaml: (?:unmarshal errors:\s+)?line (\d+): (.*)`)
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
	message := err.Error()
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		return fmt.Errorf("%s:%s: %s", file, match[1], match[2])
	}
	if runtime.IsMissingKind(err) || runtime.IsMissingVersion(err) || runtime.IsNotRegisteredError(err) || strings.HasPrefix(message, "couldn't get version/kind; ") {
		return wrongKind(file, data) // upstream's message has the whole file, or lines of its source
	}
	if at, fault := wrongValue(data, message); at != "" {
		return fmt.Errorf("%s:%s: %s", file, at, fault)
	}
	if match := strictFault.FindStringSubmatch(message); match != nil && match[1] != "" { // arguments, but not of which field
		_, message, _ = strings.Cut(message, "]: ")
		return fmt.Errorf("%s:%s: %s", file, lineOf(data, match[1]+".args"), message)
	}
	return fmt.Errorf("%s: %s", file, message)
}

// wrongKind says which of apiVersion and kind is missing or another.
func wrongKind(file string, data []byte) error {
	var head struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	err := yaml.Unmarshal(data, &head)
	version := configv1.SchemeGroupVersion.String()
	var typed *yaml.TypeError
	if err != nil && !errors.As(err, &typed) {
		if match := yamlLine.FindStringSubmatch(err.Error()); match != nil {
			return fmt.Errorf("%s:%s: %s", file, match[1], match[2])
		}
	}
	switch {
	case err == nil && head.Kind != "" && head.Kind != configurationKind:
		return fmt.Errorf("%s:%s: kind is %s; want a %s of %s", file, lineOf(data, "kind"), head.Kind, configurationKind, version)
	case err == nil && head.Kind != "" && head.APIVersion != "" && head.APIVersion != version:
		return fmt.Errorf("%s:%s: apiVersion is %s; want %s", file, lineOf(data, "apiVersion"), head.APIVersion, version)
	default:
		return fmt.Errorf("%s: apiVersion or kind is missing; a profile is in a file that begins with apiVersion: %s and kind: %s", file, version, configurationKind)
	}
}

// lineOf returns the line of a field, for messages.
func lineOf(data []byte, path string) string {
	line, _ := yamlpos.Line(data, path)
	return strconv.Itoa(line)
}

// validate returns what kube-scheduler and the plugins would say of the
// arguments, and what cannot be simulated.
func validate(file string, data []byte, config *schedconfig.KubeSchedulerConfiguration, profile int, part part) []error {
	var faults []error
	if len(config.Extenders) > 0 && part == whole {
		faults = append(faults, field.Forbidden(field.NewPath("extenders"), "calls to extenders are not simulated; leave them out"))
	}
	if part != prices {
		if err := schedvalidation.ValidateKubeSchedulerConfiguration(config); err != nil {
			faults = append(faults, err.Errors()...)
		}
	}
	path := field.NewPath("profiles").Index(profile).Child("pluginConfig")
	for i, c := range config.Profiles[profile].PluginConfig {
		path := path.Index(i).Child("args")
		if part == prices && c.Name != costscore.Name {
			continue
		}
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
