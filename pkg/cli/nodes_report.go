// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/cli/snapshot"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// NodesReport is the JSON of kubectl tollgate nodes.
type NodesReport struct {
	// Schema is NodesSchema.
	Schema string `json:"schema"`
	// Currency is the ISO 4217 code of all amounts.
	Currency string `json:"currency"`
	// Time is when the report was made.
	Time time.Time `json:"time"`
	// Nodes are in the order that was asked for.
	Nodes []NodeRow `json:"nodes"`
	// Total sums them up.
	Total NodesTotal `json:"total"`
}

// NodesSchema names the fields of NodesReport.
const NodesSchema = "tollgate.dev/nodes/v1"

// NodeRow is one node of NodesReport.
type NodeRow struct {
	// Name of the node.
	Name string `json:"name"`
	// InstanceType and Region are those of its labels.
	InstanceType string `json:"instanceType,omitempty"`
	Region       string `json:"region,omitempty"`
	NodePrice    `json:",inline"`
	// AllocatedShare is the largest of the shares below, and AllocatedResource
	// the resource that it is of.
	AllocatedShare    float64 `json:"allocatedShare"`
	AllocatedResource string  `json:"allocatedResource"`
	// CPUShare and MemoryShare are requests of the node's pods over its
	// allocatable, from 0 to 1, with four decimals.
	CPUShare    float64 `json:"cpuShare"`
	MemoryShare float64 `json:"memoryShare"`
	// AcceleratorShare is that of the extended resource AcceleratorResource;
	// left out for a node without one.
	AcceleratorShare    *float64 `json:"acceleratorShare,omitempty"`
	AcceleratorResource string   `json:"acceleratorResource,omitempty"`
	// HourlyIdleMicroDollars is the price times what is not allocated, per hour
	// in millionths of a dollar; null if the price is not known.
	HourlyIdleMicroDollars *int64 `json:"hourlyIdleMicroDollars"`
	// Pods is how many pods hold resources of the node.
	Pods int `json:"pods"`
}

// NodesTotal sums up nodes. Those of unknown price are left out of amounts.
type NodesTotal struct {
	Nodes int `json:"nodes"`
	Pods  int `json:"pods"`
	// UnknownPrices is how many nodes are left out of the amounts.
	UnknownPrices int `json:"unknownPrices"`
	// Amounts are in millionths of a dollar; a month has 730 hours.
	HourlyPriceMicroDollars  int64 `json:"hourlyPriceMicroDollars"`
	MonthlyPriceMicroDollars int64 `json:"monthlyPriceMicroDollars"`
	HourlyIdleMicroDollars   int64 `json:"hourlyIdleMicroDollars"`
	MonthlyIdleMicroDollars  int64 `json:"monthlyIdleMicroDollars"`
	// HourlyPrepaidMicroDollars is the part of the price that is prepaid.
	HourlyPrepaidMicroDollars int64 `json:"hourlyPrepaidMicroDollars"`
}

// nodesReport reports on the nodes that are in the snapshot and selected.
func nodesReport(s *snapshot.Snapshot, selected func(*corev1.Node) bool, book *pricing.Book, now time.Time) *NodesReport {
	r := &NodesReport{Schema: NodesSchema, Currency: Currency, Time: now.UTC(), Nodes: []NodeRow{}}
	pods := s.PodsByNode()
	for _, node := range s.Nodes {
		if selected(node) {
			row := nodeRow(node, pods[node.Name], book.Price(node))
			r.Nodes = append(r.Nodes, row)
			r.Total.add(&row)
		}
	}
	return r
}

func nodeRow(node *corev1.Node, pods []*corev1.Pod, price pricing.Price) NodeRow {
	u := usageOf(node, pods)
	allocated, resource := u.dominant()
	row := NodeRow{
		Name:         node.Name,
		InstanceType: cmp.Or(node.Labels[corev1.LabelInstanceTypeStable], node.Labels[corev1.LabelInstanceType]),
		Region:       cmp.Or(node.Labels[corev1.LabelTopologyRegion], node.Labels[corev1.LabelFailureDomainBetaRegion]),
		NodePrice:    nodePrice(price), AllocatedShare: round4(allocated), AllocatedResource: resource,
		CPUShare: round4(u.cpu), MemoryShare: round4(u.memory), Pods: len(pods),
	}
	if u.acceleratorName != "" {
		s := round4(u.accelerator)
		row.AcceleratorShare, row.AcceleratorResource = &s, u.acceleratorName
	}
	if price.Known() {
		idle := microDollars(price.PerHour.Dollars() * (1 - allocated))
		row.HourlyIdleMicroDollars = &idle
	}
	return row
}

func (t *NodesTotal) add(row *NodeRow) {
	t.Nodes++
	t.Pods += row.Pods
	if row.HourlyPriceMicroDollars == nil {
		t.UnknownPrices++
		return
	}
	t.HourlyPriceMicroDollars += *row.HourlyPriceMicroDollars
	t.HourlyIdleMicroDollars += *row.HourlyIdleMicroDollars
	if row.Prepaid {
		t.HourlyPrepaidMicroDollars += *row.HourlyPriceMicroDollars
	}
	t.MonthlyPriceMicroDollars = HoursPerMonth * t.HourlyPriceMicroDollars
	t.MonthlyIdleMicroDollars = HoursPerMonth * t.HourlyIdleMicroDollars
}

// nodeOrders are the values of --sort.
var nodeOrders = []string{"name", "price", "idle"}

// sortNodes puts the dearest first, unknown prices last, equals by name.
func (r *NodesReport) sortNodes(by string) {
	key := func(row *NodeRow) int64 {
		amount := row.HourlyPriceMicroDollars
		if by == "idle" {
			amount = row.HourlyIdleMicroDollars
		}
		if amount == nil {
			return -1
		}
		return *amount
	}
	slices.SortStableFunc(r.Nodes, func(a, b NodeRow) int {
		if by == "name" {
			return cmp.Compare(a.Name, b.Name)
		}
		return cmp.Or(cmp.Compare(key(&b), key(&a)), cmp.Compare(a.Name, b.Name))
	})
}
