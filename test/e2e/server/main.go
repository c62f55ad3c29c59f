// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command server answers HTTPS with the pair of a mounted TLS Secret, and with the next one as soon as the files have changed.
// The body of every answer is a text that was drawn when the process started, so that clients see whether it is still the same.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	address := flag.String("listen", "127.0.0.1:8443", "address to listen on")
	dir := flag.String("certificate-dir", "/etc/tls", "folder with tls.crt and tls.key")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *address, *dir); err != nil {
		fmt.Fprintf(os.Stderr, "server: %v\n", err)
		stop()
		os.Exit(1)
	}
}

// serve serves until ctx is done. It fails if the pair cannot be loaded now: a process that starts without its certificate is
// what this server shall show.
func serve(ctx context.Context, address, dir string) error {
	pair, err := newReloader(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		return err
	}
	started := rand.Text()
	server := &http.Server{
		Addr:              address,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, started) }),
		TLSConfig:         &tls.Config{GetCertificate: pair.get, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second,
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.ListenAndServeTLS("", "") }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serving on %s: %w", address, err)
	case <-ctx.Done():
	}
	if err := server.Close(); err != nil {
		return fmt.Errorf("closing the listener: %w", err)
	}
	if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", address, err)
	}
	return nil
}
