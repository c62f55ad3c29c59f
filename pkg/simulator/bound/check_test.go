// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
)

func TestFunctionsAreDualFeasible(t *testing.T) {
	whole := big.NewInt(1e12)
	rapid.Check(t, func(t *rapid.T) {
		node := rapid.Int64Range(1, 400).Draw(t, "node")
		q := rapid.Int64Range(0, maxSteps+3).Draw(t, "q")
		sum := new(big.Int)
		for left := node; left > 0; {
			r := rapid.Int64Range(1, left).Draw(t, "request")
			left -= r
			u := charge(whole, r, node, q)
			sum.Add(sum, u)
			if got, _ := u.Float64(); got/1e12-shareOf(r, node, q) > 1e-9 || got/1e12-shareOf(r, node, q) < -1e-9 {
				t.Fatalf("u(%d)(%d/%d) is %v exactly and %v in floats", q, r, node, got/1e12, shareOf(r, node, q))
			}
		}
		if sum.Cmp(whole) > 0 {
			t.Fatalf("what fits on a node is charged %v of 1e12", sum)
		}
	})
}

func TestDilate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var steps []step
		at := int64(0)
		for range rapid.IntRange(1, 8).Draw(t, "n") {
			steps = append(steps, step{at, big.NewInt(rapid.Int64Range(0, 5).Draw(t, "value"))})
			at += rapid.Int64Range(1, 6).Draw(t, "length")
		}
		steps = append(steps, step{at, new(big.Int)})
		before, after := rapid.Int64Range(0, 7).Draw(t, "before"), rapid.Int64Range(0, 7).Draw(t, "after")
		value := func(steps []step, at int64) int64 {
			v := int64(0)
			for _, s := range steps {
				if s.at <= at {
					v = s.value.Int64()
				}
			}
			return v
		}
		wide := dilate(steps, before, after)
		for now := int64(-10); now < at+10; now++ {
			want := int64(0)
			for other := now - after; other <= now+before; other++ {
				want = max(want, value(steps, other))
			}
			if got := value(wide, now); got != want {
				t.Fatalf("at %d it is %d, want %d", now, got, want)
			}
		}
	})
}

// With the same weights, pods that request more are never charged less, nor is
// the bound lower where there are more resources to weigh.
func TestChargesGrowWithRequests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, pools := genWork(t, 5), []pool.Pool{cores("a", 8, pricing.Dollar), cores("b", 16, 3*pricing.Dollar/2)}
		c := mustCompute(t, w, pools, Options{Steps: 100})
		before := mustVerify(t, c)
		for j := range c.Classes {
			c.Classes[j].Requests[rapid.IntRange(0, 1).Draw(t, "resource")] += rapid.Int64Range(0, 1<<33).Draw(t, "more")
		}
		c.Resources = append(c.Resources, "example.com/new")
		for k := range c.Pools {
			c.Pools[k].Allocatable = append(c.Pools[k].Allocatable, 1)
		}
		for j := range c.Classes {
			c.Classes[j].Requests = append(c.Classes[j].Requests, 1)
		}
		best := new(big.Rat)
		for i := range c.Proofs {
			dollars, err := c.prove(&c.Proofs[i])
			if err != nil {
				t.Fatal(err)
			}
			if dollars.Cmp(best) > 0 {
				best = dollars
			}
		}
		if best.Cmp(before) < 0 {
			t.Fatalf("the bound falls from $%s to $%s", before.FloatString(6), best.FloatString(6))
		}
	})
}

func TestTampering(t *testing.T) {
	spot := cores("spot", 4, pricing.Dollar/4)
	spot.MaxNodes, spot.Prepaid = 2, 1
	w := work(run(1500, 9000, 0, time.Hour), run(1500, 100, 10*time.Minute, 3*time.Hour), run(4000, 100, 5*time.Hour, time.Hour))
	pools := []pool.Pool{spot, cores("a", 4, pricing.Dollar)}
	c := mustCompute(t, w, pools, Options{MaxWait: time.Minute, Boot: time.Minute, EmptyDelay: 10 * time.Minute, Windows: 3, Duals: 2})
	honest := mustVerify(t, c)
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	clean, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(clean)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	fields := 0
	tamper(tree, "", func(path string, root any) {
		fields++
		changed, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		dollars, err := Verify(bytes.NewReader(changed))
		if err != nil {
			return
		}
		forged, err := Read(bytes.NewReader(changed))
		if err != nil {
			t.Fatal(err)
		}
		if forged.World != clean.World || Matches(forged, w, pools) != nil {
			return
		}
		// Another way to prove the same dollars is no forgery.
		if strings.HasSuffix(path, "dollars") || dollars.Cmp(new(big.Rat).Add(honest, big.NewRat(1, 1e6))) > 0 {
			t.Errorf("%s changed, and the certificate proves $%s instead of $%s", path, dollars.FloatString(6), honest.FloatString(6))
		}
	}, tree)
	if fields < 100 {
		t.Errorf("only %d fields were changed", fields)
	}
}

// tamper calls check with one leaf changed at a time, up and down.
func tamper(node any, path string, check func(string, any), root any) {
	change := func(at string, v any, set func(any)) {
		switch v := v.(type) {
		case json.Number:
			n, _ := new(big.Int).SetString(string(v), 10)
			for _, by := range []int64{-1, 1} {
				set(json.Number(new(big.Int).Add(n, big.NewInt(by)).String()))
				check(at, root)
			}
		case string:
			for _, other := range []string{"9" + v, "1e3", "-1", ""} {
				set(other)
				check(at, root)
			}
		case bool:
			set(!v)
			check(at, root)
		default:
			tamper(v, at, check, root)
		}
		set(v)
	}
	switch node := node.(type) {
	case map[string]any:
		for key, v := range node {
			change(path+"."+key, v, func(v any) { node[key] = v })
		}
	case []any:
		for i, v := range node {
			change(fmt.Sprintf("%s[%d]", path, i), v, func(v any) { node[i] = v })
		}
	}
}

// Work that may move to windows in which it counts less, counts less.
func TestWorkThatMoves(t *testing.T) {
	one := rates{pods: []*big.Int{big.NewInt(1)}, penalty: new(big.Int)}
	two := rates{pods: []*big.Int{big.NewInt(2)}, penalty: big.NewInt(1)}
	for _, test := range []struct {
		name    string
		wait    int64
		pod     [2]int64
		windows []Window
		want    int64
	}{
		{"one window", 5, [2]int64{0, 20}, []Window{{0, 0}}, 20},
		{"to a window without dual", 5, [2]int64{0, 20}, []Window{{0, 0}, {20, -1}}, 15},
		{"past a window", 5, [2]int64{0, 20}, []Window{{0, 0}, {18, 1}, {24, -1}}, 18 + 2*2 - 6 - 5*2},
		{"no more than all of it", 30, [2]int64{0, 20}, []Window{{0, 0}, {20, -1}}, 0},
		{"not further than the wait", 5, [2]int64{0, 20}, []Window{{0, 0}, {24, -1}}, 15},
		{"to where it counts more", 5, [2]int64{0, 20}, []Window{{0, 0}, {20, 1}}, 20 - 5},
		{"not to an earlier window", 5, [2]int64{10, 20}, []Window{{0, -1}, {10, 0}}, 20},
	} {
		c := &Certificate{World: World{MaxWait: test.wait}, Classes: []Class{{Pods: [][2]int64{test.pod}}}}
		if got := c.work(&Proof{Windows: test.windows}, []rates{one, two}); got.Int64() != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	for _, text := range []string{
		"", "{}", "[]", `{"format":"tollgate.dev/bound/v1"}`, `{"format":"tollgate.dev/bound/v1","dollars":1}`, "\x1f\x8b",
		`{"format":"tollgate.dev/bound/v1","pools":[{}],"proofs":[{"assumes":"Anything"}]}`,
		`{"format":"tollgate.dev/bound/v1","pools":[{}],"proofs":[{"assumes":"MaxWait","windows":[]}]}`,
	} {
		if r, err := Verify(strings.NewReader(text)); err == nil {
			t.Errorf("%q proves $%s", text, r.FloatString(2))
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"format":"tollgate.dev/bound/v1","resources":["pods"],"world":{"maxWait":1},"pools":[{"price":1,"allocatable":[1]}],` +
		`"classes":[{"requests":[1],"pools":[0],"pods":[[0,5]]}],"proofs":[{"assumes":"MaxWait","duals":[[[{"worth":"0.1"}]]],"windows":[{"from":0,"dual":0}]}]}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = Verify(bytes.NewReader(text)) // must return
	})
}
