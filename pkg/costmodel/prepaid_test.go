// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/apis/core/v1/helper"
	"pgregory.net/rapid"
)

func TestPrepaid(t *testing.T) {
	cpu := Request{MilliCPU: 1000}
	with := func(s scalars) Node {
		return Node{Price: 96_000, Prepaid: true, Allocatable: Request{MilliCPU: 2000, Memory: 8 * gib, Scalar: s}}
	}
	tests := []struct {
		name    string
		request Request
		node    Node
		want    Cost
	}{
		{"free for the pod", cpu, with(nil), Cost{Prepaid: true}},
		{"GPU that the pod does not request", cpu, with(scalars{"nvidia.com/gpu": 4}), Cost{Dollars: 0.048, Unrequested: "nvidia.com/gpu"}},
		{"requesting 0 is not requesting", Request{MilliCPU: 1000, Scalar: scalars{"nvidia.com/gpu": 0}}, with(scalars{"nvidia.com/gpu": 4}), Cost{Dollars: 0.048, Unrequested: "nvidia.com/gpu"}},
		{"GPU that the pod requests", Request{MilliCPU: 1000, Scalar: scalars{"nvidia.com/gpu": 1}}, with(scalars{"nvidia.com/gpu": 4}), Cost{Prepaid: true}},
		{"a second resource", Request{MilliCPU: 1000, Scalar: scalars{"nvidia.com/gpu": 1}}, with(scalars{"nvidia.com/gpu": 4, "b.com/x": 1, "a.com/x": 1}), Cost{Dollars: 0.048, Unrequested: "a.com/x"}},
		{"a resource that is not there", cpu, with(scalars{"nvidia.com/gpu": 0}), Cost{Prepaid: true}},
		{
			"native resources and network addresses", cpu,
			with(scalars{"hugepages-2Mi": 1 << 30, "attachable-volumes-aws-ebs": 25, "vpc.amazonaws.com/pod-eni": 9}), Cost{Prepaid: true},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.List, tt.want.Price, tt.want.Share, tt.want.Resource, tt.want.AgeFactor = 0.048, 96_000, 0.5, "cpu", 1
			got := DominantShare(DefaultAgeExponent)(tt.request, tt.node)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("unexpected cost (-want, +got):\n%s", diff)
			}
			got = NodePrice()(tt.request, tt.node)
			if got.List != 0.096 || got.Prepaid != tt.want.Prepaid || got.Unrequested != tt.want.Unrequested || (got.Dollars == 0) != tt.want.Prepaid {
				t.Errorf("NodePrice: got %+v, want 0.096 at list price and prepaid %t", got, tt.want.Prepaid)
			}
		})
	}
}

// Prepaying for a node moves it to the front and changes nothing else.
func TestPrepaidNodeGoesFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strategy, request := genStrategy(t), genRequest(t)
		a, b := genNode(t), genNode(t)
		a.Prepaid, b.Prepaid = false, false
		paidA, paidB := strategy(request, a), strategy(request, b)
		a.Prepaid = true
		prepaidA := strategy(request, a)
		if prepaidA.List != paidA.List || prepaidA.List != paidA.Dollars {
			t.Fatalf("the list price was %v, prepaid it is %v", paidA.Dollars, prepaidA.List)
		}
		if unrequested(&request, &a) != "" {
			if prepaidA.Encode() != paidA.Encode() {
				t.Fatalf("node with an unrequested resource: prepaid %d, paid %d", prepaidA.Encode(), paidA.Encode())
			}
			return
		}
		if prepaidA.Encode() >= paidB.Encode() {
			t.Fatalf("prepaid %+v does not come before %+v", prepaidA, paidB)
		}
		b.Prepaid = true
		prepaidB := strategy(request, b)
		if prepaidB.Prepaid && (prepaidA.Encode() < prepaidB.Encode()) != (paidA.Encode() < paidB.Encode()) {
			t.Fatalf("%+v and %+v are not in the order of their list prices", prepaidA, prepaidB)
		}
	})
}

func TestExtendedNamesAreUpstreams(t *testing.T) {
	for _, name := range []corev1.ResourceName{
		"cpu", "memory", "requests.example.com/x", "nvidia.com/gpu", "example.com/dongle", "tollgate.dev/gpu-milli",
		"hugepages-2Mi", "attachable-volumes-aws-ebs", "kubernetes.io/x", "node.kubernetes.io/y", "vpc.amazonaws.com/efa",
	} {
		if got, want := isSold(name), helper.IsExtendedResourceName(name); got != want {
			t.Errorf("isSold(%q) = %t, kube-scheduler says %t", name, got, want)
		}
	}
}
