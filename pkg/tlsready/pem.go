// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
)

// pemBlock is one block of a PEM file.
type pemBlock struct {
	label     string
	der       []byte
	headers   bool // RFC 1421 headers precede the content
	encrypted bool // they say that it is encrypted
}

// Faults of a PEM file. The text of a file never becomes part of an error.
var (
	errNoBegin     = errors.New("an END line has no BEGIN line")
	errNoEnd       = errors.New("has no END line (truncated?)")
	errMergedLines = errors.New("a BEGIN line does not start on its own line; put a newline between END and BEGIN")
	errLostLines   = errors.New("a BEGIN line does not end after its dashes; the newlines of the file may be lost")
	errLabels      = errors.New("has a BEGIN and an END line of different types")
	errBase64      = errors.New("is not valid base64 (truncated?)")
	errTrailing    = errors.New("text follows the last block (trailing garbage?)")
)

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemDash  = "-----"
)

// walkPEM reads every block of a file. Unlike encoding/pem it does not skip what it
// cannot read. Text may precede a block, CRLF is accepted, only white space may trail.
// The error comes with the blocks read so far; inBlock tells whether it is about the
// block after those, and the error then continues a phrase that names the block.
func walkPEM(data []byte) (blocks []pemBlock, inBlock bool, err error) {
	var label string
	var body [][]byte
	open, trailing := false, false
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, " \t\r\n")
		isBegin, isEnd := bytes.HasPrefix(line, []byte(pemBegin)), bytes.HasPrefix(line, []byte(pemEnd))
		switch {
		case !isBegin && bytes.Contains(line, []byte(pemBegin)):
			return blocks, false, errMergedLines
		case isBegin && open:
			return blocks, true, errNoEnd
		case isBegin:
			var ok bool
			if label, ok = boundary(line, pemBegin); !ok {
				return blocks, false, errLostLines
			}
			open, trailing, body = true, false, nil
		case isEnd && !open:
			return blocks, false, errNoBegin
		case isEnd:
			if got, ok := boundary(line, pemEnd); !ok || got != label {
				return blocks, true, errLabels
			}
			block, err := decodeBlock(label, body)
			if err != nil {
				return blocks, true, err
			}
			blocks = append(blocks, block)
			open = false
		case open:
			body = append(body, line)
		case len(line) > 0:
			trailing = len(blocks) > 0
		}
	}
	if open {
		return blocks, true, errNoEnd
	}
	if trailing {
		return blocks, false, errTrailing
	}
	return blocks, false, nil
}

// boundary returns the label of a BEGIN or END line.
func boundary(line []byte, prefix string) (label string, ok bool) {
	rest, ok := strings.CutSuffix(string(line[len(prefix):]), pemDash)
	return rest, ok && !strings.Contains(rest, pemDash)
}

func decodeBlock(label string, body [][]byte) (pemBlock, error) {
	block := pemBlock{label: label}
	// RFC 1421 headers: lines "Key: value" up to an empty line.
	if i := slices.IndexFunc(body, func(l []byte) bool { return len(l) == 0 }); i > 0 && bytes.ContainsRune(body[0], ':') {
		block.headers = true
		for _, header := range body[:i] {
			block.encrypted = block.encrypted || bytes.Contains(header, []byte("ENCRYPTED"))
		}
		body = body[i:]
	}
	text := bytes.Map(dropSpace, bytes.Join(body, nil))
	der, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return block, errBase64
	}
	block.der = der
	return block, nil
}

func dropSpace(r rune) rune {
	if r == ' ' || r == '\t' {
		return -1
	}
	return r
}
