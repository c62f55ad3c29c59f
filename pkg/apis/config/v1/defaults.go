// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

func addDefaultingFuncs(scheme *runtime.Scheme) error {
	return RegisterDefaults(scheme)
}

// SetDefaults_CostScoreArgs fills in what the configuration leaves out.
func SetDefaults_CostScoreArgs(obj *CostScoreArgs) {
	if obj.Strategy == "" {
		obj.Strategy = config.StrategyDominantShare
	}
	if obj.AgeExponent == nil {
		obj.AgeExponent = ptr.To(config.DefaultAgeExponent)
	}
	if obj.Search == "" {
		obj.Search = config.SearchIndex
	}
	// An explicit [] turns the extra annotations off and is kept.
	if obj.PriceAnnotations == nil {
		obj.PriceAnnotations = slices.Clone(config.DefaultPriceAnnotations)
	}
	if obj.Estimate == nil {
		obj.Estimate = ptr.To(config.DefaultEstimate)
	}
	if obj.NodeFee == "" {
		obj.NodeFee = config.DefaultNodeFee
	}
}

// SetDefaults_CertGateArgs fills in what the configuration leaves out.
func SetDefaults_CertGateArgs(obj *CertGateArgs) {
	if obj.Source == "" {
		obj.Source = config.SourceSecrets
	}
	// An explicit [] exempts nobody and is kept.
	if obj.ExemptNamespaces == nil {
		obj.ExemptNamespaces = slices.Clone(declare.DefaultExemptNamespaces)
	}
	if obj.ExemptPriorityClasses == nil {
		obj.ExemptPriorityClasses = slices.Clone(declare.DefaultExemptPriorityClasses)
	}
}
