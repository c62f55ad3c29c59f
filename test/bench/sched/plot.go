// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"html"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

// curves are how long a placement takes by policy and by how many of something there are, in microseconds.
type curves map[string]map[int]float64

func (c curves) add(x int, values map[string]float64) {
	for name, v := range values {
		if c[name] == nil {
			c[name] = map[int]float64{}
		}
		c[name][x] = v
	}
}

// plot is a diagram with logarithmic axes.
type plot struct {
	title, xLabel string
	// zero is the number that the axis has where 0 is: it shows log(x + zero). 0 for an axis without 0.
	zero   float64
	curves curves
}

// Measures of the diagram, in pixels.
const (
	plotWidth, plotHeight                    = 720, 420
	marginLeft, marginRight, marginTop, foot = 80, 130, 40, 60
)

// colors tell the policies apart, also for those who do not see red and green alike (Okabe and Ito, Color Universal Design).
var colors = map[string]string{policy.Default: "#0072b2", policy.MostAllocated: "#e69f00", policy.Tollgate: "#d55e00"}

// svg draws the diagram.
func (p plot) svg() []byte {
	xs, low, high := p.extent()
	if len(xs) == 0 {
		return nil
	}
	scale := func(x float64) float64 { return math.Log10(x + p.zero) }
	x := func(n int) float64 {
		from, to := scale(float64(xs[0])), scale(float64(xs[len(xs)-1]))
		return marginLeft + (plotWidth-marginLeft-marginRight)*(scale(float64(n))-from)/max(to-from, 1e-9)
	}
	y := func(v float64) float64 {
		return plotHeight - foot - (plotHeight-marginTop-foot)*(math.Log10(v)-low)/max(high-low, 1e-9)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<text x="%d" y="24" font-size="15">%s</text>`+"\n", marginLeft, html.EscapeString(p.title))
	for decade := low; decade <= high; decade++ {
		at := y(math.Pow(10, decade))
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", marginLeft, plotWidth-marginRight, at, at)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", marginLeft-8, at+4, duration(math.Pow(10, decade)))
	}
	for _, n := range xs {
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#ddd"/>`+"\n", x(n), x(n), marginTop, plotHeight-foot)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", x(n), plotHeight-foot+18, n)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (marginLeft+plotWidth-marginRight)/2, plotHeight-15, html.EscapeString(p.xLabel))
	for i, name := range policy.Names() {
		p.curve(&b, name, x, y)
		at := marginTop + 14 + 20*i
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="12" height="12" fill="%s"/>`+"\n", plotWidth-marginRight+14, at-10, colors[name])
		fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", plotWidth-marginRight+32, at, name)
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// curve draws a policy's line and its points.
func (p plot) curve(b *strings.Builder, name string, x func(int) float64, y func(float64) float64) {
	values := p.curves[name]
	if len(values) == 0 {
		return
	}
	var points []string
	for _, n := range slices.Sorted(maps.Keys(values)) {
		atX, atY := x(n), y(values[n])
		points = append(points, fmt.Sprintf("%.1f,%.1f", atX, atY))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s</title></circle>`+"\n", atX, atY, colors[name], duration(values[n]))
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), colors[name])
}

// extent returns all x, and the decades between which all values are.
func (p plot) extent() (xs []int, low, high float64) {
	seen := map[int]bool{}
	low, high = math.Inf(1), math.Inf(-1)
	for _, values := range p.curves {
		for x, v := range values {
			seen[x] = true
			low, high = min(low, math.Floor(math.Log10(v))), max(high, math.Ceil(math.Log10(v)))
		}
	}
	return slices.Sorted(maps.Keys(seen)), low, high
}

// duration writes microseconds.
func duration(us float64) string {
	if us >= 1000 {
		return strconv.FormatFloat(us/1000, 'g', 3, 64) + " ms"
	}
	return strconv.FormatFloat(us, 'g', 3, 64) + " µs"
}
