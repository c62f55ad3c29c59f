// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tollgate-dev/tollgate/pkg/refusal"
)

var errNotListed = errors.New("waiting for the first list of TLS Secrets")

// staleError says since when nothing has come from the API server, and why if that is known.
func staleError(heard time.Time, cause error) error {
	if cause == nil {
		cause = errors.New("it does not answer")
	}
	return fmt.Errorf("the API server has sent nothing about TLS Secrets since %s: %w; watching them is tried again all the time",
		heard.UTC().Format(time.RFC3339), cause)
}

// permissionError is a refusal by the API server, with the remedy.
type permissionError struct {
	text  string
	cause error
}

func (e *permissionError) Error() string { return e.text }
func (e *permissionError) Unwrap() error { return e.cause }

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
	who := cmp.Or(refusal.Who(text), "the user of this process")
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
