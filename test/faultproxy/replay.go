// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package faultproxy

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
)

const nonceHeader = "Replay-Nonce"

// orderKey returns what makes two newOrder requests ask for the same: account, profile and names. The request is a JWS in
// flattened JSON (RFC 7515 section 7.2.2); the proxy reads it and changes nothing.
func orderKey(body []byte) (string, error) {
	var jws struct{ Protected, Payload string }
	if err := json.Unmarshal(body, &jws); err != nil {
		return "", err
	}
	var protected struct{ KID string }
	var payload struct {
		Identifiers []struct{ Type, Value string }
		Profile     string
		Replaces    string
	}
	for text, into := range map[string]any{jws.Protected: &protected, jws.Payload: &payload} {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return "", err
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return "", err
		}
	}
	if protected.KID == "" || len(payload.Identifiers) == 0 {
		return "", errors.New("the request names no account or no identifiers")
	}
	var names []string
	for _, id := range payload.Identifiers {
		names = append(names, id.Type+":"+id.Value)
	}
	slices.Sort(names)
	return strings.Join(append(names, protected.KID, payload.Profile, payload.Replaces), "\x00"), nil
}

// remember keeps the answer to a newOrder.
func (p *Proxy) remember(a *answer, body []byte) {
	if a.status != http.StatusCreated {
		return
	}
	key, err := orderKey(body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orders = append(p.orders, path.Base(a.header.Get("Location")))
	if err == nil {
		p.placed[key] = &answer{status: a.status, header: a.header.Clone(), body: slices.Clone(a.body)}
	}
}

// replay returns the answer to the last newOrder for the same, with a fresh nonce; nil if there was none.
func (p *Proxy) replay(r *http.Request, body []byte) (*answer, error) {
	key, err := orderKey(body)
	if err != nil {
		return nil, nil // the server will say what it thinks of it
	}
	p.mu.Lock()
	last := p.placed[key]
	p.mu.Unlock()
	if last == nil {
		return nil, nil
	}
	ask := r.Clone(r.Context())
	ask.Method, ask.URL.Path = http.MethodHead, noncePath
	fresh, err := p.forward(ask, nil)
	if err != nil {
		return nil, err
	}
	again := &answer{status: last.status, header: last.header.Clone(), body: last.body}
	again.header.Set(nonceHeader, fresh.header.Get(nonceHeader))
	return again, nil
}

// Orders are the ids of the orders that the server placed, dropped answers included, in order. Pebble logs them with the
// certificates that it issues.
func (p *Proxy) Orders() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.orders)
}
