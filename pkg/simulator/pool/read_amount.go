// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"errors"
	"regexp"

	"k8s.io/apimachinery/pkg/api/resource"
)

// hugeExponent is what resource.Quantity takes for ever to read, such as
// 1e999999999.
var hugeExponent = regexp.MustCompile(`[eE][+-]?[0-9]{4,}`)

// parseAmount reads an amount of a resource, from 0 to maxAmount.
func parseAmount(text string) (resource.Quantity, error) {
	if hugeExponent.MatchString(text) {
		return resource.Quantity{}, errors.New("the exponent is too large")
	}
	q, err := resource.ParseQuantity(text)
	if err == nil && (q.Sign() < 0 || q.Cmp(maxAmount) > 0) {
		err = errors.New("the amount is out of range")
	}
	return q, err
}
