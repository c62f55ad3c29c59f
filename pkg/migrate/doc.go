// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package migrate turns the objects of kube-cert-manager and of cert-manager into those of Tollgate. It is pure: it reads
// objects, never Secrets, and asks nobody. What has no equivalent is said in notes, with what to do instead.
//
// Three rules hold for every object:
//
//   - A field is converted, or a note names it: what no converter has read is reported as unknown (see fields.rest).
//   - An object with a field of a wrong type is left out as a whole, never converted in part.
//   - What is written passes the validation of Tollgate's CRDs.
package migrate
