// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	schedulerperf "k8s.io/kubernetes/test/integration/scheduler_perf"
	"k8s.io/kubernetes/test/utils/ktesting"

	_ "github.com/tollgate-dev/tollgate/pkg/apis/config/scheme" // CostScoreArgs and CertGateArgs
	"github.com/tollgate-dev/tollgate/pkg/plugins/certgate"
	"github.com/tollgate-dev/tollgate/pkg/plugins/costscore"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
	"github.com/tollgate-dev/tollgate/test/perf/suite"
)

// registry has the plugins that are not upstream's.
var registry = frameworkruntime.Registry{certgate.Name: certgate.New, costscore.Name: costscore.New}

// BenchmarkPerfScheduling runs the suites. It needs etcd on PATH:
//
//	go test -c -o _output/bin/sched-perf.test ./test/perf
//	PATH=$PWD/_output/bin:$PATH KUBE_CACHE_MUTATION_DETECTOR=false _output/bin/sched-perf.test \
//	  -test.run '^$' -test.bench . -test.benchtime 1ns -test.benchmem -shipped-config config/scheduler/replace.yaml -suites basic-1000 -data-items-dir _output/bench
func BenchmarkPerfScheduling(b *testing.B) {
	runs, err := chosenRuns()
	if err != nil {
		b.Fatal(err)
	}
	configs := map[string][]byte{}
	for _, name := range policy.Names() {
		if configs[name], err = policy.Config(name, *configFlag); err != nil {
			b.Fatal(err)
		}
	}
	path, err := suite.Write(b.TempDir(), runs, configs)
	if err != nil {
		b.Fatal(err)
	}
	prepare := func(tCtx ktesting.TContext) error {
		for _, r := range runs {
			if strings.Contains(tCtx.Name(), "/"+r.Name()+"/") {
				return prepareRun(tCtx, r)
			}
		}
		return fmt.Errorf("preparing %s: there is no such run", tCtx.Name())
	}
	schedulerperf.RunBenchmarkPerfScheduling(b, path, "tollgate", registry, schedulerperf.WithPrepareFn(prepare))
}

// chosenRuns are the runs that the flags ask for: suite by suite, and in each pair the policies in another order.
func chosenRuns() ([]suite.Run, error) {
	all, err := suite.All()
	if err != nil {
		return nil, err
	}
	policies := policy.Names()
	if *policiesFlag != "" {
		policies = strings.Split(*policiesFlag, ",")
	}
	wanted := strings.Split(*suitesFlag, ",")
	var runs []suite.Run
	for _, s := range all {
		if *suitesFlag != "" && !slices.Contains(wanted, s.Name) {
			continue
		}
		if *scaleFlag != 1 {
			s = s.Scale(*scaleFlag)
		}
		for pair := range *pairsFlag {
			for i := range policies {
				runs = append(runs, suite.Run{Suite: s, Policy: policies[(i+pair)%len(policies)], Pair: pair})
			}
		}
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("there is no suite %s", *suitesFlag)
	}
	return runs, nil
}
