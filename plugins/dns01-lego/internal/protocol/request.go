// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package protocol speaks version 1 of the exec plugin protocol of
// kube-cert-manager: what to do in variables, the configuration on standard
// input, the outcome in the exit code, and one line about a failure on
// standard error.
package protocol

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Exit codes of the protocol.
const (
	OK                 = 0
	Failed             = 1
	BadConfig          = 2
	UnsupportedVersion = 3
)

// Commands of the protocol.
const (
	Create = "CREATE"
	Delete = "DELETE"
)

// maxState bounds the STATE that is taken back, in bytes.
const maxState = 16 << 10

// Request is what the variables say.
type Request struct {
	// Command is CREATE or DELETE.
	Command string
	// Domain is where the record is, which is FQDN without its first label,
	// or the name that is being validated, for example "example.com".
	Domain string
	// Identifier is the name that is being validated. Default: Domain.
	Identifier string
	// FQDN is the name of the TXT record with its final dot, after CNAMEs.
	FQDN string
	// Token is the value of the TXT record.
	Token string
	// KeyAuth is the key authorization of the challenge (RFC 8555, 8.1), from
	// which lego's providers compute the value.
	KeyAuth string
	// State is what an earlier CREATE printed.
	State string
}

// codeError is an error with the exit code that it leads to.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string { return e.err.Error() }
func (e *codeError) Unwrap() error { return e.err }

func exit(code int, err error) error {
	if err == nil {
		return nil
	}
	return &codeError{code, err}
}

// parse reads a request from the variables.
func parse(getenv func(string) string) (Request, error) {
	if v := getenv("APIVERSION"); v != "v1" {
		return Request{}, exit(UnsupportedVersion, fmt.Errorf("APIVERSION is %q, but only v1 is supported; for people there are `dns01-lego list` and `dns01-lego help`", v))
	}
	r := Request{
		Command:    getenv("COMMAND"),
		Domain:     bare(getenv("DOMAIN")),
		Identifier: bare(getenv("IDENTIFIER")),
		FQDN:       getenv("FQDN"),
		Token:      getenv("TOKEN"),
		KeyAuth:    getenv("KEYAUTH"),
		State:      getenv("STATE"),
	}
	if r.Identifier == "" {
		r.Identifier = r.Domain
	}
	return r, exit(Failed, r.check())
}

// bare is a name without its final dot and wildcard.
func bare(name string) string { return strings.TrimPrefix(strings.TrimSuffix(name, "."), "*.") }

func (r *Request) check() error {
	if r.Command != Create && r.Command != Delete {
		return fmt.Errorf("COMMAND is %q, but must be CREATE or DELETE", r.Command)
	}
	for _, v := range []struct{ name, value string }{{"DOMAIN", r.Domain}, {"FQDN", r.FQDN}, {"TOKEN", r.Token}} {
		if v.value == "" {
			return fmt.Errorf("%s is not set", v.name)
		}
	}
	if r.KeyAuth == "" {
		return errors.New("KEYAUTH is not set: lego computes the TXT value from the key authorization, so the caller has to pass that besides TOKEN")
	}
	if value(r.KeyAuth) != r.Token {
		return errors.New("TOKEN is not the TXT value of KEYAUTH, which is its SHA-256 in base64url (RFC 8555, 8.4)")
	}
	if len(r.State) > maxState {
		return fmt.Errorf("STATE has %d bytes, more than %d", len(r.State), maxState)
	}
	if !strings.HasSuffix(r.FQDN, ".") {
		r.FQDN += "."
	}
	return nil
}

// value is the value of the TXT record for a key authorization (RFC 8555, 8.4).
func value(keyAuth string) string {
	sum := sha256.Sum256([]byte(keyAuth))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// challengeToken is the token of the challenge, under which lego's providers
// remember their records.
func (r *Request) challengeToken() string {
	token, _, _ := strings.Cut(r.KeyAuth, ".")
	return token
}
