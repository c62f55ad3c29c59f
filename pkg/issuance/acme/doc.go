// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package acme obtains certificates from ACME servers (RFC 8555) so that a controller that stops at any point goes on
// where it stopped, and never has two certificates issued for one need. Decide says what to do next from the
// write-ahead record and what the server says now; Executor does it.
package acme
