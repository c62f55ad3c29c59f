// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// Annotations by which a pod limits where it runs.
const (
	// MaxHourlyPriceAnnotation is the highest price, in dollars per hour, that
	// a node may have: "0.25".
	MaxHourlyPriceAnnotation = "tollgate.dev/max-hourly-price"
	// SpotAnnotation is "never" for a pod that must not run on spot capacity,
	// and "only" for one that must not run on any other.
	SpotAnnotation = "tollgate.dev/spot"

	spotNever = "never"
	spotOnly  = "only"
)

// Reasons why a node is rejected. They read after a count of nodes and never
// vary, so that the scheduler can sum them up.
const (
	// ErrReasonPriceTooHigh is used when the node costs more than the limit.
	ErrReasonPriceTooHigh = "node(s) cost more than the pod's " + MaxHourlyPriceAnnotation
	// ErrReasonPriceUnknown is used when the node has no price to compare.
	ErrReasonPriceUnknown = "node(s) had no known price to compare with the pod's " + MaxHourlyPriceAnnotation
	// ErrReasonSpot is used when the node is spot and the pod excludes that.
	ErrReasonSpot = "node(s) were spot capacity, which the pod's " + SpotAnnotation + " excludes"
	// ErrReasonNotSpot is used when the node is not spot and the pod wants that.
	ErrReasonNotSpot = "node(s) weren't spot capacity, which the pod's " + SpotAnnotation + " requires"
	// ErrReasonCapacityTypeUnknown is used when the node says neither.
	ErrReasonCapacityTypeUnknown = "node(s) had no known capacity type to compare with the pod's " + SpotAnnotation
)

const preFilterStateKey = "PreFilter" + Name

// limits are what a pod says about the price of its node.
type limits struct {
	maxPrice *pricing.Money // nil: no limit
	spot     string         // "", spotNever or spotOnly
}

// Clone implements fwk.StateData; limits are never written to again.
func (l *limits) Clone() fwk.StateData {
	return l
}

func (l *limits) none() bool {
	return l.maxPrice == nil && l.spot == ""
}

// limitsOf reads the pod's limits. The error names every annotation that
// cannot be read, and says what it should look like.
func limitsOf(pod *v1.Pod) (limits, error) {
	var l limits
	var errs []error
	if value, ok := pod.Annotations[MaxHourlyPriceAnnotation]; ok {
		price, err := pricing.ParseMoney(value)
		if err != nil {
			errs = append(errs, fmt.Errorf("reading annotation %s %q: %w", MaxHourlyPriceAnnotation, value, err))
		}
		l.maxPrice = &price
	}
	if value, ok := pod.Annotations[SpotAnnotation]; ok {
		if value != spotNever && value != spotOnly {
			errs = append(errs, fmt.Errorf("reading annotation %s %q: it is neither %q nor %q", SpotAnnotation, value, spotNever, spotOnly))
		}
		l.spot = value
	}
	return l, utilerrors.NewAggregate(errs)
}

// readLimits reads the pod again where a profile left PreFilter out.
func readLimits(state fwk.CycleState, pod *v1.Pod) (*limits, error) {
	data, err := state.Read(preFilterStateKey)
	if err != nil {
		l, err := limitsOf(pod)
		return &l, err
	}
	l, ok := data.(*limits)
	if !ok {
		return nil, fmt.Errorf("reading %q from cycleState: want *limits, got %T", preFilterStateKey, data)
	}
	return l, nil
}

// reject returns why a node of this price is none for the pod, "" if it is
// one. An estimated price counts as a price.
func (l *limits) reject(price pricing.Price) string {
	if l.maxPrice != nil {
		if !price.Known() {
			return ErrReasonPriceUnknown
		}
		if price.PerHour > *l.maxPrice {
			return ErrReasonPriceTooHigh
		}
	}
	if l.spot != "" {
		switch price.CapacityType {
		case pricing.CapacityTypeSpot:
			if l.spot == spotNever {
				return ErrReasonSpot
			}
		case pricing.CapacityTypeOnDemand:
			if l.spot == spotOnly {
				return ErrReasonNotSpot
			}
		default:
			return ErrReasonCapacityTypeUnknown
		}
	}
	return ""
}
