// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Failure is an attempt that the ACME server refused or did not answer. Other errors of this package come from the
// Kubernetes API and are simply tried again.
type Failure struct {
	// Reason for condition Issuing.
	Reason string
	// Message for people: it names the server.
	Message string
	// RetryAt is when the server wants to be asked again; zero leaves it to the back-off.
	RetryAt time.Time
	// Transient failures say nothing about the request: the server was not reached, or could not answer.
	Transient bool
	// UnknownAccount says that the server does not know the account (any more).
	UnknownAccount bool
	// Missing says that the server does not know what was asked for (HTTP 404).
	Missing bool

	// problem is the type of the server's problem document; "" if it sent none.
	problem string
	// unplaced says that there is no order, and for a while there will be none: others with the same names need not wait.
	unplaced bool
}

// Error implements error.
func (f *Failure) Error() string { return f.Message }

// retryDetail is how Let's Encrypt gives the time in the text of a rateLimited problem.
var retryDetail = regexp.MustCompile(`retry after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)`)

// classify turns the error of a call, named by doing, into a Failure.
func classify(server, doing string, err error, h *hint, now time.Time) *Failure {
	status, retryAt := h.get()
	var problem acme.Problem
	isProblem := errors.As(err, &problem)
	words := bound(err.Error())
	if !isProblem && status != 0 && !isNetwork(err) {
		// The body of whatever answered, which the protocol client repeats, is not for the eyes of who wrote the URL.
		words = fmt.Sprintf("HTTP %d without a problem document", status)
	}
	f := &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf("%s at ACME server %s: %s", doing, server, words), problem: problem.Type}
	switch {
	case !retryAt.IsZero():
		f.Reason, f.RetryAt = v1alpha1.ReasonRateLimited, retryAt
		if !isProblem {
			f.Message = fmt.Sprintf("%s: ACME server %s is overloaded (HTTP %d) and asked to wait until %s",
				doing, server, status, retryAt.UTC().Format(time.RFC3339))
		}
	case isProblem && problem.Type == acme.ProblemTypeRateLimited:
		f.Reason, f.RetryAt = v1alpha1.ReasonRateLimited, retryFromDetail(problem.Detail, now)
	case isProblem && problem.Type == acme.ProblemTypeAccountDoesNotExist:
		f.UnknownAccount = true
	case isProblem && problem.Type == acme.ProblemTypeBadNonce:
		f.Reason, f.Transient = v1alpha1.ReasonServerUnreachable, true // it refused ten in a row, and nothing of the request
	case isProblem && problem.Status == http.StatusNotFound:
		f.Missing = true
	case isProblem && problem.Status < http.StatusInternalServerError:
	case isProblem, status >= http.StatusInternalServerError, isNetwork(err):
		f.Reason, f.Transient = v1alpha1.ReasonServerUnreachable, true
	case status == 0 && isGarbled(err):
		f.Reason, f.Transient = v1alpha1.ReasonServerUnreachable, true
		f.Message = fmt.Sprintf("%s: ACME server %s answered what is not JSON of that kind: %s", doing, server, words)
	case status == http.StatusNotFound:
		f.Missing = true
	}
	return f
}

// nonceRounds is how many times ten bad nonces in a row are put up with. The server has done nothing then: a balancer led
// the request to another one of it.
const nonceRounds = 3

// withNonces repeats a call whose nonces were rejected.
func withNonces(ctx context.Context, f func(ctx context.Context) error) error {
	var err error
	for range nonceRounds {
		var problem acme.Problem
		if err = f(ctx); ctx.Err() != nil || !errors.As(err, &problem) || problem.Type != acme.ProblemTypeBadNonce {
			break
		}
	}
	return err
}

// isGarbled reports whether the server answered with success and something that cannot be read: that of a proxy, or half.
func isGarbled(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind) || errors.Is(err, io.ErrUnexpectedEOF)
}

// maxWords bounds what a status repeats of a server's words, in bytes: they may be a whole page.
const maxWords = 2048

// maxNote is what the API allows in the note of an event, in bytes.
const maxNote = 1024

func bound(words string) string { return boundTo(words, maxWords) }

func boundTo(words string, most int) string {
	if len(words) <= most {
		return words
	}
	return strings.ToValidUTF8(words[:most-3], "") + "..."
}

// isNetwork reports whether err came from the connection. The standard client wraps all such errors in *url.Error.
func isNetwork(err error) bool {
	var urlErr *url.Error
	var timeout interface{ Timeout() bool }
	return errors.As(err, &urlErr) || errors.As(err, &timeout) && timeout.Timeout()
}

func retryFromDetail(detail string, now time.Time) time.Time {
	m := retryDetail.FindStringSubmatch(detail)
	if m == nil {
		return time.Time{}
	}
	at, err := time.Parse(time.DateTime, m[1]+" "+m[2])
	if err != nil {
		return time.Time{}
	}
	if limit := now.Add(maxRetryAfter); at.After(limit) {
		return limit
	}
	return at
}

// Backoff returns how long to wait after n failures in a row (n >= 1): 1, 10 and 100 minutes, then a day, as Let's
// Encrypt's integration guide has it.
func Backoff(n int32) time.Duration {
	switch {
	case n <= 1:
		return time.Minute
	case n == 2:
		return 10 * time.Minute
	case n == 3:
		return 100 * time.Minute
	}
	return 24 * time.Hour
}

// ConnectionBackoff returns how long to wait after n attempts in a row that the server did not answer (n >= 1):
// 5 s x 2^(n-1), at most 5 minutes.
func ConnectionBackoff(n int32) time.Duration {
	const first, most = 5 * time.Second, 5 * time.Minute
	if n > 6 {
		return most
	}
	return min(first<<max(n-1, 0), most)
}
