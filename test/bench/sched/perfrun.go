// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"
)

// perfRun is what scheduler_perf measured in one run.
type perfRun struct {
	suite, policy string
	// values are by the unit in the line of the benchmark.
	values map[string]float64
}

// parsePerf reads a line of the benchmark's output: BenchmarkX/<suite>@<policy>@<pair>/w-2, how often it ran, and values with
// their units.
func parsePerf(line string) (perfRun, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
		return perfRun{}, false
	}
	path := strings.Split(fields[0], "/")
	if len(path) != 3 {
		return perfRun{}, false
	}
	name := strings.Split(path[1], "@")
	if len(name) != 3 {
		return perfRun{}, false
	}
	run := perfRun{suite: name[0], policy: name[1], values: map[string]float64{}}
	for i := 2; i+1 < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return perfRun{}, false
		}
		run.values[fields[i+1]] = value
	}
	return run, true
}

// String is what is said of a run when it is over.
func (r perfRun) String() string {
	text := fmt.Sprintf("%.2f ms in the scheduling algorithm, %.2f ms of CPU a pod, %.0f s",
		r.values["algorithm-ms/mean"], r.values["cpu-ms/pod"], r.values["runtime_seconds"])
	if rate, ok := r.values["SchedulingThroughput/Average"]; ok {
		text = fmt.Sprintf("%.1f pods/s, ", rate) + text
	}
	return text
}

// perfMeasures are the measures of a suite, the one that counts first. divide is a value to divide by, "" for none.
var perfMeasures = []struct{ name, unit, value, divide string }{
	{"pods_per_second", "pods/s", "SchedulingThroughput/Average", ""},
	{"whole_pods_per_second", "pods/s", "whole-pods/s", ""},
	{"algorithm_mean_ms", "ms", "algorithm-ms/mean", ""},
	{"algorithm_p50_ms", "ms", "algorithm-ms/p50", ""},
	{"algorithm_p99_ms", "ms", "algorithm-ms/p99", ""},
	{"attempt_p50_ms", "ms", "attempt-ms/p50", ""},
	{"attempt_p99_ms", "ms", "attempt-ms/p99", ""},
	{"cpu_ms_per_pod", "ms", "cpu-ms/pod", ""},
	{"allocs_per_pod", "", "allocs/op", "pods"},
	{"bytes_per_pod", "B", "B/op", "pods"},
	{"heap_mib", "MiB", "heap_memory_usage/Average", ""},
}

// perfResults are the measures of a suite that all its runs have.
func perfResults(suite string, runs map[string][]perfRun) []result {
	var results []result
	for _, m := range perfMeasures {
		samples, missing := map[string][]float64{}, false
		for name, list := range runs {
			for _, run := range list {
				value, ok := run.values[m.value]
				if m.divide != "" {
					value /= run.values[m.divide]
				}
				samples[name] = append(samples[name], value)
				missing = missing || !ok
			}
		}
		if !missing {
			results = append(results, newPairedResult(suite, m.name, m.unit, samples))
		}
	}
	return results
}
