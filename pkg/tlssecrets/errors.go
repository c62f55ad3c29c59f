// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

var errNotListed = errors.New("waiting for the first list of TLS Secrets")

// permissionError is a refusal by the API server, with the remedy.
type permissionError struct {
	text  string
	cause error
}

func (e *permissionError) Error() string { return e.text }
func (e *permissionError) Unwrap() error { return e.cause }

// serviceAccountUser finds the user in a refusal of the API server.
var serviceAccountUser = regexp.MustCompile(`User "system:serviceaccount:([^:"]+):([^:"]+)"`)

var anyUser = regexp.MustCompile(`User "([^"]+)"`)

// forbiddenError says who was refused what about secrets, and what to grant.
func forbiddenError(doing string, err error) error {
	return forbiddenTo(doing, "secrets", "get, list and watch", err)
}

// forbiddenTo is forbiddenError for any resource and verbs.
func forbiddenTo(doing, resource, verbs string, err error) error {
	text := err.Error()
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		text = status.Status().Message
	}
	who := "the user of this process"
	if m := serviceAccountUser.FindStringSubmatch(text); m != nil {
		who = fmt.Sprintf("ServiceAccount %s/%s", m[1], m[2])
	} else if m := anyUser.FindStringSubmatch(text); m != nil {
		who = fmt.Sprintf("user %q", m[1])
	}
	if _, detail, ok := strings.Cut(text, "is forbidden: "); ok {
		text = detail
	}
	return &permissionError{
		text:  fmt.Sprintf("%s %s: forbidden: %s; grant %s on %s to %s", doing, resource, text, verbs, resource, who),
		cause: err,
	}
}

func notWatchedError(namespace string) error {
	return fmt.Errorf("namespace %q is not among the configured namespaces; add it to them", namespace)
}
