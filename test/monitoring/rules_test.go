// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const folder = "config/monitoring"

// ruleFile is what Prometheus reads; the spec of a PrometheusRule is one.
type ruleFile struct {
	Groups []struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	} `json:"groups"`
}

type rule struct {
	Alert         string            `json:"alert"`
	Expr          string            `json:"expr"`
	For           string            `json:"for"`
	KeepFiringFor string            `json:"keep_firing_for"`
	Labels        map[string]string `json:"labels"`
	Annotations   map[string]string `json:"annotations"`
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func decode(t *testing.T, name string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(read(t, name)), into); err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
}

func rules(t *testing.T) []rule {
	t.Helper()
	var file ruleFile
	decode(t, folder+"/rules.yaml", &file)
	var all []rule
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) < 10 {
		t.Fatalf("found only %d rules", len(all))
	}
	return all
}

// described are the metrics of all binaries, and one of controller-runtime.
func described(t *testing.T) map[string]metric {
	t.Helper()
	all := map[string]metric{"leader_election_master_status": {labels: []string{"name"}}}
	for _, dir := range []string{"pkg/plugins/costscore", "pkg/plugins/certgate", "pkg/controller/metrics"} {
		found := load(t, dir).metrics()
		if len(found) < 3 || found[""].labels != nil {
			t.Fatalf("found in %s only %v", dir, found)
		}
		maps.Copy(all, found)
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\b(scheduler|tollgate|leader)_[a-z_]+\b`)
	selector   = regexp.MustCompile(`([a-z_]+)\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"`)
	grouping   = regexp.MustCompile(`\bby \(([^)]*)\)`)
	templated  = regexp.MustCompile(`\$labels\.([a-z_]+)`)
)

// TestRulesAskForWhatThereIs finds every metric, label and reason of the rules in the code.
func TestRulesAskForWhatThereIs(t *testing.T) {
	metrics, constants := described(t), map[string]bool{}
	for _, dir := range []string{"pkg/apis/v1alpha1", "pkg/tlsready"} {
		load(t, dir).constants(constants)
	}
	for _, r := range rules(t) {
		var labels []string // of the metrics in the rule
		names := metricName.FindAllString(r.Expr, -1)
		if len(names) == 0 {
			t.Errorf("%s asks for no metric", r.Alert)
		}
		for _, name := range names {
			m, known := metrics[name]
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				if base, ok := strings.CutSuffix(name, suffix); ok && metrics[base].histogram {
					m, known = metrics[base], true
				}
			}
			if !known {
				t.Errorf("%s asks for %s, which no code describes", r.Alert, name)
			}
			labels = append(labels, m.labels...)
		}
		for _, s := range selector.FindAllStringSubmatch(r.Expr, -1) {
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				if !slices.Contains(metrics[s[1]].labels, m[1]) {
					t.Errorf("%s: metric %s has no label %s", r.Alert, s[1], m[1])
				}
				if m[1] != "reason" {
					continue
				}
				for _, reason := range strings.Split(m[2], "|") {
					if !constants[reason] {
						t.Errorf("%s: no code gives the reason %s", r.Alert, reason)
					}
				}
			}
		}
		kept := labels
		if by := grouping.FindStringSubmatch(r.Expr); by != nil {
			kept = strings.Split(by[1], ", ")
		}
		for _, label := range kept {
			if !slices.Contains(labels, label) {
				t.Errorf("%s groups by %s, which its metrics do not have", r.Alert, label)
			}
		}
		for _, text := range r.Annotations {
			for _, used := range templated.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(kept, used[1]) {
					t.Errorf("%s tells label %s, which its expression does not keep", r.Alert, used[1])
				}
			}
		}
	}
}

// TestRulesAreTold wants of every rule a name of its own, a severity, what to do, and a row on the page.
func TestRulesAreTold(t *testing.T) {
	page, seen := read(t, "docs/monitoring.md"), map[string]bool{}
	for _, r := range rules(t) {
		if seen[r.Alert] || !strings.HasPrefix(r.Alert, "Tollgate") {
			t.Errorf("alert %q is there twice or not called Tollgate...", r.Alert)
		}
		seen[r.Alert] = true
		if !slices.Contains([]string{"info", "warning", "critical"}, r.Labels["severity"]) {
			t.Errorf("%s has severity %q", r.Alert, r.Labels["severity"])
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s lacks a summary or a description", r.Alert)
		}
		if !strings.Contains(page, "| `"+r.Alert+"` |") {
			t.Errorf("%s has no row in docs/monitoring.md", r.Alert)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `(Tollgate[A-Za-z]+)` \\|").FindAllStringSubmatch(page, -1) {
		if !seen[row[1]] {
			t.Errorf("docs/monitoring.md has %s, which is no rule", row[1])
		}
	}
}

// TestMetricsAreTold wants every metric of the controller, with its labels, in a row of the page, and no others.
func TestMetricsAreTold(t *testing.T) {
	page, all := read(t, "docs/monitoring.md"), described(t)
	for name, m := range all {
		if !strings.HasPrefix(name, "tollgate_") {
			continue
		}
		row := regexp.MustCompile("(?m)^\\| `" + name + "` \\| \\w+ \\|([^|]*)\\|").FindStringSubmatch(page)
		if row == nil {
			t.Errorf("%s has no row in docs/monitoring.md", name)
			continue
		}
		var told []string
		for _, label := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[1], -1) {
			told = append(told, label[1])
		}
		if diff := cmp.Diff(m.labels, told); diff != "" {
			t.Errorf("labels of %s (-code, +page):\n%s", name, diff)
		}
	}
	for _, name := range regexp.MustCompile(`\b(tollgate|scheduler_certgate|scheduler_costscore)_[a-z_]+\b`).FindAllString(page, -1) {
		name = strings.TrimSuffix(name, "_bucket")
		if _, known := all[name]; !known {
			t.Errorf("docs/monitoring.md speaks of %s, which no code describes", name)
		}
	}
}

// TestOperatorHasTheSameRules compares the two files.
func TestOperatorHasTheSameRules(t *testing.T) {
	var plain ruleFile
	decode(t, folder+"/rules.yaml", &plain)
	var object struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   map[string]any `json:"metadata"`
		Spec       ruleFile       `json:"spec"`
	}
	decode(t, folder+"/prometheusrule.yaml", &object)
	if object.Kind != "PrometheusRule" || object.APIVersion != "monitoring.coreos.com/v1" {
		t.Errorf("the object is %s of %s", object.Kind, object.APIVersion)
	}
	if diff := cmp.Diff(plain, object.Spec); diff != "" {
		t.Errorf("the groups differ (-rules.yaml, +prometheusrule.yaml):\n%s", diff)
	}
}
