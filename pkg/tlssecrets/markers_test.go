// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// planted is how many keys the tests look for.
const planted = 1000

// markers find private keys in bytes. Each key has one pattern for every form in which it
// may lie in memory: the scalar of the key as DER holds it, and reversed as words of
// math/big; the second base64 line of the PEM file; and the base64 of that in JSON.
type markers struct {
	patterns map[uint64][]pattern // by the first eight bytes
	longest  int
}

type pattern struct {
	key  int
	form string
	text []byte
}

var garden struct {
	once    sync.Once
	secrets []*corev1.Secret
	markers *markers
}

// plant returns TLS Secrets with different keys, and the markers of those. The keys are
// made once.
func plant(tb testing.TB) ([]*corev1.Secret, *markers) {
	tb.Helper()
	garden.once.Do(func() {
		ca, m := tlstest.NewCA(tb), &markers{patterns: make(map[uint64][]pattern)}
		for i := range planted {
			s := newSecret(ca, "shop", fmt.Sprintf("web-%04d", i))
			m.add(tb, i, s.Data[corev1.TLSPrivateKeyKey])
			garden.secrets = append(garden.secrets, s)
		}
		garden.markers = m
	})
	secrets := make([]*corev1.Secret, planted)
	for i, s := range garden.secrets {
		secrets[i] = s.DeepCopy()
	}
	return secrets, garden.markers
}

func (m *markers) add(tb testing.TB, key int, keyPEM []byte) {
	tb.Helper()
	block, _ := pem.Decode(keyPEM)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		tb.Fatalf("parsing a planted key: %v", err)
	}
	scalar, err := parsed.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		tb.Fatalf("reading a planted key: %v", err)
	}
	reversed := slices.Clone(scalar)
	slices.Reverse(reversed)
	// Line 1 is "-----BEGIN PRIVATE KEY-----", line 2 is mostly algorithm, line 3 is key.
	line := keyPEM[28+65 : 28+65+64]
	inJSON := base64.StdEncoding.EncodeToString(keyPEM)[4*32 : 4*50] // of bytes 96 to 150, within that line
	for form, text := range map[string][]byte{"DER": scalar, "reversed": reversed, "PEM": line, "JSON": []byte(inJSON)} {
		prefix := binary.LittleEndian.Uint64(text)
		m.patterns[prefix] = append(m.patterns[prefix], pattern{key, form, text})
		m.longest = max(m.longest, len(text))
	}
}

// finds are the keys that were found, each with the forms.
type finds map[int]map[string]bool

func (m *markers) search(data []byte, found finds) {
	for i := 0; i+8 <= len(data); i++ {
		for _, p := range m.patterns[binary.LittleEndian.Uint64(data[i:])] {
			if len(data)-i >= len(p.text) && string(data[i:i+len(p.text)]) == string(p.text) {
				if found[p.key] == nil {
					found[p.key] = make(map[string]bool)
				}
				found[p.key][p.form] = true
			}
		}
	}
}

// searchAll searches a stream in pieces that overlap.
func (m *markers) searchAll(r io.Reader) (found finds, size int, err error) {
	found = make(finds)
	in, piece, kept := bufio.NewReaderSize(r, 1<<20), make([]byte, 1<<20), 0
	for {
		n, err := io.ReadFull(in, piece[kept:])
		size += n
		m.search(piece[:kept+n], found)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return found, size, nil
		}
		if err != nil {
			return nil, size, err
		}
		kept = copy(piece, piece[len(piece)-m.longest:])
	}
}

// reachable searches all bytes that can be reached from a value: exported or not.
func (m *markers) reachable(root any) (found finds, bytes int) {
	found = make(finds)
	type visit struct {
		at  uintptr
		typ reflect.Type
	}
	seen := make(map[visit]bool)
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer, reflect.Map:
			if v.IsNil() || seen[visit{v.Pointer(), v.Type()}] {
				return
			}
			seen[visit{v.Pointer(), v.Type()}] = true
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Map:
			for entries := v.MapRange(); entries.Next(); {
				walk(entries.Key())
				walk(entries.Value())
			}
		case reflect.String:
			bytes += v.Len()
			m.search([]byte(v.String()), found)
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				data := make([]byte, v.Len())
				for i := range data {
					data[i] = byte(v.Index(i).Uint())
				}
				bytes += len(data)
				m.search(data, found)
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(root))
	return found, bytes
}

func (f finds) String() string {
	forms := make(map[string]int)
	for _, in := range f {
		for form := range in {
			forms[form]++
		}
	}
	return fmt.Sprintf("%d of %d keys, by form %v", len(f), planted, forms)
}
