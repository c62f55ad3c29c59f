// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// What errors.Is finds in errors that last until a person changes something. Others may pass by themselves.
var (
	// ErrCredentials says that a Secret is absent or malformed, or that what it holds was refused.
	ErrCredentials = errors.New("credentials not accepted")
	// ErrConfiguration says that the issuer's dns01 solver, or the zone, has to be changed.
	ErrConfiguration = errors.New("configuration not accepted")
)

type marked struct {
	error
	as error
}

// mark makes errors.Is(err, as) true without changing the text.
func mark(as, err error) error { return marked{err, as} }

// Is implements what errors.Is looks for.
func (m marked) Is(target error) bool { return target == m.as }

// Unwrap implements what errors.Is and errors.As look for.
func (m marked) Unwrap() error { return m.error }

// secret reads the Secret that field names.
func (o Options) secret(ctx context.Context, field string, ref v1alpha1.SecretKeyReference) ([]byte, error) {
	if o.Secret == nil {
		return nil, fmt.Errorf("reading %s: no Secrets can be read here", field)
	}
	value, err := o.Secret(ctx, ref)
	if err != nil {
		err = fmt.Errorf("reading %s: %w", field, err)
		if passing(err) {
			return nil, err
		}
		return nil, mark(ErrCredentials, err)
	}
	if len(bytes.TrimSpace(value)) == 0 {
		return nil, mark(ErrCredentials, fmt.Errorf("reading %s: key %q of Secret %q is empty; put the value there", field, ref.Key, ref.Name))
	}
	return value, nil
}

// passing reports whether an error of the API server says nothing about the object that was asked for.
func passing(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, context.Canceled) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err)
}

// cause says why a connection failed, in words that are the same each time: errors of the net package name the local port.
func cause(err error) string {
	var timeout interface{ Timeout() bool }
	var dnsErr *net.DNSError
	var opErr *net.OpError
	var urlErr *url.Error
	var errno syscall.Errno
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &dnsErr):
		if dnsErr.IsNotFound {
			return fmt.Sprintf("no address is known for %s", dnsErr.Name)
		}
		return fmt.Sprintf("looking up the address of %s failed", dnsErr.Name)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &opErr):
		return opErr.Err.Error()
	case errors.As(err, &urlErr):
		return urlErr.Err.Error()
	}
	return err.Error()
}
