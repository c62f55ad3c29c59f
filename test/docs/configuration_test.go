// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedvalidation "k8s.io/kubernetes/pkg/scheduler/apis/config/validation"
	"sigs.k8s.io/yaml"

	_ "github.com/tollgate-dev/tollgate/pkg/apis/config/scheme" // decodes the arguments of our plugins
	configv1 "github.com/tollgate-dev/tollgate/pkg/apis/config/v1"
)

func TestArgumentsAreExplained(t *testing.T) {
	costScore, certGate := &configv1.CostScoreArgs{}, &configv1.CertGateArgs{}
	configv1.SetDefaults_CostScoreArgs(costScore)
	configv1.SetDefaults_CertGateArgs(certGate)
	for name, args := range map[string]any{"CostScoreArgs": costScore, "CertGateArgs": certGate} {
		page := section(t, read(t, configuration), "### "+name)
		value := reflect.ValueOf(args).Elem()
		for _, field := range reflect.VisibleFields(value.Type()) {
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if len(field.Index) > 1 || tag == "" {
				continue // TypeMeta
			}
			cells := row(page, "`"+tag+"`")
			if cells == nil {
				t.Errorf("argument %s of %s has no row in %s", tag, name, configuration)
				continue
			}
			if want := asWritten(t, reflect.Indirect(value.FieldByIndex(field.Index))); cells[1] != "`"+want+"`" {
				t.Errorf("%s: the default of %s is given as %s, it is %s", configuration, tag, cells[1], want)
			}
			if !strings.HasPrefix(cells[len(cells)-1], "`"+tag+": ") {
				t.Errorf("%s: argument %s has no example", configuration, tag)
			}
		}
	}
}

// asWritten returns a value as it is in a configuration, but without quotes.
func asWritten(t *testing.T, value reflect.Value) string {
	t.Helper()
	if value.Kind() == reflect.Slice { // nil is [] here, null in YAML
		var items []string
		for i := range value.Len() {
			items = append(items, fmt.Sprint(value.Index(i)))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	text, err := yaml.Marshal(value.Interface())
	if err != nil {
		t.Fatalf("writing a default: %v", err)
	}
	return strings.Trim(strings.TrimSpace(string(text)), `"`)
}

func TestWeightsAreThoseShipped(t *testing.T) {
	page := section(t, read(t, configuration), "## The shipped profile")
	profiles := load(t, read(t, "config/scheduler/beside.yaml"))
	for _, plugin := range profiles[len(profiles)-1].Plugins.MultiPoint.Enabled {
		if plugin.Weight == 0 {
			continue
		}
		cells := row(page, plugin.Name)
		if cells == nil {
			t.Errorf("plugin %s of config/scheduler/beside.yaml has no row in %s", plugin.Name, configuration)
		} else if weight, _, _ := strings.Cut(cells[1], ","); weight != fmt.Sprint(plugin.Weight) {
			t.Errorf("%s: the weight of %s is given as %s, it is %d", configuration, plugin.Name, weight, plugin.Weight)
		}
	}
}

// load reads a KubeSchedulerConfiguration as kube-scheduler does, and returns its profiles.
func load(t *testing.T, text string) []schedconfig.KubeSchedulerProfile {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := options.LoadConfigFromFile(klog.Background(), file)
	if err != nil {
		t.Fatalf("loading the configuration: %v\n%s", err, text)
	}
	if err := schedvalidation.ValidateKubeSchedulerConfiguration(cfg); err != nil {
		t.Fatalf("validating the configuration: %v\n%s", err, text)
	}
	return cfg.Profiles
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
}
