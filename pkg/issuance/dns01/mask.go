// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

const (
	// maxLine bounds what people are shown of a plugin's words, in bytes.
	maxLine = 512
	// masked stands for what is left out.
	masked = "***"
	// minRun is the shortest run of bytes of a value of the configuration that is left out, also inside words.
	minRun = 6
)

// mask returns the first line of a plugin's words that says something, without values of its configuration: neither
// whole nor in parts of minRun bytes or more, nor encoded in the usual ways. It is for plugins that are careless, not for
// hostile ones, which have the configuration and the network anyway.
func mask(said, config []byte) string {
	line := firstLine(string(said))
	if line == "" {
		return ""
	}
	hide := make([]bool, len(line))
	runs := map[string][]int{} // where each run of minRun bytes begins
	for i := range max(len(line)-minRun+1, 0) {
		runs[line[i:i+minRun]] = append(runs[line[i:i+minRun]], i)
	}
	for _, secret := range encodings(values(config)) {
		if len(secret) < minRun {
			hideWord(line, secret, hide)
		}
		for i := range max(len(secret)-minRun+1, 0) {
			for _, at := range runs[secret[i:i+minRun]] {
				markAll(hide[at : at+minRun])
			}
		}
	}
	var b strings.Builder
	for i := range len(line) {
		switch {
		case !hide[i]:
			b.WriteByte(line[i])
		case i == 0 || !hide[i-1]:
			b.WriteString(masked)
		}
	}
	return text.Truncate(strings.ToValidUTF8(b.String(), "?"), maxLine)
}

// firstLine is the first line that is not empty, with what cannot be printed replaced by spaces.
func firstLine(s string) string {
	for line := range strings.Lines(strings.ToValidUTF8(s, "?")) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return ' '
			}
			return r
		}, line))
		if line != "" {
			return line
		}
	}
	return ""
}

// hideWord marks where a short secret is a whole word of line.
func hideWord(line, secret string, hide []bool) {
	for at := 0; ; {
		i := strings.Index(line[at:], secret)
		if i < 0 {
			return
		}
		from, to := at+i, at+i+len(secret)
		if !wordAt(line, from-1) && !wordAt(line, to) {
			markAll(hide[from:to])
		}
		at = from + 1
	}
}

func markAll(hide []bool) {
	for i := range hide {
		hide[i] = true
	}
}

// wordAt reports whether a letter or digit is at i.
func wordAt(s string, i int) bool {
	return i >= 0 && i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z' || s[i] >= 0x80)
}

// assignment is a line KEY=value. The padding of base64 at the end of a line is none.
var assignment = regexp.MustCompile(`^\s*[A-Za-z_][A-Za-z0-9_. -]*=\s*([^=\s].*)$`)

// values of a configuration: of JSON and YAML all but the keys of mappings, since a plugin that names the key it misses
// should be heard; of lines KEY=value the value; of anything else each word.
func values(config []byte) []string {
	var found []string
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			found = append(found, s)
		}
	}
	var tree any
	if yaml.Unmarshal(config, &tree) == nil {
		keys := map[string]bool{}
		switch tree.(type) {
		case map[string]any, []any:
			leaves(tree, add, keys)
			for _, word := range words(string(config)) { // comments, and numbers as they are written
				if !keys[word] && (len(word) >= minRun || strings.ContainsAny(word[:1], "+-.0123456789")) {
					add(word)
				}
			}
			return found
		}
	}
	for line := range strings.Lines(string(config)) {
		if m := assignment.FindStringSubmatch(line); m != nil {
			add(strings.Trim(strings.TrimSpace(m[1]), "\"'"))
			continue
		}
		for word := range strings.FieldsSeq(line) {
			add(strings.Trim(word, "\"',:;{}[]"))
		}
		add(line)
	}
	return found
}

// words are what is between the punctuation of JSON and YAML.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"',:;{}[]", r) })
}

// leaves walks a tree of JSON or YAML.
func leaves(tree any, add func(string), keys map[string]bool) {
	switch t := tree.(type) {
	case map[string]any:
		for k, v := range t {
			for _, word := range words(k) {
				keys[word] = true
			}
			leaves(v, add, keys)
		}
	case []any:
		for _, v := range t {
			leaves(v, add, keys)
		}
	case string:
		add(t)
	}
}

// encodings adds how programs write strings in messages.
func encodings(secrets []string) []string {
	all := slices.Clone(secrets)
	for _, s := range secrets {
		if len(s) < minRun {
			continue
		}
		quoted, err := json.Marshal(s)
		if err == nil {
			all = append(all, strings.Trim(string(quoted), `"`))
		}
		all = append(all, url.QueryEscape(s), url.PathEscape(s), hex.EncodeToString([]byte(s)))
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			// Inside something longer, such as the header of HTTP's basic authentication, the characters depend on how many
			// bytes go before, modulo three. The first that hold bits of those bytes are left out.
			for before := range 3 {
				all = append(all, encoding.EncodeToString(append(make([]byte, before), s...))[(8*before+5)/6:])
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
