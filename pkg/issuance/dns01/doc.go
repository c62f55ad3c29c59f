// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dns01 answers dns-01 challenges (RFC 8555 section 8.4): it puts TXT records into zones by dynamic update (RFC
// 2136), through a webhook or with a plugin, and finds out when all name servers of a zone serve them.
package dns01
