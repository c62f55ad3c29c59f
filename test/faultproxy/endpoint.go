// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package faultproxy

import "strings"

// Endpoint is a kind of resource of an ACME server (RFC 8555 section 7.1).
type Endpoint string

// Endpoints of Pebble.
const (
	Directory     Endpoint = "directory"
	NewNonce      Endpoint = "newNonce"
	NewAccount    Endpoint = "newAccount"
	Account       Endpoint = "account"
	NewOrder      Endpoint = "newOrder"
	Order         Endpoint = "order"
	Authorization Endpoint = "authorization"
	Challenge     Endpoint = "challenge"
	Finalize      Endpoint = "finalize"
	Certificate   Endpoint = "certificate"
	RenewalInfo   Endpoint = "renewalInfo"
	// Other is everything else, such as revocation.
	Other Endpoint = "other"
)

const noncePath = "/nonce-plz"

// prefixes of Pebble's paths. They differ from Let's Encrypt's so that no client relies on either.
var prefixes = []struct {
	prefix   string
	endpoint Endpoint
}{
	{"/dir", Directory},
	{noncePath, NewNonce},
	{"/sign-me-up", NewAccount},
	{"/my-account/", Account},
	{"/order-plz", NewOrder},
	{"/my-order/", Order},
	{"/authZ/", Authorization},
	{"/chalZ/", Challenge},
	{"/finalize-order/", Finalize},
	{"/certZ/", Certificate},
	{"/draft-ietf-acme-ari-03/renewalInfo", RenewalInfo},
}

// endpointOf returns the kind of resource that a path of Pebble leads to.
func endpointOf(path string) Endpoint {
	for _, p := range prefixes {
		if strings.HasPrefix(path, p.prefix) {
			return p.endpoint
		}
	}
	return Other
}
