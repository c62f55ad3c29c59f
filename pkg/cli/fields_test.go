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
		for inner.Kind() == reflect.Slice {
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
