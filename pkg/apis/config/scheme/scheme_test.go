// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package scheme

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	kubeschedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	schedvalidation "k8s.io/kubernetes/pkg/scheduler/apis/config/validation"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
)

// decode reads a configuration with a profile whose pluginConfig is given as
// the scheduler does.
func decode(pluginConfig string) (*schedconfig.KubeSchedulerConfiguration, error) {
	obj, _, err := kubeschedulerscheme.Codecs.UniversalDecoder().Decode([]byte(`
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- pluginConfig:`+pluginConfig), nil, nil)
	if err != nil {
		return nil, err
	}
	return obj.(*schedconfig.KubeSchedulerConfiguration), nil
}

func TestDecode(t *testing.T) {
	defaultCostScore := &config.CostScoreArgs{
		Strategy:         config.StrategyDominantShare,
		Search:           config.SearchIndex,
		AgeExponent:      ptr.To(0.06),
		PriceAnnotations: []string{"hightower.com/cost"},
		Estimate:         ptr.To(true),
		NodeFee:          "0",
	}
	defaultCertGate := &config.CertGateArgs{
		Source:                config.SourceSecrets,
		ExemptNamespaces:      []string{"kube-system", "tollgate-system"},
		ExemptPriorityClasses: []string{"system-cluster-critical", "system-node-critical"},
	}
	tests := []struct {
		name         string
		pluginConfig string
		want         []schedconfig.PluginConfig
	}{
		{
			name: "no args are defaulted",
			pluginConfig: `
  - name: CostScore
  - name: CertGate`,
			want: []schedconfig.PluginConfig{
				{Name: "CostScore", Args: defaultCostScore},
				{Name: "CertGate", Args: defaultCertGate},
			},
		},
		{
			name: "explicit zero values are kept",
			pluginConfig: `
  - name: CostScore
    args: {strategy: NodePrice, ageExponent: 0, priceAnnotations: [], estimate: false}`,
			want: []schedconfig.PluginConfig{
				{Name: "CostScore", Args: &config.CostScoreArgs{
					Strategy:         config.StrategyNodePrice,
					Search:           config.SearchIndex,
					AgeExponent:      ptr.To(0.0),
					PriceAnnotations: []string{},
					Estimate:         ptr.To(false),
					NodeFee:          "0",
				}},
			},
		},
		{
			name: "everything about prices",
			pluginConfig: `
  - name: CostScore
    args:
      trustAnnotations: true
      prices:
      - nodeSelector: {matchLabels: {rack: a}}
        hourlyPrice: "0.45"
      - nodeSelector:
          matchExpressions: [{key: rack, operator: In, values: [b, c]}]
        hourlyPrice: $1
      adjustments:
      - nodeSelector: {}
        adjustment: -10%
      - adjustment: "+0.05"
      prepaid:
      - nodeSelector: {matchLabels: {node.kubernetes.io/instance-type: m5.large}}
        count: 3
      nodeFee: "0.03"
      maxPriceAge: 720h`,
			want: []schedconfig.PluginConfig{
				{Name: "CostScore", Args: &config.CostScoreArgs{
					Strategy:         config.StrategyDominantShare,
					Search:           config.SearchIndex,
					AgeExponent:      ptr.To(0.06),
					PriceAnnotations: []string{"hightower.com/cost"},
					TrustAnnotations: true,
					Prices: []config.NodePrice{
						{NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{"rack": "a"}}, HourlyPrice: "0.45"},
						{NodeSelector: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
							{Key: "rack", Operator: metav1.LabelSelectorOpIn, Values: []string{"b", "c"}},
						}}, HourlyPrice: "$1"},
					},
					Estimate:    ptr.To(true),
					Adjustments: []config.PriceAdjustment{{Adjustment: "-10%"}, {Adjustment: "+0.05"}},
					NodeFee:     "0.03",
					Prepaid: []config.PrepaidNodes{
						{NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{"node.kubernetes.io/instance-type": "m5.large"}}, Count: 3},
					},
					MaxPriceAge: metav1.Duration{Duration: 720 * time.Hour},
				}},
			},
		},
		{
			name: "everything about certificates",
			pluginConfig: `
  - name: CertGate
    args:
      source: Secrets
      namespaces: [shop, api]
      exemptNamespaces: [kube-system]
      exemptPriorityClasses: [high]`,
			want: []schedconfig.PluginConfig{{Name: "CertGate", Args: &config.CertGateArgs{
				Source:                config.SourceSecrets,
				Namespaces:            []string{"shop", "api"},
				ExemptNamespaces:      []string{"kube-system"},
				ExemptPriorityClasses: []string{"high"},
			}}},
		},
		{
			name: "an explicit [] exempts nobody",
			pluginConfig: `
  - name: CertGate
    args: {source: PodCondition, exemptNamespaces: [], exemptPriorityClasses: []}`,
			want: []schedconfig.PluginConfig{{Name: "CertGate", Args: &config.CertGateArgs{
				Source: config.SourcePodCondition, ExemptNamespaces: []string{}, ExemptPriorityClasses: []string{},
			}}},
		},
		{
			name: "null is like left out",
			pluginConfig: `
  - name: CertGate
    args: {source: null, exemptNamespaces: null, exemptPriorityClasses: null}`,
			want: []schedconfig.PluginConfig{{Name: "CertGate", Args: defaultCertGate}},
		},
		{
			name: "kind and version may be given",
			pluginConfig: `
  - name: CostScore
    args: {apiVersion: kubescheduler.config.k8s.io/v1, kind: CostScoreArgs}`,
			want: []schedconfig.PluginConfig{{Name: "CostScore", Args: defaultCostScore}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := decode(tt.pluginConfig)
			if err != nil {
				t.Fatalf("decoding: %v", err)
			}
			got := cfg.Profiles[0].PluginConfig[:len(tt.want)]
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("unexpected args (-want, +got):\n%s", diff)
			}
		})
	}
}

const validCertGateFields = "valid fields: source, namespaces, exemptNamespaces, exemptPriorityClasses"

const validCostScoreFields = `valid fields: strategy, ageExponent, search, priceAnnotations, trustAnnotations, prices, estimate, ` +
	`adjustments, nodeFee, prepaid, maxPriceAge`

func TestDecodeIsStrict(t *testing.T) {
	tests := []struct {
		name         string
		pluginConfig string
		wantInError  []string
		wantHint     string
	}{
		{
			name: "misspelled field",
			pluginConfig: `
  - name: CostScore
    args: {strategyy: NodePrice}`,
			wantInError: []string{"CostScore", `unknown field "strategyy"`},
			wantHint: `CostScore has no field "strategyy"; did you mean "strategy"? ` +
				validCostScoreFields,
		},
		{
			name: "misspelled fields of two plugins and one of upstream's",
			pluginConfig: `
  - name: CostScore
    args: {ageexponent: 0, colour: blue}
  - name: CertGate
    args: {sourec: Secrets}
  - name: NodeResourcesFit
    args: {scoringStrategy: {typo: MostAllocated}}`,
			wantInError: []string{`unknown field "colour"`, `unknown field "sourec"`},
			wantHint: `CostScore has no field "ageexponent"; did you mean "ageExponent"? ` +
				validCostScoreFields + "\n" +
				`CostScore has no field "colour"; ` +
				validCostScoreFields + "\n" +
				`CertGate has no field "sourec"; did you mean "source"? ` + validCertGateFields + "\n" +
				`NodeResourcesFit has no field "scoringStrategy.typo"; did you mean "type"? ` +
				`valid fields: type, resources, requestedToCapacityRatio`,
		},
		{
			name: "wrong type",
			pluginConfig: `
  - name: CostScore
    args: {estimate: "yes"}`,
			wantInError: []string{"CostScore", "CostScoreArgs.estimate of type bool"},
		},
		{
			name: "misspelled fields of prices, adjustments and prepaid",
			pluginConfig: `
  - name: CostScore
    args:
      trustAnnotation: true
      prices: [{nodeSelektor: {}, hourlyPrice: "1"}]
      adjustments: [{nodeSelector: {matchLabel: {a: b}}, adjustment: "-10%"}]
      prepaid: [{nodeSelector: {}, cuont: 3}]`,
			wantInError: []string{`unknown field "prices[0].nodeSelektor"`},
			wantHint: `CostScore has no field "adjustments[0].nodeSelector.matchLabel"; did you mean "matchLabels"? valid fields: matchLabels, matchExpressions` + "\n" +
				`CostScore has no field "prepaid[0].cuont"; did you mean "count"? valid fields: nodeSelector, count` + "\n" +
				`CostScore has no field "prices[0].nodeSelektor"; did you mean "nodeSelector"? valid fields: nodeSelector, hourlyPrice` + "\n" +
				`CostScore has no field "trustAnnotation"; did you mean "trustAnnotations"? ` + validCostScoreFields,
		},
		{
			name: "misspelled fields about certificates",
			pluginConfig: `
  - name: CertGate
    args: {namespace: [shop], exemptedNamespaces: [], exemptPriorityClass: [], secrets: true}`,
			wantInError: []string{"CertGate", `unknown field "exemptPriorityClass"`},
			wantHint: `CertGate has no field "exemptPriorityClass"; did you mean "exemptPriorityClasses"? ` + validCertGateFields + "\n" +
				`CertGate has no field "exemptedNamespaces"; did you mean "exemptNamespaces"? ` + validCertGateFields + "\n" +
				`CertGate has no field "namespace"; did you mean "namespaces"? ` + validCertGateFields + "\n" +
				`CertGate has no field "secrets"; ` + validCertGateFields,
		},
		{
			name: "one namespace that is not a list",
			pluginConfig: `
  - name: CertGate
    args: {namespaces: shop}`,
			wantInError: []string{"CertGate", "CertGateArgs.namespaces of type []string"},
		},
		{
			name: "a price that is not a string",
			pluginConfig: `
  - name: CostScore
    args: {prices: [{hourlyPrice: 0.45}]}`,
			wantInError: []string{"CostScore", "hourlyPrice of type string"},
		},
		{
			name: "an age that is not a duration",
			pluginConfig: `
  - name: CostScore
    args: {maxPriceAge: 30d}`,
			wantInError: []string{"CostScore", `unknown unit "d" in duration "30d"`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decode(tt.pluginConfig)
			if err == nil {
				t.Fatal("decoding succeeded, want an error")
			}
			for _, want := range tt.wantInError {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not contain %q", err, want)
				}
			}
			if diff := cmp.Diff(tt.wantHint, hint.ForError(err)); diff != "" {
				t.Errorf("unexpected hint for %q (-want, +got):\n%s", err, diff)
			}
		})
	}
}

// The configurations that are shipped must be what a scheduler can start with.
func TestShippedConfigurations(t *testing.T) {
	tests := []struct {
		file           string
		wantProfiles   []string
		wantLease      string
		wantKubeconfig string
		wantSource     string
	}{
		{
			file:         "beside.yaml",
			wantProfiles: []string{"tollgate"},
			wantLease:    "tollgate-system/tollgate-scheduler",
			wantSource:   config.SourcePodCondition,
		},
		{
			file:           "replace.yaml",
			wantProfiles:   []string{"default-scheduler", "tollgate"},
			wantLease:      "kube-system/kube-scheduler",
			wantKubeconfig: "/etc/kubernetes/scheduler.conf",
			wantSource:     config.SourceSecrets,
		},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			cfg, err := options.LoadConfigFromFile(klog.Background(), "../../../../config/scheduler/"+tt.file)
			if err != nil {
				t.Fatalf("loading: %v", err)
			}
			if err := schedvalidation.ValidateKubeSchedulerConfiguration(cfg); err != nil {
				t.Errorf("validating: %v", err)
			}
			var profiles []string
			for _, p := range cfg.Profiles {
				profiles = append(profiles, p.SchedulerName)
			}
			if diff := cmp.Diff(tt.wantProfiles, profiles); diff != "" {
				t.Errorf("unexpected profiles (-want, +got):\n%s", diff)
			}
			if got := cfg.LeaderElection.ResourceNamespace + "/" + cfg.LeaderElection.ResourceName; !cfg.LeaderElection.LeaderElect || got != tt.wantLease {
				t.Errorf("got lease %q (elect: %v), want %q", got, cfg.LeaderElection.LeaderElect, tt.wantLease)
			}
			if got := cfg.ClientConnection.Kubeconfig; got != tt.wantKubeconfig {
				t.Errorf("got kubeconfig %q, want %q", got, tt.wantKubeconfig)
			}
			checkTollgateProfile(t, cfg.Profiles[len(cfg.Profiles)-1], tt.wantSource)
		})
	}
}

// The default-scheduler profile of replace.yaml must be upstream's.
func TestReplaceKeepsDefaultProfile(t *testing.T) {
	cfg, err := options.LoadConfigFromFile(klog.Background(), "../../../../config/scheduler/replace.yaml")
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	plain, _, err := kubeschedulerscheme.Codecs.UniversalDecoder().Decode([]byte(
		"apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"), nil, nil)
	if err != nil {
		t.Fatalf("decoding: %v", err)
	}
	want := plain.(*schedconfig.KubeSchedulerConfiguration).Profiles[0]
	if diff := cmp.Diff(want, cfg.Profiles[0]); diff != "" {
		t.Errorf("unexpected profile (-want, +got):\n%s", diff)
	}
}

func checkTollgateProfile(t *testing.T, p schedconfig.KubeSchedulerProfile, source string) {
	t.Helper()
	if got := ptr.Deref(p.PercentageOfNodesToScore, 0); got != 100 {
		t.Errorf("got percentageOfNodesToScore %d, want 100", got)
	}
	weights := map[string]int32{}
	for _, e := range p.Plugins.MultiPoint.Enabled {
		if e.Weight != 0 {
			weights[e.Name] = e.Weight
		}
	}
	wantWeights := map[string]int32{
		"TaintToleration":   200000,
		"NodeAffinity":      200000,
		"InterPodAffinity":  200000,
		"PodTopologySpread": 200000,
		"DynamicResources":  200000,
		"CostScore":         1000,
		"NodeResourcesFit":  1,
	}
	if diff := cmp.Diff(wantWeights, weights); diff != "" {
		t.Errorf("unexpected weights (-want, +got):\n%s", diff)
	}
	args := map[string]any{}
	for _, c := range p.PluginConfig {
		args[c.Name] = c.Args
	}
	wantArgs := map[string]any{
		"CostScore": &config.CostScoreArgs{
			Strategy:         config.StrategyDominantShare,
			Search:           config.SearchIndex,
			AgeExponent:      ptr.To(0.06),
			PriceAnnotations: []string{"hightower.com/cost"},
			Estimate:         ptr.To(true),
			NodeFee:          "0",
		},
		"CertGate": &config.CertGateArgs{
			Source:                source,
			ExemptNamespaces:      []string{"kube-system", "tollgate-system"},
			ExemptPriorityClasses: []string{"system-cluster-critical", "system-node-critical"},
		},
		"NodeResourcesFit": &schedconfig.NodeResourcesFitArgs{
			ScoringStrategy: &schedconfig.ScoringStrategy{
				Type:      schedconfig.MostAllocated,
				Resources: []schedconfig.ResourceSpec{{Name: "cpu", Weight: 1}, {Name: "memory", Weight: 1}},
			},
		},
		"PodTopologySpread": &schedconfig.PodTopologySpreadArgs{DefaultingType: schedconfig.ListDefaulting},
	}
	for name, want := range wantArgs {
		if diff := cmp.Diff(want, args[name], cmpIgnoreEmpty); diff != "" {
			t.Errorf("unexpected args of %s (-want, +got):\n%s", name, diff)
		}
	}
}

// cmpIgnoreEmpty takes an empty list for a missing one.
var cmpIgnoreEmpty = cmp.FilterPath(
	func(p cmp.Path) bool { return p.Last().String() == ".DefaultConstraints" },
	cmp.Ignore(),
)
