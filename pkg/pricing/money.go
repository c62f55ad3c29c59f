// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"errors"
	"fmt"
	"strings"
)

// Money is a price in micro-dollars (US) per hour. Integers keep what floats
// and whole dollars lose: $0.096 is 96000.
type Money int64

// MaxMoney is the largest price that is accepted, $1,000,000 per hour.
const MaxMoney Money = 1_000_000 * Dollar

// Dollar is one US dollar per hour.
const Dollar Money = 1_000_000

// Dollars returns the price in dollars per hour.
func (m Money) Dollars() float64 { return float64(m) / float64(Dollar) }

// String returns the price with four decimals, rounded half away from zero:
// "$0.0960/h".
func (m Money) String() string {
	sign, v := "", uint64(m)
	if m < 0 {
		sign, v = "-", -uint64(m)
	}
	v = (v + 50) / 100
	return fmt.Sprintf("%s$%d.%04d/h", sign, v/10_000, v%10_000)
}

// ParseMoney reads dollars per hour in plain decimal notation, such as "0.096"
// or "$0.096", and rounds half up to a micro-dollar. It refuses everything
// else: signs, exponents, separators, NaN, infinities, and what rounds to more
// than MaxMoney.
func ParseMoney(s string) (Money, error) {
	digits := strings.TrimPrefix(strings.TrimSpace(s), "$")
	if digits == "" {
		return 0, errors.New("it is empty, want dollars per hour such as 0.096")
	}
	micros, err := parseMicros(digits)
	switch {
	case errors.Is(err, errTooLarge):
		return 0, fmt.Errorf("it is above the maximum of $%d per hour", MaxMoney/Dollar)
	case errors.Is(err, errNoDigits):
		return 0, errors.New("it has no digits, want dollars per hour such as 0.096")
	case err != nil:
		return 0, errors.New("it is not a plain decimal number of dollars per hour such as 0.096")
	}
	return Money(micros), nil
}

const (
	micro     = int64(Dollar)
	maxMicros = int64(MaxMoney)
)

var (
	errNoDigits = errors.New("no digits")
	errNoNumber = errors.New("not a plain decimal number")
	errTooLarge = errors.New("too large")
)

// parseMicros reads an unsigned plain decimal number of at most a million, and
// returns it in millionths, rounded half up.
func parseMicros(digits string) (int64, error) {
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "" && fraction == "" {
		return 0, errNoDigits
	}
	if !allDigits(whole) || !allDigits(fraction) {
		return 0, errNoNumber
	}
	var m int64
	for _, d := range []byte(whole) {
		if m = m*10 + int64(d-'0'); m > maxMicros/micro {
			return 0, errTooLarge
		}
	}
	for i := range 6 {
		m *= 10
		if i < len(fraction) {
			m += int64(fraction[i] - '0')
		}
	}
	if len(fraction) > 6 && fraction[6] >= '5' {
		m++
	}
	if m > maxMicros {
		return 0, errTooLarge
	}
	return m, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
