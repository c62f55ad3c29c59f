// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// Worths, and all rates that follow from them, are integers in units of 1e-12
// dollars per hour; amounts are rates x nanoseconds.
var (
	perMicroDollar = big.NewInt(1e6)
	perDollar      = big.NewInt(1e12)
	perHour        = big.NewInt(3600e9)
)

// maxTime bounds all times of a certificate, so that sums of a few fit an int64.
const maxTime = int64(1) << 60

// Verify reads a certificate, gzipped or not, and returns the highest dollars
// that its proofs prove. It works each of them out anew, in exact arithmetic,
// from the workload, the pools and the weights; it fails if one does not prove
// the dollars that it states. Whether workload and pools are those that are
// meant, Matches says.
func Verify(r io.Reader) (*big.Rat, error) {
	c, err := Read(r)
	if err != nil {
		return nil, err
	}
	return c.verify()
}

// Read reads a certificate, gzipped or not, and does not check it.
func Read(r io.Reader) (*Certificate, error) {
	in := bufio.NewReader(r)
	var from io.Reader = in
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		if from, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("reading certificate: %w", err)
		}
	}
	var c Certificate
	d := json.NewDecoder(from)
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("reading certificate: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading certificate: something follows it, or it is cut short")
	}
	return &c, nil
}

func (c *Certificate) verify() (*big.Rat, error) {
	if c.Format != Format || len(c.Proofs) == 0 {
		return nil, fmt.Errorf("checking certificate: format is %q, want %q and at least one proof", c.Format, Format)
	}
	if err := c.wellFormedData(); err != nil {
		return nil, fmt.Errorf("checking certificate: %w", err)
	}
	best := new(big.Rat)
	for i := range c.Proofs {
		p := &c.Proofs[i]
		dollars, err := c.prove(p)
		if err != nil {
			return nil, fmt.Errorf("checking proof %q: %w", p.Name, err)
		}
		if got := decimal(dollars); got != p.Dollars {
			return nil, fmt.Errorf("checking proof %q: it states $%q and proves $%s", p.Name, p.Dollars, got)
		}
		if i == 0 || dollars.Cmp(best) > 0 {
			best = dollars
		}
	}
	return best, nil
}

// decimal rounds dollars down to six decimals.
func decimal(dollars *big.Rat) string {
	n := new(big.Int).Mul(dollars.Num(), perMicroDollar)
	return new(big.Rat).SetFrac(n.Div(n, dollars.Denom()), perMicroDollar).FloatString(6)
}

// prove returns what a proof proves: the formulas of the package comment.
func (c *Certificate) prove(p *Proof) (*big.Rat, error) {
	duals := make([]rates, len(p.Duals))
	for d := range p.Duals {
		var err error
		if duals[d], err = c.rates(p.Duals[d], p.Assumes == AssumesNothing); err != nil {
			return nil, fmt.Errorf("dual %d: %w", d, err)
		}
	}
	sum := c.sunk()
	switch p.Assumes {
	case AssumesNothing:
		if len(duals) != 1 || len(p.Windows) > 0 {
			return nil, errors.New("a proof that assumes nothing has one dual and no windows")
		}
		for j, class := range c.Classes {
			for _, pod := range class.Pods {
				addProduct(sum, duals[0].pods[j], pod[1])
			}
		}
	case AssumesMaxWait, AssumesLifecycle:
		if c.World.MaxWait <= 0 || p.Assumes == AssumesLifecycle && c.World.Evictions {
			return nil, errors.New("it assumes what the world of the certificate does not grant")
		}
		if err := c.checkWindows(p); err != nil {
			return nil, err
		}
		sum.Add(sum, c.work(p, duals))
		sum.Add(sum, c.excess(p, duals))
	default:
		return nil, fmt.Errorf("%q is no assumption", p.Assumes)
	}
	return new(big.Rat).SetFrac(sum, new(big.Int).Mul(perDollar, perHour)), nil
}

// sunk is what prepaid nodes cost in any case.
func (c *Certificate) sunk() *big.Int {
	sum := new(big.Int)
	for _, k := range c.Pools {
		rate := new(big.Int).Mul(big.NewInt(k.Price), big.NewInt(k.Prepaid))
		addProduct(sum, rate.Mul(rate, perMicroDollar), c.duration())
	}
	return sum
}

// duration is when the last pod would end if none ever waited.
func (c *Certificate) duration() int64 {
	var end int64
	for _, class := range c.Classes {
		for _, pod := range class.Pods {
			end = max(end, pod[0]+pod[1])
		}
	}
	return end
}

// addProduct adds rate x time to sum.
func addProduct(sum, rate *big.Int, time int64) {
	if rate.Sign() != 0 {
		sum.Add(sum, new(big.Int).Mul(rate, big.NewInt(time)))
	}
}
