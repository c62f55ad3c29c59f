// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// outcome says in one line where the pod runs or would run, how that compares,
// and what rules the other nodes out.
func (r *ExplainReport) outcome() string {
	pod := "pod " + r.Pod.Namespace + "/" + r.Pod.Name
	var text string
	switch current := r.current(); {
	case current != nil && current.Fits:
		text = fmt.Sprintf("%s runs on %s, %s%s", pod, current.Name, r.place(current), r.better(current))
	case current != nil:
		text = fmt.Sprintf("%s runs on %s, which is ruled out now: %s", pod, current.Name, verdict(current))
	case r.Pod.Node != "":
		text = fmt.Sprintf("%s is bound to %s, which is not there any more", pod, r.Pod.Node)
	case r.Fitting == 0:
		text = pod + " fits on no node"
	default:
		best := &r.Nodes[0]
		text = fmt.Sprintf("%s would run on %s, %s%s", pod, r.bestNames(), r.place(best), r.whyNotCheapest(best))
	}
	if r.RuledOut > 0 {
		text += fmt.Sprintf("; %d ruled out: %s", r.RuledOut, r.reasons())
	}
	return text
}

func (r *ExplainReport) current() *ExplainRow {
	for i := range r.Nodes {
		if r.Nodes[i].Current {
			return &r.Nodes[i]
		}
	}
	return nil
}

// place compares the cost of a node that fits with the others that fit.
func (r *ExplainReport) place(n *ExplainRow) string {
	among := "of " + plural(r.Fitting, "node that fits", "nodes that fit")
	if n.HourlyCostMicroDollars == nil {
		why := "whose price is not known"
		if n.HourlyPriceMicroDollars != nil {
			why = "by a profile that does not count costs"
		}
		return fmt.Sprintf("number %d %s, %s", n.Rank, among, why)
	}
	cheaper, equal := 0, 0
	for i := range r.Nodes {
		switch o := &r.Nodes[i]; {
		case !o.Fits:
		case o.order < n.order:
			cheaper++
		case o.order == n.order:
			equal++
		}
	}
	at := ordinal(cheaper+1) + "cheapest"
	switch {
	case r.Fitting == 1:
		at, among = "the only node that fits", ""
	case equal > 1:
		at = "one of the " + fmt.Sprint(equal) + " equally cheap as the " + at
	default:
		at = "the " + at
	}
	return strings.TrimSpace(at+" "+among) + ", " + n.charge()
}

// charge is what the pod pays on the node.
func (n *ExplainRow) charge() string {
	if n.Prepaid && *n.HourlyCostMicroDollars == 0 {
		return "for nothing, since the node is prepaid"
	}
	return "for " + fine(n.HourlyCostMicroDollars) + " per hour"
}

// better says what the best node is if the pod runs elsewhere.
func (r *ExplainReport) better(current *ExplainRow) string {
	if current.Rank == 1 {
		return ""
	}
	best := &r.Nodes[0]
	text := fmt.Sprintf("; it would now be put on %s", r.bestNames())
	if best.HourlyCostMicroDollars != nil {
		text += ", " + best.charge()
	}
	return text
}

// whyNotCheapest names the plugin that outweighs the cost.
func (r *ExplainReport) whyNotCheapest(best *ExplainRow) string {
	cheapest := best
	for i := range r.Nodes {
		if n := &r.Nodes[i]; n.Fits && n.order < cheapest.order {
			cheapest = n
		}
	}
	if cheapest == best {
		return ""
	}
	plugin, most := "", int64(0)
	for _, s := range best.Scores {
		if d := s.Score - cheapest.score(s.Plugin); d > most {
			plugin, most = s.Plugin, d
		}
	}
	text := fmt.Sprintf("; %s costs %s", cheapest.Name, fine(cheapest.HourlyCostMicroDollars))
	if plugin != "" {
		text += ", but " + plugin + " is against it"
	}
	return text
}

func (n *ExplainRow) score(plugin string) int64 {
	for _, s := range n.Scores {
		if s.Plugin == plugin {
			return s.Score
		}
	}
	return 0
}

func (r *ExplainReport) bestNames() string {
	if n := len(r.Best); n > 3 {
		return fmt.Sprintf("one of %d equal nodes such as %s", n, r.Best[0])
	}
	return strings.Join(r.Best, " or ")
}

// reasons counts why nodes are ruled out, the most frequent first.
func (r *ExplainReport) reasons() string {
	counts := map[string]int{}
	for i := range r.Nodes {
		if n := &r.Nodes[i]; !n.Fits {
			counts[fmt.Sprintf("%s (%s)", cmp.Or(n.Plugin, "PreFilter"), n.Reason)]++
		}
	}
	type reason struct {
		text  string
		count int
	}
	var all []reason
	for text, count := range counts {
		all = append(all, reason{text, count})
	}
	slices.SortFunc(all, func(a, b reason) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.text, b.text)) })
	const most = 3
	var parts []string
	for i, x := range all {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %s", plural(len(all)-most, "more reason", "more reasons")))
			break
		}
		parts = append(parts, fmt.Sprintf("%d by %s", x.count, x.text))
	}
	return strings.Join(parts, ", ")
}

// verdict is why a node is ruled out, or that it fits.
func verdict(n *ExplainRow) string {
	if n.Fits {
		if n.Current {
			return "fits (runs here)"
		}
		return "fits"
	}
	text := strings.TrimSpace(n.Plugin + ": " + n.Reason)
	return strings.TrimPrefix(text, ": ")
}

// ordinal is "" for the first, and ends in a space otherwise.
func ordinal(n int) string {
	if n == 1 {
		return ""
	}
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s ", n, suffix)
}
