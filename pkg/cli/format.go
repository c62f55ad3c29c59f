// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"math"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// Currency is that of all amounts, as an ISO 4217 code.
const Currency = "USD"

// HoursPerMonth turns prices per hour into prices per month, as the clouds'
// calculators do: 365 x 24 / 12.
const HoursPerMonth = 730

// hourly is a price with four decimals, "<unknown>" for nil.
func hourly(microDollars *int64) string {
	if microDollars == nil {
		return ui.Unknown
	}
	return strings.TrimSuffix(pricing.Money(*microDollars).String(), "/h")
}

// fine is an amount with six decimals, for costs of small pods.
func fine(microDollars *int64) string {
	if microDollars == nil {
		return ui.Unknown
	}
	sign, v := "", *microDollars
	if v < 0 {
		sign, v = "-", -v
	}
	return fmt.Sprintf("%s$%d.%06d", sign, v/1_000_000, v%1_000_000)
}

// monthly is an amount in dollars and cents.
func monthly(microDollars int64) string {
	cents := (microDollars + 5_000) / 10_000
	return fmt.Sprintf("$%d.%02d", cents/100, cents%100)
}

// percent is a share without decimals.
func percent(share float64) string { return fmt.Sprintf("%.0f%%", share*100) }

// maxMicroDollars leaves room for rounding to cents.
const maxMicroDollars = math.MaxInt64 - 1<<20

// microDollars rounds dollars. Sums of nodes that nobody has are cut to what an
// integer holds.
func microDollars(dollars float64) int64 {
	micro := math.Round(dollars * 1e6)
	if math.Abs(micro) < maxMicroDollars {
		return int64(micro)
	}
	return int64(math.Copysign(1, micro)) * maxMicroDollars
}

// round4 keeps four decimals of a share.
func round4(share float64) float64 { return math.Round(share*1e4) / 1e4 }

// capacity says how a node is bought, in one word.
func capacity(capacityType string, prepaid bool) string {
	if capacityType == string(pricing.CapacityTypeUnknown) || capacityType == "" {
		capacityType = ui.Unknown
	}
	if prepaid {
		capacityType += ",prepaid"
	}
	return capacityType
}

// age is for how long the price is true, as kubectl writes ages.
func age(asOf *time.Time, stale bool, now time.Time) string {
	if asOf == nil {
		return ui.None
	}
	a := duration.HumanDuration(max(0, now.Sub(*asOf)))
	if stale {
		a += ",stale"
	}
	return a
}

func orNone(s string) string {
	if s == "" {
		return ui.None
	}
	return s
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
