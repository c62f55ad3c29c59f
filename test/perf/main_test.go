// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	_ "k8s.io/component-base/logs/json/register" // scheduler_perf asks for it
	schedulerperf "k8s.io/kubernetes/test/integration/scheduler_perf"
)

var (
	suitesFlag   = flag.String("suites", "", "suites to run, separated by commas; all if empty")
	policiesFlag = flag.String("policies", "", "policies to run them with, separated by commas; all if empty")
	pairsFlag    = flag.Int("pairs", 1, "how often each suite is run with each policy")
	scaleFlag    = flag.Float64("scale", 1, "part of the nodes and pods of each suite")
	configFlag   = flag.String("shipped-config", "../../config/scheduler/replace.yaml", "the file with Tollgate's profile")
)

func TestMain(m *testing.M) {
	// It reads the flags. Without log entries for each pod unless -v says so.
	schedulerperf.LoggingConfig.Verbosity = 0
	if err := schedulerperf.InitTests(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
