// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package perf runs upstream's scheduler_perf with Tollgate's plugins: the suites of package suite, each with every policy in turn,
// in one process with an API server. It is a benchmark, which test/bench/sched drives.
package perf
