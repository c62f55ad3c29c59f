// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"time"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
)

// prepaidHours is the key of NodeHours for nodes within a pool's Prepaid.
const prepaidHours = "prepaid"

// bill sums up what nodes cost.
type bill struct {
	pools   []account
	changed map[int]pricing.Money // prices since they changed
	endAt   time.Duration
}

// account is the bill of one pool.
type account struct {
	*pool.Pool
	price pricing.Money
	live  int
	since time.Duration

	dollars       float64
	paid, prepaid float64       // node-hours
	lastLive      int           // just before endAt
	lastPrice     pricing.Money // just before endAt
}

func newBill(pools []pool.Pool) bill {
	b := bill{pools: make([]account, len(pools)), changed: map[int]pricing.Money{}}
	for i := range pools {
		b.pools[i] = account{Pool: &pools[i], price: pools[i].Price, lastPrice: pools[i].Price}
	}
	return b
}

// add changes the number of live nodes.
func (b *bill) add(i int, now time.Duration, nodes int) {
	a := &b.pools[i]
	a.settle(now)
	a.live += nodes
	if now < b.endAt || b.endAt == 0 {
		a.lastLive = a.live
	}
}

func (b *bill) setPrice(i int, now time.Duration, price pricing.Money) {
	a := &b.pools[i]
	a.settle(now)
	a.price = price
	b.changed[i] = price
	if now < b.endAt {
		a.lastPrice = price
	}
}

// settle sums up until now.
func (a *account) settle(now time.Duration) {
	hours := (now - a.since).Hours()
	a.since = now
	free := min(a.live, a.Prepaid)
	a.prepaid += hours * float64(free)
	a.paid += hours * float64(a.live-free)
	a.dollars += a.price.Dollars() * hours * float64(a.live-free)
}

// finish writes the bill into r. Prepaid nodes are owed for the duration of the
// workload, used or not.
func (b *bill) finish(now, duration time.Duration, r *Result) {
	r.NodeHours = map[string]float64{}
	for i := range b.pools {
		a := &b.pools[i]
		a.settle(now)
		owed := a.Price.Dollars() * duration.Hours() * float64(a.Prepaid)
		r.Dollars += a.dollars + owed
		r.PrepaidDollars += owed
		r.EndDollarsPerHour += a.lastPrice.Dollars()*float64(max(0, a.lastLive-a.Prepaid)) + a.Price.Dollars()*float64(a.Prepaid)
		if a.paid > 0 {
			r.NodeHours[string(a.CapacityType)] += a.paid
		}
		if a.prepaid > 0 {
			r.NodeHours[prepaidHours] += a.prepaid
		}
	}
}
