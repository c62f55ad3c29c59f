// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"

	"github.com/miekg/dns"
)

// defaultAlgorithm is that of a solver that names none.
const defaultAlgorithm = "HMACSHA256"

// tsigFudge is how far the clocks of both sides may be apart, in seconds (RFC 8945 section 10 recommends it).
const tsigFudge = 300

type tsigAlgorithm struct {
	// wire is the name in messages (RFC 8945 section 6).
	wire string
	hash func() hash.Hash
}

// tsigAlgorithms by their names in the API.
var tsigAlgorithms = map[string]tsigAlgorithm{
	"HMACSHA1":       {dns.HmacSHA1, sha1.New},
	"HMACSHA224":     {dns.HmacSHA224, sha256.New224},
	defaultAlgorithm: {dns.HmacSHA256, sha256.New},
	"HMACSHA384":     {dns.HmacSHA384, sha512.New384},
	"HMACSHA512":     {dns.HmacSHA512, sha512.New},
}

// tsigKey signs and verifies messages (RFC 8945). Answers with another key or algorithm are not accepted.
type tsigKey struct {
	name string
	tsigAlgorithm
	secret []byte
}

var _ dns.TsigProvider = &tsigKey{}

// Generate implements dns.TsigProvider.
func (k *tsigKey) Generate(msg []byte, _ *dns.TSIG) ([]byte, error) {
	h := hmac.New(k.hash, k.secret)
	h.Write(msg)
	return h.Sum(nil), nil
}

// Verify implements dns.TsigProvider.
func (k *tsigKey) Verify(msg []byte, t *dns.TSIG) error {
	if dns.CanonicalName(t.Hdr.Name) != k.name || dns.CanonicalName(t.Algorithm) != k.wire {
		return dns.ErrSecret
	}
	got, err := hex.DecodeString(t.MAC)
	if err != nil {
		return dns.ErrSig
	}
	want, err := k.Generate(msg, t)
	if err != nil || !hmac.Equal(got, want) {
		return dns.ErrSig
	}
	return nil
}

// decodeTSIGSecret reads a key as name servers' configurations have it. Errors never repeat any of it.
func decodeTSIGSecret(b []byte) ([]byte, error) {
	b = bytes.Trim(bytes.TrimSpace(b), `"`)
	if bytes.ContainsAny(b, "{};") {
		return nil, errors.New("it looks like a whole key clause of a name server's configuration; put only the base64 of its secret there")
	}
	key, err := base64.StdEncoding.DecodeString(string(b))
	if err != nil {
		return nil, errors.New("it is not base64; put the key there as the name server's configuration has it")
	}
	if len(key) == 0 {
		return nil, errors.New("it is empty")
	}
	return key, nil
}
