// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package validation checks the arguments of Tollgate's plugins.
package validation

import (
	"slices"

	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
)

// maxAgeExponent is where the age of a node outweighs its price: at 1, a node
// with pods an hour old counts a thirteenth of its price.
const maxAgeExponent = 1

// ValidateCostScoreArgs returns all faults of args. path may be nil.
func ValidateCostScoreArgs(path *field.Path, args *config.CostScoreArgs) error {
	errs := validateChoice(path.Child("strategy"), args.Strategy, config.Strategies)
	if e := args.AgeExponent; e != nil && !(*e >= 0 && *e <= maxAgeExponent) {
		errs = append(errs, field.Invalid(path.Child("ageExponent"), *e, "must be between 0 (age does not count) and 1"))
	}
	annotations := path.Child("priceAnnotations")
	for i, key := range args.PriceAnnotations {
		for _, fault := range utilvalidation.IsQualifiedName(key) {
			errs = append(errs, field.Invalid(annotations.Index(i), key, fault))
		}
		if slices.Contains(args.PriceAnnotations[:i], key) {
			errs = append(errs, field.Duplicate(annotations.Index(i), key))
		}
	}
	errs = append(errs, validatePrices(path, args)...)
	return errs.ToAggregate()
}

// ValidateCertGateArgs returns all faults of args. path may be nil.
func ValidateCertGateArgs(path *field.Path, args *config.CertGateArgs) error {
	return validateChoice(path.Child("source"), args.Source, config.Sources).ToAggregate()
}

// validateChoice wants value to be one of valid, and if it is not, says which
// one was probably meant.
func validateChoice(path *field.Path, value string, valid []string) field.ErrorList {
	if slices.Contains(valid, value) {
		return nil
	}
	err := field.NotSupported(path, value, valid)
	if nearest := hint.Nearest(value, valid); nearest != "" {
		err.Detail += "; did you mean \"" + nearest + "\"?"
	}
	return field.ErrorList{err}
}
