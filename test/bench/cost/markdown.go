// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// markdown makes the page that is kept in docs/benchmarks.
func markdown(p *plan, r results, command string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Cost: measured tables\n\nMade by `%s`; [cost.md](cost.md) says what is measured and what the columns mean. ", command)
	fmt.Fprintf(&b, "Copies of the trace: %d. Seeds: 1 to %d; means with 95%% confidence intervals.\n", p.copies, p.seeds)
	for _, c := range p.cells {
		fmt.Fprintf(&b, "\n## %s\n\n", c.name())
		b.WriteString("| policy | dollars | above the bound | ratio to MostAllocated | share of its excess | node-hours on-demand, spot, prepaid | stranded GPU-hours | wait p50, p99 | evictions |\n")
		b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
		for _, policy := range p.policies {
			e := summarize(p, c, policy, r)
			fmt.Fprintf(&b, "| %s | %.0f | %.1f%% ± %.1f | %.3f ± %.3f | %.2f | %.0f, %.0f, %.0f | %.0f | %s, %s | %.0f |\n",
				policy, e.Value, e.ExcessPct, e.ExcessPctCI95, e.Ratio, e.RatioCI95, e.ExcessRatio,
				e.NodeHours["on-demand"], e.NodeHours["spot"], e.NodeHours["prepaid"], e.StrandedGPUHours,
				seconds(e.WaitP50Seconds), seconds(e.WaitP99Seconds), e.Evictions)
		}
	}
	return []byte(b.String())
}
