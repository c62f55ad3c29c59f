// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fieldsOf returns the JSON fields of a type with their Go types, in order.
func fieldsOf(t reflect.Type, prefix string) []string {
	var all []string
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case !f.IsExported():
		case f.Anonymous:
			all = append(all, fieldsOf(f.Type, prefix)...)
		case inner.Kind() == reflect.Struct && inner.PkgPath() != "time":
			all = append(all, fieldsOf(inner, prefix+tag+".")...)
		default:
			all = append(all, strings.TrimSpace(prefix+tag+" "+f.Type.String()+" "+options))
		}
	}
	return all
}

var simulateFields = []string{
	"workload.name string", "workload.pods int", "workload.nodes int", "workload.durationSeconds float64", "workload.leftOut []string omitempty",
	"workload.hourlyPriceMicroDollars *int64",
	"world.kind string", "world.name string", "world.cloud string omitempty", "world.capacity string omitempty", "world.pools int", "world.scaleUp string",
	"world.consolidation bool", "world.bootSeconds float64", "world.scanIntervalSeconds float64", "world.emptyDelaySeconds float64", "world.copies int",
	"world.firstSeed uint64", "world.seeds int", "baseline string",
	"bound.microDollars int64", "bound.microDollarsCI95 int64", "bound.assumes string", "bound.proof string", "bound.maxWaitSeconds float64",
	"bound.assumingNothingMicroDollars int64",
	"bound.seeds.seed uint64", "bound.seeds.microDollars int64", "bound.seeds.assumes string", "bound.seeds.proof string", "bound.seeds.maxWaitSeconds float64",
	"profiles.profile string", "profiles.microDollars int64", "profiles.microDollarsCI95 int64", "profiles.prepaidMicroDollars int64",
	"profiles.aboveBoundPercent *float64", "profiles.aboveBoundPercentCI95 float64", "profiles.versusBaselinePercent *float64",
	"profiles.versusBaselinePercentCI95 float64", "profiles.hourlyAtEndMicroDollars int64", "profiles.nodeHours.onDemand float64",
	"profiles.nodeHours.spot float64", "profiles.nodeHours.unknown float64", "profiles.nodeHours.prepaid float64", "profiles.gpuHours float64",
	"profiles.strandedGPUHours float64", "profiles.waitP50Seconds float64", "profiles.waitP99Seconds float64", "profiles.waitMaxSeconds float64",
	"profiles.delayMaxSeconds float64", "profiles.evictions float64", "profiles.placements float64", "profiles.nodesBought float64",
	"profiles.peakNodes float64", "profiles.unschedulable int", "profiles.unschedulablePods []string omitempty",
	"profiles.seeds.seed uint64", "profiles.seeds.microDollars int64", "profiles.seeds.boundMicroDollars *int64",
}

// TestFields keeps the fields of JSON output: scripts of users read them. Add
// to these lists and to docs/kubectl-tollgate.md; never rename or remove.
func TestFields(t *testing.T) {
	price := func(prefix string) []string {
		return []string{
			prefix + "hourlyPriceMicroDollars *int64", prefix + "priceSource string", prefix + "priceDetail string omitempty",
			prefix + "priceAdjusted string omitempty", prefix + "priceAsOf *time.Time omitempty", prefix + "priceStale bool omitempty",
			prefix + "priceProblem string omitempty", prefix + "capacityType string", prefix + "prepaid bool",
		}
	}
	head := []string{"schema string", "currency string", "time time.Time"}
	tests := map[string]struct {
		report any
		want   [][]string
	}{
		NodesSchema: {NodesReport{}, [][]string{
			head, {"nodes.name string", "nodes.instanceType string omitempty", "nodes.region string omitempty"}, price("nodes."),
			{
				"nodes.allocatedShare float64", "nodes.allocatedResource string", "nodes.cpuShare float64", "nodes.memoryShare float64",
				"nodes.acceleratorShare *float64 omitempty", "nodes.acceleratorResource string omitempty", "nodes.hourlyIdleMicroDollars *int64", "nodes.pods int",
				"total.nodes int", "total.pods int", "total.unknownPrices int", "total.hourlyPriceMicroDollars int64", "total.monthlyPriceMicroDollars int64",
				"total.hourlyIdleMicroDollars int64", "total.monthlyIdleMicroDollars int64", "total.hourlyPrepaidMicroDollars int64",
			},
		}},
		ExplainSchema: {ExplainReport{}, [][]string{
			head, {
				"profile string", "pod.namespace string", "pod.name string", "pod.node string omitempty", "pod.schedulerName string",
				"outcome string", "best []string", "fitting int", "ruledOut int",
				"nodes.name string", "nodes.fits bool", "nodes.rank int omitempty", "nodes.current bool omitempty", "nodes.plugin string omitempty", "nodes.reason string omitempty",
			}, price("nodes."),
			{
				"nodes.hourlyCostMicroDollars *int64", "nodes.hourlyListCostMicroDollars *int64", "nodes.share float64", "nodes.resource string omitempty",
				"nodes.ageFactor float64", "nodes.unrequestedResource string omitempty", "nodes.totalScore int64",
				"nodes.scores.plugin string", "nodes.scores.score int64",
			},
		}},
		SimulateSchema: {SimulateReport{}, [][]string{head, simulateFields}},
		VerifySchema: {VerifyReport{}, [][]string{{
			"schema string", "currency string", "workload string", "pods int", "pools int", "microDollars int64",
			"maxWaitSeconds float64", "bootSeconds float64", "emptyDelaySeconds float64", "evictions bool",
			"proofs.name string", "proofs.assumes string", "proofs.dollars string",
		}}},
	}
	for schema, tt := range tests {
		var want []string
		for _, fields := range tt.want {
			want = append(want, fields...)
		}
		if diff := cmp.Diff(want, fieldsOf(reflect.TypeOf(tt.report), "")); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", schema, diff)
		}
	}
}
