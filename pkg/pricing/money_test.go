// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseMoney(t *testing.T) {
	accepted := map[string]Money{
		"0.096":                96_000,
		"$0.096":               96_000,
		" 0.096\n":             96_000,
		"1.5":                  1_500_000,
		"0":                    0,
		"7":                    7_000_000,
		"7.":                   7_000_000,
		".5":                   500_000,
		"0007.10":              7_100_000,
		"0.0000004":            0,
		"0.0000005":            1,
		"0.1234565":            123_457,
		"0.12345649999999":     123_456,
		"0.9999999":            1_000_000,
		"999999.999999":        999_999_999_999,
		"999999.9999999":       MaxMoney,
		"1000000":              MaxMoney,
		"1000000.000000000000": MaxMoney,
	}
	for in, want := range accepted {
		if got, err := ParseMoney(in); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d, %v, want %d", in, got, err, want)
		}
	}

	refused := []string{
		"", " ", "$", ".", "$.", "abc", "-1", "+1", "-0", "$-1", "1e400", "1e-1", "NaN", "Inf", "-Inf", "0x10", "1_000", "1,5",
		"1 2", "$$1", "1$", "1.2.3", "٣", "1000000.000001", "1000000.0000005", "1000001", strings.Repeat("9", 400), "0.1\x00",
	}
	for _, in := range refused {
		if got, err := ParseMoney(in); err == nil {
			t.Errorf("ParseMoney(%q) = %d, want an error", in, got)
		}
	}
}

func TestMoneyString(t *testing.T) {
	for m, want := range map[Money]string{
		96_000:        "$0.0960/h",
		0:             "$0.0000/h",
		49:            "$0.0000/h",
		50:            "$0.0001/h",
		1_234_567_890: "$1234.5679/h",
		-96_050:       "-$0.0961/h",
		MaxMoney:      "$1000000.0000/h",
	} {
		if got := m.String(); got != want {
			t.Errorf("Money(%d).String() = %q, want %q", int64(m), got, want)
		}
	}
}

// Every amount that fits comes back from its own notation.
func TestParseMoneyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Money(rapid.Int64Range(0, int64(MaxMoney)).Draw(t, "money"))
		text := new(big.Rat).SetFrac64(int64(want), int64(Dollar)).FloatString(6)
		if got, err := ParseMoney(text); err != nil || got != want {
			t.Fatalf("ParseMoney(%q) = %d, %v, want %d", text, got, err, want)
		}
	})
}

// FuzzParseMoney compares with exact rational arithmetic.
func FuzzParseMoney(f *testing.F) {
	for _, seed := range []string{"0.096", "$0.096", "1.5", "", "-1", "1e400", "NaN", ".", "999999.9999995", "1000000.0000001", "0.0000005"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseMoney(s)
		if err != nil {
			if got != 0 {
				t.Fatalf("ParseMoney(%q) = %d beside the error %v", s, got, err)
			}
			return
		}
		if got < 0 || got > MaxMoney {
			t.Fatalf("ParseMoney(%q) = %d is out of range", s, got)
		}
		if len(s) > 1000 {
			return
		}
		r, ok := new(big.Rat).SetString(strings.TrimPrefix(strings.TrimSpace(s), "$"))
		if !ok {
			t.Fatalf("ParseMoney(%q) = %d, which is not a number", s, got)
		}
		// |got - micro| <= 1/2, half up.
		micro := r.Mul(r, big.NewRat(int64(Dollar), 1))
		diff := new(big.Rat).Sub(new(big.Rat).SetInt64(int64(got)), micro)
		if half := big.NewRat(1, 2); diff.Cmp(half) > 0 || diff.Cmp(new(big.Rat).Neg(half)) <= 0 {
			t.Fatalf("ParseMoney(%q) = %d micro-dollars, off by %s", s, got, diff.FloatString(9))
		}
	})
}
