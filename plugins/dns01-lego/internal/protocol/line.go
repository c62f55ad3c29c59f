// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// maxLine bounds the line about a failure, in bytes. Providers put whole
// answers of servers into their errors.
const maxLine = 500

// minSecret is the length in bytes from which a setting's value is hidden.
// Shorter ones, such as "true" or a TTL, would blot out half the message.
const minSecret = 8

// line makes one line of an error, with the values of the settings hidden:
// errors of net/http hold the URL, and with some providers that holds the key.
func line(err error, settings map[string]string) string {
	type secret struct{ text, name string }
	var secrets []secret
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		v := strings.TrimSpace(settings[key])
		if len(v) < minSecret {
			continue
		}
		for _, text := range forms(v) {
			secrets = append(secrets, secret{text, "[" + key + "]"})
		}
	}
	// The longest first, because one value may be part of another.
	slices.SortStableFunc(secrets, func(a, b secret) int { return cmp.Compare(len(b.text), len(a.text)) })
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s.text, s.name)
	}
	text := strings.NewReplacer(pairs...).Replace(err.Error())
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "") + " ..."
	}
	return text
}

// forms are how a value may be written: as it is, in a URL, and in base64, also inside something longer, such as the
// header of HTTP's basic authentication that some servers repeat. There the characters depend on how many bytes go
// before, modulo three, and those at the ends hold bits of the neighbours, so these are left out.
func forms(v string) []string {
	all := []string{v, url.QueryEscape(v), url.PathEscape(v)}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for before := range 3 {
			text := encoding.EncodeToString(append(make([]byte, before), v...))
			from, to := (8*before+5)/6, 8*(before+len(v))/6
			all = append(all, text[from:], text[from:to])
		}
	}
	return all
}
