// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// maxCount is the most nodes that a pool can be said to have: their prices add
// up to less than 63 bits.
const maxCount = 1_000_000

// maxAmount keeps amounts and their thousandths within 63 bits.
var maxAmount = resource.MustParse("4Pi")

// hugeExponent is what resource.Quantity takes for ever to read, such as
// 1e999999999.
var hugeExponent = regexp.MustCompile(`[eE][+-]?[0-9]{4,}`)

// What is wanted, for errors.
var (
	errCount  = fmt.Errorf("a whole number from 0 to %d", maxCount)
	errAmount = errors.New("an amount such as 4, 500m or 16Gi, at most 4Pi")
	errCPU    = errors.New("cores in steps of 1m, such as 4 or 500m")
	errWhole  = errors.New("a whole number such as 2 or 16Gi")
)

// parseCount reads a number of nodes; "" is 0.
func parseCount(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxCount {
		return 0, errCount
	}
	return n, nil
}

// parseAmount reads an amount of a resource, from 0 to maxAmount. Schedulers
// round up to thousandths of cores, and to whole bytes and pieces: there is no
// half GPU.
func parseAmount(name corev1.ResourceName, text string) (resource.Quantity, error) {
	if hugeExponent.MatchString(text) {
		return resource.Quantity{}, errAmount
	}
	q, err := resource.ParseQuantity(text)
	if err != nil || q.Sign() < 0 || q.Cmp(maxAmount) > 0 {
		return resource.Quantity{}, errAmount
	}
	scale, fraction := resource.Scale(0), errWhole
	if name == corev1.ResourceCPU {
		scale, fraction = resource.Milli, errCPU
	}
	if rounded := q.DeepCopy(); !rounded.RoundUp(scale) {
		return resource.Quantity{}, fraction
	}
	return q, nil
}
