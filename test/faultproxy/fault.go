// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package faultproxy

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Always is for Inject: until Clear.
const Always = -1

// answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// Fault is what goes wrong with a request.
type Fault struct {
	// Name of the fault in Requests.
	Name string
	// instead answers instead of the server, which does not see the request.
	instead func() *answer
	// change is given the server's answer. It returns false if there is nothing to change: then the fault does not count.
	change func(*answer) bool
	// cut ends the connection after the server has answered: the client cannot know whether it did.
	cut bool
	// hang is cut, once the client has gone.
	hang bool
	// unseen is cut, and the server does not see the request.
	unseen bool
	// until delays the request until it is closed.
	until <-chan struct{}
	// replay answers a newOrder as an earlier one for the same names, which the server does not see.
	replay bool
}

// Drop forwards the request and ends the connection without an answer.
func Drop() Fault { return Fault{Name: "drop", cut: true} }

// Hang forwards the request and never answers. It is how a test stops a client at a place that it can wait for.
func Hang() Fault { return Fault{Name: "hang", cut: true, hang: true} }

// Hold never answers and does not forward the request: the client is stopped before it, as Hang stops it after.
func Hold() Fault { return Fault{Name: "hold", cut: true, hang: true, unseen: true} }

// Pause holds the request back until the channel is closed, and then forwards it as if nothing had been. Unlike after Hold, the
// client goes on: it is how a test looks at the middle of something for as long as it likes (the client's patience permitting).
func Pause(until <-chan struct{}) Fault { return Fault{Name: "pause", until: until} }

// RateLimited answers 429 with a Retry-After header: seconds, or a date in http.TimeFormat; none if it is empty.
func RateLimited(retryAfter string) Fault {
	return problem("rate limited", http.StatusTooManyRequests, "rateLimited", retryAfter)
}

// Unavailable answers 503, with a Retry-After header unless that is empty.
func Unavailable(retryAfter string) Fault {
	return problem("unavailable", http.StatusServiceUnavailable, "serverInternal", retryAfter)
}

// problem answers with a problem document (RFC 8555 section 6.7).
func problem(name string, status int, kind, retryAfter string) Fault {
	return Fault{Name: name, instead: func() *answer {
		header := http.Header{"Content-Type": {"application/problem+json"}}
		if retryAfter != "" {
			header.Set("Retry-After", retryAfter)
		}
		body := fmt.Sprintf(`{"type": "urn:ietf:params:acme:error:%s", "detail": "the proxy was told to say so", "status": %d}`, kind, status)
		return &answer{status: status, header: header, body: []byte(body)}
	}}
}

// Malformed forwards the request and leaves out the second half of the answer's body.
func Malformed() Fault {
	return Fault{Name: "malformed", change: func(a *answer) bool {
		if len(a.body) == 0 {
			return false
		}
		a.body = a.body[:len(a.body)/2]
		return true
	}}
}

// Processing makes an order that is valid look as if the CA were still signing. It is for Order and Finalize.
func Processing() Fault {
	return Fault{Name: "processing", change: func(a *answer) bool {
		order := map[string]any{}
		if err := json.Unmarshal(a.body, &order); err != nil || order["status"] != "valid" {
			return false
		}
		order["status"] = "processing"
		delete(order, "certificate")
		body, err := json.Marshal(order)
		if err != nil {
			return false
		}
		a.body = body
		a.header.Set("Retry-After", "1")
		return true
	}}
}

// Replay answers a newOrder with the answer that the last newOrder of the same account for the same names got, whatever has
// become of that order. Let's Encrypt does so while the order is pending or ready; Pebble never does. It is for NewOrder.
func Replay() Fault { return Fault{Name: "replay", replay: true} }
