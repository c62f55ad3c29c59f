// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package isolate

import (
	"log/slog"
	"os"

	legolog "github.com/go-acme/lego/v5/log"
)

// Output throws away what providers and SDKs print and log: standard output
// and standard error belong to the protocol, and debug output holds keys. The
// files that the caller got from os.Stdout and os.Stderr before go on working.
func Output() {
	discard := slog.New(slog.DiscardHandler)
	slog.SetDefault(discard) // and with it the output of the package log
	legolog.SetDefault(discard)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return // without /dev/null nothing can be done, and the outcome is not in danger
	}
	os.Stdout, os.Stderr = null, null
}
