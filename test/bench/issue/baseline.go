// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

// baselineCerts is how many certificates the baselines were measured with.
const baselineCerts = 1000

// certManager is what cert-manager v1.20.0 took for 1,000 Certificates of its "ca" issuer, from nothing, with client limits of
// 500 requests per second and bursts of 1,000, on a machine of the same kind. docs/benchmarks/issue.md has how it was measured.
var certManager = map[string]float64{
	"ca/certs_per_second": 16,  // 1,000 in 62 s
	"ca/total_s":          62,  // seconds
	"ca/cpu_seconds":      31,  // seconds of processor time of its controller
	"ca/peak_rss_mib":     171, // MiB
	"ca/writes_per_cert":  20,  // requests that write
}
