// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/simulator/placer"
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
		{"another kind", "apiVersion: v1\nkind: Pod\n", []string{"s.yaml:2: kind is Pod; want a KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1"}},
		{"another kind of the group", "# a comment\nkind: CostScoreArgs\napiVersion: kubescheduler.config.k8s.io/v1\n", []string{"s.yaml:2: kind is CostScoreArgs; want"}},
		{"unknown version", "apiVersion: kubescheduler.config.k8s.io/v9\nkind: KubeSchedulerConfiguration\n", []string{"s.yaml:1: apiVersion is kubescheduler.config.k8s.io/v9; want kubescheduler.config.k8s.io/v1"}},
		{"no kind", "profiles:\n- schedulerName: secret\n", []string{"s.yaml: apiVersion or kind is missing; a profile is in a file that begins with apiVersion: kubescheduler.config.k8s.io/v1 and kind: KubeSchedulerConfiguration"}},
		{"a list", "[1, 2]", []string{"s.yaml: apiVersion or kind is missing"}},
		{"cut JSON", "{\"apiVersion\": \"kubescheduler.config.k8s.io/v1\",\n \"kind\":", []string{"s.yaml:2: "}},
		{"unknown field", header + "  plugin: {}\n", []string{`s.yaml:5: unknown field "profiles[0].plugin"`}},
		{"duplicate field", header + "  plugins: {}\n  plugins: {}\n", []string{"s.yaml:6: ", "already set"}},
		{"text for a number", header + "  percentageOfNodesToScore: many\n", []string{`s.yaml:5: percentageOfNodesToScore is "many"; want a whole number up to 2147483647`}},
		{
			"too large a weight", header + "  plugins:\n    score:\n      enabled:\n      - {name: NodeResourcesFit, weight: 1}\n      - name: CostScore\n        weight: 99999999999\n",
			[]string{"s.yaml:10: weight is 99999999999; want a whole number up to 2147483647"},
		},
		{"no number", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      ageExponent: .nan\n", []string{"s.yaml:8: ageExponent is .nan; want a number"}},
		{"infinite", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      ageExponent: -.inf\n", []string{"s.yaml:8: ageExponent is -.inf; want a number"}},
		{"a number for text", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      nodeFee: 0.03\n", []string{`s.yaml:8: nodeFee is 0.03; want text: quote it, as in "0.03"`}},
		{"the second of several", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      prices:\n      - hourlyPrice: \"1\"\n      - hourlyPrice: 2\n", []string{`s.yaml:10: hourlyPrice is 2; want text: quote it, as in "2"`}},
		{"a list for text", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      nodeFee: [1]\n", []string{"s.yaml:8: nodeFee is a list; want text"}},
		{"text for a list", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      priceAnnotations: a\n", []string{`s.yaml:8: priceAnnotations is "a"; want a list`}},
		{"a number in a list of text", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      priceAnnotations:\n      - 5\n", []string{`s.yaml:9: an item of priceAnnotations is 5; want text: quote it, as in "5"`}},
		{"text for true", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      estimate: \"yes\"\n", []string{`s.yaml:8: estimate is "yes"; want true or false`}},
		{"a list for an object", header + "  plugins: []\n", []string{"s.yaml:5: plugins is a list; want an object"}},
		{"a time without unit", header + "  pluginConfig:\n  - name: CostScore\n    args:\n      maxPriceAge: 1x\n", []string{`s.yaml:7: decoding args for plugin CostScore: time: unknown unit "x"`}},
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
			for _, never := range []string{"json:", ".go:", "Go struct", "secret"} {
				if strings.Contains(err.Error(), never) {
					t.Errorf("got error %q, which has %q", err, never)
				}
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml#x"), ""); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("got error %v", err)
	}
}

// withOthers is a profile that only a scheduler with more plugins can run.
const withOthers = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
extenders:
- urlPrefix: http://localhost
  filterVerb: f
profiles:
- schedulerName: mine
  plugins:
    queueSort: {enabled: [{name: Coscheduling}], disabled: [{name: "*"}]}
    bind: {enabled: [{name: OurBinder}], disabled: [{name: "*"}]}
    multiPoint: {enabled: [{name: CostScore, weight: 9}, {name: Coscheduling}, {name: NodeResourcesFitPlus}]}
  pluginConfig:
  - name: Coscheduling
    args: {permitWaitingTimeSeconds: 10}
  - name: CostScore
    args: {nodeFee: "0.1"}
`

// Who asks about prices, or about nodes, need not have all plugins.
func TestLoadWithoutPluginsOfOthers(t *testing.T) {
	path := write(t, withOthers)
	if _, err := Load(path, ""); err == nil || !strings.Contains(err.Error(), "s.yaml:9: plugin Coscheduling is of scheduler-plugins") {
		t.Errorf("Load: got error %v", err)
	}
	for name, load := range map[string]func(string, string) (*Profile, error){"LoadKnown": LoadKnown, "LoadPrices": LoadPrices} {
		p, err := load(path, "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		slices.Sort(p.LeftOut)
		if want := []string{"extenders", "plugin Coscheduling", "plugin NodeResourcesFitPlus", "plugin OurBinder"}; !slices.Equal(p.LeftOut, want) {
			t.Errorf("%s: left out %q, want %q", name, p.LeftOut, want)
		}
		if args := costScoreArgs(&p.Config.Profiles[0]); args == nil || args.NodeFee != "0.1" {
			t.Errorf("%s: got arguments %+v", name, args)
		}
		if _, err := placer.New(t.Context(), p.Config, placer.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		misspelled := write(t, strings.ReplaceAll(withOthers, "CostScore", "CostSkore"))
		if _, err := load(misspelled, ""); err == nil || !strings.Contains(err.Error(), `s.yaml:11: there is no plugin "CostSkore"; did you mean "CostScore"?`) {
			t.Errorf("%s: got error %v of a misspelled plugin", name, err)
		}
		for _, wrong := range []string{`nodeFee: "cheap"`, `nodeFee: 0.1`, `nodefee: "1"`} {
			if _, err := load(write(t, strings.Replace(withOthers, `nodeFee: "0.1"`, wrong, 1)), ""); err == nil || !strings.Contains(err.Error(), "s.yaml:16: ") {
				t.Errorf("%s: got error %v of %s", name, err, wrong)
			}
		}
		other := write(t, withOthers+"  - name: InterPodAffinity\n    args: {hardPodAffinityWeight: 200}\n")
		if _, err := load(other, ""); (err == nil) != (name == "LoadPrices") {
			t.Errorf("%s: got error %v of another plugin's arguments", name, err)
		}
	}
}

// FuzzDecode looks for panics: the file is the user's.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(header), "mine")
	f.Add([]byte(header+"  plugins: {score: {enabled: [{name: X}]}}\n  pluginConfig: [{name: CostScore, args: {a: b}}]\n"), "")
	f.Fuzz(func(t *testing.T, data []byte, schedulerName string) {
		p, err := decode("fuzz.yaml", data, schedulerName, whole)
		if err == nil && len(p.Config.Profiles) != 1 {
			t.Errorf("got %d profiles", len(p.Config.Profiles))
		}
	})
}
