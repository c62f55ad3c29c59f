// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"crypto/x509"
	"errors"
	"net"
	"net/http"
)

// advice says what of the issuer to change when the directory could not be read; "" if that may pass by itself. status is that of the
// answer, 0 if there was none.
func advice(err error, status int) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var lookup *net.DNSError
	switch {
	case errors.As(err, &unknown):
		return "; set spec.acme.caBundle to the roots that verify the server's certificate"
	case errors.As(err, &host), errors.As(err, &lookup) && lookup.IsNotFound,
		status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
		return "; correct spec.acme.server"
	}
	return ""
}
