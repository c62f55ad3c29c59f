// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// maxPrepaid is more nodes than a cluster of Kubernetes can have.
const maxPrepaid = 1_000_000

// validatePrices checks the arguments that are about prices.
func validatePrices(path *field.Path, args *config.CostScoreArgs) field.ErrorList {
	var errs field.ErrorList
	for i := range args.Prices {
		at, p := path.Child("prices").Index(i), &args.Prices[i]
		errs = append(errs, validateSelector(at, &p.NodeSelector)...)
		if p.HourlyPrice == "" {
			errs = append(errs, field.Required(at.Child("hourlyPrice"), `want dollars per hour such as "0.45"`))
		} else if _, err := pricing.ParseMoney(p.HourlyPrice); err != nil {
			errs = append(errs, field.Invalid(at.Child("hourlyPrice"), p.HourlyPrice, err.Error()))
		}
	}
	for i := range args.Adjustments {
		at, a := path.Child("adjustments").Index(i), &args.Adjustments[i]
		errs = append(errs, validateSelector(at, &a.NodeSelector)...)
		if a.Adjustment == "" {
			errs = append(errs, field.Required(at.Child("adjustment"), `want a change such as "-10%" or "+0.05"`))
		} else if _, err := pricing.ParseAdjustment(a.Adjustment); err != nil {
			errs = append(errs, field.Invalid(at.Child("adjustment"), a.Adjustment, err.Error()))
		}
	}
	if args.NodeFee != "" {
		if _, err := pricing.ParseMoney(args.NodeFee); err != nil {
			errs = append(errs, field.Invalid(path.Child("nodeFee"), args.NodeFee, err.Error()))
		}
	}
	for i := range args.Prepaid {
		at, p := path.Child("prepaid").Index(i), &args.Prepaid[i]
		errs = append(errs, validateSelector(at, &p.NodeSelector)...)
		if p.Count < 1 || p.Count > maxPrepaid {
			errs = append(errs, field.Invalid(at.Child("count"), p.Count, "must be between 1 and 1000000"))
		}
	}
	if d := args.MaxPriceAge.Duration; d < 0 {
		errs = append(errs, field.Invalid(path.Child("maxPriceAge"), d.String(), "must not be negative; 0 means that no price is ever stale"))
	}
	return errs
}

func validateSelector(path *field.Path, s *metav1.LabelSelector) field.ErrorList {
	return metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, path.Child("nodeSelector"))
}
