// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestSecretsThatCannotBeRead(t *testing.T) {
	secrets := schema.GroupResource{Resource: "secrets"}
	for _, test := range []struct {
		name  string
		err   error
		lasts bool
	}{
		{"absent", apierrors.NewNotFound(secrets, "s"), true},
		{"forbidden", apierrors.NewForbidden(secrets, "s", errors.New("no")), true},
		{"no such key", errors.New("no key"), true},
		{"API server away", &url.Error{Op: "Get", Err: syscall.ECONNREFUSED}, false},
		{"API server busy", apierrors.NewTooManyRequests("later", 1), false},
		{"API server starting", apierrors.NewServiceUnavailable("later"), false},
		{"interrupted", context.Canceled, false},
		{"out of time", fmt.Errorf("reading: %w", context.DeadlineExceeded), false},
	} {
		o := Options{Secret: func(context.Context, v1alpha1.SecretKeyReference) ([]byte, error) { return nil, test.err }}
		_, err := o.secret(t.Context(), "field", v1alpha1.SecretKeyReference{})
		if !errors.Is(err, test.err) || errors.Is(err, ErrCredentials) != test.lasts {
			t.Errorf("%s: error %v, ErrCredentials: %v, want %v", test.name, err, !test.lasts, test.lasts)
		}
	}
}

func TestCauseIsStable(t *testing.T) {
	local := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 43210}
	for _, test := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Net: "tcp", Source: local, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "connection refused"},
		{&net.OpError{Op: "read", Net: "udp", Source: local, Err: os.ErrDeadlineExceeded}, "no answer in time"},
		{&net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}, "tls: bad certificate"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "ns9", Server: "10.0.0.10:53", IsNotFound: true}}, "no address is known for ns9"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "read udp 10.0.0.1:43210", Name: "ns9"}}, "looking up the address of ns9 failed"},
		{&url.Error{Op: "Post", URL: "https://u?token=x", Err: errors.New("EOF")}, "EOF"},
		{context.DeadlineExceeded, "no answer in time"},
		{context.Canceled, "interrupted"},
		{errors.New("dns: bad rdata"), "dns: bad rdata"},
	} {
		if got := cause(test.err); got != test.want {
			t.Errorf("cause(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}
