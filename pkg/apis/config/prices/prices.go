// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package prices turns the arguments of CostScore that are about prices into
// what package pricing works with, so that the plugin, the command line and
// the simulator price a node alike.
package prices

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// OptionsOf returns the options of args, internal and not necessarily
// defaulted. It stops at the first fault; package validation reports all.
func OptionsOf(args *config.CostScoreArgs) (pricing.Options, error) {
	o := pricing.Options{
		Annotations:      args.PriceAnnotations,
		TrustAnnotations: args.TrustAnnotations,
		Estimate:         ptr.Deref(args.Estimate, config.DefaultEstimate),
		MaxAge:           args.MaxPriceAge.Duration,
	}
	for i := range args.Prices {
		rule, err := ruleOf(&args.Prices[i])
		if err != nil {
			return pricing.Options{}, fmt.Errorf("reading prices[%d]: %w", i, err)
		}
		o.Rules = append(o.Rules, rule)
	}
	for i := range args.Adjustments {
		adjustment, err := adjustmentOf(&args.Adjustments[i])
		if err != nil {
			return pricing.Options{}, fmt.Errorf("reading adjustments[%d]: %w", i, err)
		}
		o.Adjustments = append(o.Adjustments, adjustment)
	}
	for i := range args.Prepaid {
		selector, err := selectorOf(&args.Prepaid[i].NodeSelector)
		if err != nil {
			return pricing.Options{}, fmt.Errorf("reading prepaid[%d]: %w", i, err)
		}
		o.Prepaid = append(o.Prepaid, pricing.PrepaidRule{Selector: selector, Count: int(args.Prepaid[i].Count)})
	}
	if args.NodeFee != "" {
		fee, err := pricing.ParseMoney(args.NodeFee)
		if err != nil {
			return pricing.Options{}, fmt.Errorf("reading nodeFee %q: %w", args.NodeFee, err)
		}
		o.NodeFee = fee
	}
	return o, nil
}

func ruleOf(p *config.NodePrice) (pricing.Rule, error) {
	selector, err := selectorOf(&p.NodeSelector)
	if err != nil {
		return pricing.Rule{}, err
	}
	perHour, err := pricing.ParseMoney(p.HourlyPrice)
	if err != nil {
		return pricing.Rule{}, fmt.Errorf("reading hourlyPrice %q: %w", p.HourlyPrice, err)
	}
	return pricing.Rule{Selector: selector, PerHour: perHour}, nil
}

func adjustmentOf(a *config.PriceAdjustment) (pricing.Adjustment, error) {
	selector, err := selectorOf(&a.NodeSelector)
	if err != nil {
		return pricing.Adjustment{}, err
	}
	adjustment, err := pricing.ParseAdjustment(a.Adjustment)
	if err != nil {
		return pricing.Adjustment{}, fmt.Errorf("reading adjustment %q: %w", a.Adjustment, err)
	}
	adjustment.Selector = selector
	return adjustment, nil
}

func selectorOf(s *metav1.LabelSelector) (labels.Selector, error) {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return nil, fmt.Errorf("reading nodeSelector: %w", err)
	}
	return selector, nil
}
