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
	if args.Search != "" {
		errs = append(errs, validateChoice(path.Child("search"), args.Search, config.Searches)...)
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
	errs := validateChoice(path.Child("source"), args.Source, config.Sources)
	namespaces := path.Child("namespaces")
	if len(args.Namespaces) > 0 && args.Source == config.SourcePodCondition {
		errs = append(errs, field.Forbidden(namespaces, "source PodCondition reads no Secrets; leave it out, or set source: Secrets"))
	}
	errs = append(errs, validateSet(namespaces, args.Namespaces, utilvalidation.IsDNS1123Label)...)
	errs = append(errs, validateSet(path.Child("exemptNamespaces"), args.ExemptNamespaces, utilvalidation.IsDNS1123Label)...)
	errs = append(errs, validateSet(path.Child("exemptPriorityClasses"), args.ExemptPriorityClasses, utilvalidation.IsDNS1123Subdomain)...)
	return errs.ToAggregate()
}

// validateSet wants every name to be valid and to occur once.
func validateSet(path *field.Path, names []string, check func(string) []string) field.ErrorList {
	var errs field.ErrorList
	for i, name := range names {
		for _, fault := range check(name) {
			errs = append(errs, field.Invalid(path.Index(i), name, fault))
		}
		if slices.Contains(names[:i], name) {
			errs = append(errs, field.Duplicate(path.Index(i), name))
		}
	}
	return errs
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
