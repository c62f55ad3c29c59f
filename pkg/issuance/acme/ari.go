// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	// minAsk and maxAsk bound what a server's Retry-After may ask for: RFC 9773 section 4.3.2 has clients choose such bounds,
	// and names one minute and one day.
	minAsk, maxAsk = time.Minute, 24 * time.Hour
	// usualAsk is when to ask again if the server does not say; failedAsk, if it does not answer.
	usualAsk, failedAsk = 6 * time.Hour, time.Hour
	// maxURL bounds explanationURL.
	maxURL = 2048
)

// CertificateID returns the identifier of a certificate (RFC 9773 section 4.1); "" if it names no key of its issuer.
func CertificateID(leaf *x509.Certificate) string {
	if len(leaf.AuthorityKeyId) == 0 {
		return ""
	}
	id, err := acme.ARIUniqueIdentifier(leaf)
	if err != nil {
		return ""
	}
	return id
}

// RenewalInfo asks the CA once when it wants the certificate to be renewed. It returns nil if the CA does not say such
// things, and what the status has already while its nextCheck has not come. A check that fails keeps the window that is
// known and says in message why, so that the error is always nil.
func (e *Executor) RenewalInfo(ctx context.Context, cert *v1alpha1.TLSCertificate, issuer v1alpha1.Issuer, leaf *x509.Certificate) (*v1alpha1.RenewalInfo, error) {
	id := CertificateID(leaf)
	if id == "" {
		return nil, nil
	}
	now := e.Clock.Now()
	info := &v1alpha1.RenewalInfo{CertificateID: id}
	if st := cert.Status.ACME; st != nil && st.RenewalInfo != nil && st.RenewalInfo.CertificateID == id {
		info = st.RenewalInfo.DeepCopy()
		if info.NextCheck != nil && now.Before(info.NextCheck.Time) {
			return info, nil
		}
	}
	spec := issuer.GetSpec().ACME
	directory, httpClient, err := e.Clients.directory(ctx, spec)
	if err == nil && directory.RenewalInfo == "" {
		return nil, nil
	}
	var answer renewalAnswer
	if err == nil {
		answer, err = askRenewal(ctx, httpClient, directory.RenewalInfo+"/"+id)
	}
	if err != nil {
		info.Message = fmt.Sprintf("asking ACME server %s when to renew: %s", spec.Server, bound(err.Error()))
		info.NextCheck = nextCheck(answer.retryAfter, failedAsk, now)
		return info, nil
	}
	before := *info
	info.Start, info.End, info.ExplanationURL, info.Message = nil, nil, "", ""
	info.NextCheck = nextCheck(answer.retryAfter, usualAsk, now)
	if u, err := url.Parse(answer.ExplanationURL); err == nil && (u.Scheme == "https" || u.Scheme == "http") && len(answer.ExplanationURL) <= maxURL {
		info.ExplanationURL = answer.ExplanationURL
	}
	start, end := answer.SuggestedWindow.Start, answer.SuggestedWindow.End
	if movedForward(before, start, end, leaf) {
		info.Message = fmt.Sprintf("%s to %s, as CAs do for certificates that they revoke", moved, start.UTC().Format(time.RFC3339))
	} else if why := absurd(start, end, leaf); why != "" {
		info.Message = fmt.Sprintf("the window from %s to %s in which the CA wants the certificate to be renewed is ignored: %s",
			start.UTC().Format(time.RFC3339), end.UTC().Format(time.RFC3339), why)
		return info, nil
	}
	info.Start, info.End = &metav1.Time{Time: start.UTC().Truncate(time.Second)}, &metav1.Time{Time: end.UTC().Truncate(time.Second)}
	return info, nil
}

// moved begins the message of a window that the CA has moved into the first tenth of the certificate's life.
const moved = "the CA has moved the window in which it wants the certificate to be renewed forward"

// Moved reports whether the window opens so soon because the CA has moved it: it wants the certificate to be replaced at once.
func Moved(info *v1alpha1.RenewalInfo) bool {
	return info != nil && info.Start != nil && strings.HasPrefix(info.Message, moved)
}

// movedForward reports whether a window that would be absurd is meant: of the same certificate the CA has named a later one before. One
// that opens with each certificate says so at the first question.
func movedForward(before v1alpha1.RenewalInfo, start, end time.Time, leaf *x509.Certificate) bool {
	earlier := Moved(&before) || before.Start != nil && start.Before(before.Start.Time)
	return earlier && !start.IsZero() && start.Before(end) && !start.After(firstTenth(leaf)) && !end.After(leaf.NotAfter)
}

// firstTenth is when a tenth of the certificate's life is over.
func firstTenth(leaf *x509.Certificate) time.Time {
	return leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 10)
}

// absurd returns why a window is of no use, or "". A window that opens with the certificate would have it renewed for ever.
func absurd(start, end time.Time, leaf *x509.Certificate) string {
	earliest := firstTenth(leaf)
	switch {
	case start.IsZero() || end.IsZero():
		return "it is incomplete"
	case !start.Before(end):
		return "it ends before it starts"
	case !start.After(earliest):
		return fmt.Sprintf("it starts before %s, when less than a tenth of the certificate's lifetime is over", earliest.UTC().Format(time.RFC3339))
	case end.After(leaf.NotAfter):
		return "it ends after the certificate, at " + leaf.NotAfter.UTC().Format(time.RFC3339)
	}
	return ""
}

// renewalAnswer is RFC 9773 section 4.2's, and the header Retry-After.
type renewalAnswer struct {
	acme.RenewalInfo
	retryAfter string
}

// askRenewal makes one request, which is neither signed nor repeated.
func askRenewal(ctx context.Context, c *http.Client, url string) (renewalAnswer, error) {
	var answer renewalAnswer
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return answer, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return answer, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer.retryAfter = resp.Header.Get("Retry-After")
	if resp.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("it answered HTTP %d", resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(body, &answer.RenewalInfo); err != nil {
		return answer, errors.New("its answer is not the JSON of RFC 9773")
	}
	return answer, nil
}

func nextCheck(retryAfter string, usual time.Duration, now time.Time) *metav1.Time {
	at := now.Add(usual)
	if asked := parseRetryAfter(retryAfter, now); !asked.IsZero() {
		at = asked
	}
	if earliest := now.Add(minAsk); at.Before(earliest) {
		at = earliest
	}
	if latest := now.Add(maxAsk); at.After(latest) {
		at = latest
	}
	return &metav1.Time{Time: at.UTC().Truncate(time.Second)}
}
