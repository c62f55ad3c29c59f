// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// header is the first four lines of a configuration with one profile.
const header = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: mine
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadChooses(t *testing.T) {
	one := header
	two := header + "- schedulerName: default-scheduler\n"
	three := two + "- schedulerName: yours\n"
	tests := []struct {
		name, text, suffix, schedulerName string
		want, wantError                   string
	}{
		{name: "the only one", text: one, want: "mine"},
		{name: "the only one, default-scheduler", text: header[:strings.Index(header, "profiles")], want: "default-scheduler"},
		{name: "the only one of their own", text: two, want: "mine"},
		{name: "by name", text: three, schedulerName: "default-scheduler", want: "default-scheduler"},
		{name: "behind the path", text: three, suffix: "#yours", want: "yours"},
		{name: "both, the same", text: three, suffix: "#yours", schedulerName: "yours", want: "yours"},
		{name: "both, different", text: three, suffix: "#yours", schedulerName: "mine", wantError: "give one of the two"},
		{name: "several", text: three, wantError: "several profiles: mine, default-scheduler, yours"},
		{name: "none of that name", text: three, suffix: "#your", wantError: `no profile "your"; did you mean "yours"? it has`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, tt.text)
			p, err := Load(path+tt.suffix, tt.schedulerName)
			if tt.wantError != "" {
				if err == nil || !strings.Contains(strings.Replace(err.Error(), "; it has", " it has", 1), tt.wantError) {
					t.Errorf("got error %v, want one with %q", err, tt.wantError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Config.Profiles[0].SchedulerName; got != tt.want || len(p.Config.Profiles) != 1 {
				t.Errorf("got %d profiles, the first %q, want %q", len(p.Config.Profiles), got, tt.want)
			}
			if p.Name != path+"#"+tt.want {
				t.Errorf("got name %q", p.Name)
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"no YAML", "a: [", []string{"s.yaml:1: "}},
		{"another kind", "apiVersion: v1\nkind: Pod\n", []string{"s.yaml", "Pod"}},
		{"unknown version", "apiVersion: kubescheduler.config.k8s.io/v9\nkind: KubeSchedulerConfiguration\n", []string{"s.yaml", "v9"}},
		{"unknown field", header + "  plugin: {}\n", []string{`s.yaml:5: unknown field "profiles[0].plugin"`}},
		{"duplicate field", header + "  plugins: {}\n  plugins: {}\n", []string{"s.yaml", "already set"}},
		{"wrong type", header + "  percentageOfNodesToScore: many\n", []string{"s.yaml:5: "}},
		{
			"unknown arguments", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      strategyy: x\n  - name: NodeResourcesFit\n    args:\n      scoringStrategy:\n        typo: x\n",
			[]string{`s.yaml:8: CostScore has no field "strategyy"; did you mean "strategy"?`, `s.yaml:12: NodeResourcesFit has no field "scoringStrategy.typo"; did you mean "type"?`},
		},
		{
			"unknown plugin", header + "  plugins:\n    score:\n      enabled:\n      - name: Costscore\n    multiPoint:\n      disabled:\n      - name: '*'\n      - name: Foo\n",
			[]string{`s.yaml:8: there is no plugin "Costscore"; did you mean "CostScore"?`, `s.yaml:12: there is no plugin "Foo"; those simulated are CertGate, CostScore`},
		},
		{"unknown plugin in pluginConfig", header + "  pluginConfig:\n  - name: CostScor\n", []string{`s.yaml:6: there is no plugin "CostScor"; did you mean "CostScore"?`}},
		{"plugin that is not simulated", header + "  plugins:\n    multiPoint:\n      enabled:\n      - name: Coscheduling\n      disabled:\n      - name: SySched\n", []string{"s.yaml:8: plugin Coscheduling is of scheduler-plugins, and not simulated"}},
		{"invalid arguments", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      ageExponent: 7\n", []string{"s.yaml:8: ", "between 0"}},
		{"invalid arguments of upstream's", header + "  pluginConfig:\n  - name: InterPodAffinity\n    args:\n      hardPodAffinityWeight: 200\n", []string{"s.yaml:8: ", "hardPodAffinityWeight"}},
		{"invalid arguments of NodeResourcesFit", header + "  pluginConfig:\n  - name: NodeResourcesFit\n    args:\n      scoringStrategy:\n        type: Most\n", []string{"s.yaml:9: ", "scoringStrategy.type"}},
		{"extenders", header + "extenders:\n- urlPrefix: http://localhost\n  filterVerb: f\n  weight: 1\n", []string{"s.yaml:5: ", "not simulated"}},
		{"same name twice", header + "- schedulerName: mine\n", []string{"s.yaml:5: ", "Duplicate"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := ""
			if strings.HasPrefix(tt.text, header) {
				name = "mine"
			}
			_, err := Load(write(t, tt.text), name)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got error %q, want one with %q", err, want)
				}
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml#x"), ""); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("got error %v", err)
	}
}

// FuzzDecode looks for panics: the file is the user's.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(header), "mine")
	f.Add([]byte(header+"  plugins: {score: {enabled: [{name: X}]}}\n  pluginConfig: [{name: CostScore, args: {a: b}}]\n"), "")
	f.Fuzz(func(t *testing.T, data []byte, schedulerName string) {
		p, err := decode("fuzz.yaml", data, schedulerName)
		if err == nil && len(p.Config.Profiles) != 1 {
			t.Errorf("got %d profiles", len(p.Config.Profiles))
		}
	})
}
