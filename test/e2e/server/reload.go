// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
)

// reloader gives the pair of two files, which may be replaced while it runs.
type reloader struct {
	certFile, keyFile string

	mu   sync.Mutex
	pair *tls.Certificate
	seen os.FileInfo // of certFile, when pair was loaded
}

func newReloader(certFile, keyFile string) (*reloader, error) {
	r := &reloader{certFile: certFile, keyFile: keyFile}
	if err := r.reload(); err != nil {
		return nil, err
	}
	return r, nil
}

// get looks at the file in each handshake. A pair that cannot be loaded, for example because the kubelet is just about to
// replace it, leaves the one before in use, and is tried again in the next handshake.
func (r *reloader) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, err := os.Stat(r.certFile)
	if err == nil && (!os.SameFile(now, r.seen) || !now.ModTime().Equal(r.seen.ModTime())) {
		err = r.reload()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "server: keeping the certificate: %v\n", err)
	}
	return r.pair, nil
}

func (r *reloader) reload() error {
	// The state is read before the content: a change in between is found the next time.
	seen, err := os.Stat(r.certFile)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(r.certFile, r.keyFile)
	if err != nil {
		return fmt.Errorf("loading the certificate: %w", err)
	}
	r.pair, r.seen = &pair, seen
	return nil
}
