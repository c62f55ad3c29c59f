// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/prices"
	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// cluster is a workload with nodes of its own: what can be bought is more nodes
// like them. What they cost, one configuration says for all profiles.
func (o *simulateOptions) cluster(data []byte, first *workload.Workload, all []*profiles.Profile) (*source, error) {
	args, err := o.priceArgs(all)
	if err != nil {
		return nil, err
	}
	options, err := prices.OptionsOf(args)
	if err != nil {
		return nil, fmt.Errorf("reading CostScoreArgs: %w", err)
	}
	book := newBook(options, first.Nodes, o.Clock)
	pools, of, err := pool.FromNodes(first.Nodes, book.Price)
	if err != nil {
		return nil, ui.WithHint(err, "kubectl tollgate nodes -f FILE shows which prices are known")
	}
	for i, node := range first.Nodes {
		if book.Price(node).Prepaid {
			pools[of[i]].Prepaid++
		}
	}
	now, estimated, passedOver := pricing.Money(0), 0, 0
	for _, node := range first.Nodes {
		price := book.Price(node)
		now += price.PerHour
		if price.Source == pricing.SourceEstimate {
			estimated++
		}
		if price.Problem != "" {
			passedOver++
		}
	}
	s := &source{world: o.worldOf("cluster"), now: (*int64)(&now)}
	if estimated > 0 {
		s.notes = append(s.notes, fmt.Sprintf("the prices of %s are estimates; %s nodes shows which", plural(estimated, "node", "nodes"), displayName(o.Name)))
	}
	if passedOver > 0 {
		s.notes = append(s.notes, fmt.Sprintf("price annotations of %s were not taken as they are; %s nodes shows why", plural(passedOver, "node", "nodes"), displayName(o.Name)))
	}
	s.world.Name = "cluster"
	s.setting = func(seed uint64) (*experiment.Setting, error) {
		w := first
		if seed != o.seed {
			if w, err = o.read(data, seed); err != nil {
				return nil, err
			}
		}
		return &experiment.Setting{
			Workload: leaveOutUnfit(w, pools), Pools: pools, NodePools: of, Autoscaler: o.autoscaler(), Seed: seed, Args: sharePrices(args, pools),
		}, nil
	}
	return s, nil
}

// priceArgs returns the arguments that say what nodes cost: those of --config,
// else of the first profile of a file that has some, else of the shipped one.
func (o *simulateOptions) priceArgs(all []*profiles.Profile) (*config.CostScoreArgs, error) {
	if o.config != "" {
		p, err := loadConfig(o.config)
		if err != nil {
			return nil, err
		}
		return costScoreArgs(p)
	}
	for i, p := range all {
		if args := argsOf(p); args != nil && !isBuiltIn(all[i].Name) {
			return args, nil
		}
	}
	shipped, err := profiles.Named(profiles.DominantShare)
	if err != nil {
		return nil, err
	}
	return costScoreArgs(shipped)
}

// leaveOutUnfit leaves out pods that wait in vain for a node in the cluster too:
// neither a node that is there nor another like it admits them.
func leaveOutUnfit(w *workload.Workload, pools []pool.Pool) *workload.Workload {
	out := *w
	out.Pods, out.LeftOut = nil, slices.Clone(w.LeftOut)
	var names []string
	for i := range w.Pods {
		pod := w.Pods[i].Object
		if pod.Spec.NodeName == "" && !admitted(pod, w.Nodes, pools) {
			names = append(names, klog.KObj(pod).String())
			continue
		}
		out.Pods = append(out.Pods, w.Pods[i])
	}
	if len(names) > 0 {
		const most = 5
		list := strings.Join(names[:min(most, len(names))], ", ")
		if more := len(names) - most; more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		out.LeftOut = append(out.LeftOut, fmt.Sprintf("Pods that no node of the cluster can run, by size, labels or taints, are not simulated: %s.", list))
	}
	return &out
}

func admitted(pod *corev1.Pod, nodes []*corev1.Node, pools []pool.Pool) bool {
	request := costmodel.RequestOf(pod)
	for i := range pools {
		// An autoscaler does not buy accelerators for pods without.
		if pools[i].Admits(pod) && (len(request.Scalar) > 0 || !pools[i].HasAccelerator()) {
			return true
		}
	}
	for _, node := range nodes {
		if pool.Fits(request, costmodel.RequestOfList(node.Status.Allocatable)) && pool.Tolerates(pod, node) {
			return true
		}
	}
	return false
}

func loadConfig(file string) (*profiles.Profile, error) {
	p, err := profiles.LoadPrices(file, "")
	return p, ui.WithHint(err, "give the file that kube-scheduler gets as --config, with #schedulerName if it has several profiles")
}

// sharePrices lets a policy with CostScore see what is billed. How it goes about
// it, its own arguments say.
func sharePrices(from *config.CostScoreArgs, pools []pool.Pool) func(*config.CostScoreArgs) {
	seen := pool.Args(pools, 0)
	return func(to *config.CostScoreArgs) {
		shared := from.DeepCopy()
		to.PriceAnnotations, to.TrustAnnotations = shared.PriceAnnotations, shared.TrustAnnotations
		to.Prices, to.Adjustments, to.NodeFee = shared.Prices, shared.Adjustments, shared.NodeFee
		to.Estimate, to.MaxPriceAge = shared.Estimate, shared.MaxPriceAge
		to.Prepaid = nil
		trust := to.TrustAnnotations
		seen(to)
		to.TrustAnnotations = trust // the annotations are the cluster's own
	}
}
