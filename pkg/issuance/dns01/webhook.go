// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// maxDiscarded bounds what is read of an answer, in bytes, to keep the connection. Answers are never repeated to people:
// they may contain what was sent, and whoever writes the URL could read pages that only the controller reaches.
const maxDiscarded = 64 << 10

// webhook posts the bodies of lego's provider httpreq in its default mode to <url>/present and <url>/cleanup.
type webhook struct {
	spec   *v1alpha1.WebhookSolver
	url    *url.URL
	client *http.Client
	o      Options
}

// webhookBody is what is posted.
type webhookBody struct {
	FQDN  string `json:"fqdn"`
	Value string `json:"value"`
}

func newWebhook(spec *v1alpha1.WebhookSolver, o Options) (*webhook, error) {
	u, err := url.Parse(spec.URL)
	switch {
	case err != nil:
		return nil, mark(ErrConfiguration, errors.New("reading dns01.webhook.url: it is not a URL"))
	case u.Scheme != "https" || u.Hostname() == "":
		return nil, mark(ErrConfiguration, errors.New("reading dns01.webhook.url: it must be https://host/path"))
	case u.User != nil:
		return nil, mark(ErrConfiguration, errors.New("reading dns01.webhook.url: it holds credentials; put them into the Secret that authorizationSecretRef names"))
	case u.Fragment != "":
		return nil, mark(ErrConfiguration, errors.New("reading dns01.webhook.url: remove the fragment (#...)"))
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	transport.DisableKeepAlives = true // solvers are made for one use
	transport.MaxResponseHeaderBytes = maxDiscarded
	if len(spec.CABundle) > 0 {
		roots, err := pki.Roots("dns01.webhook.caBundle", spec.CABundle)
		if err != nil {
			return nil, mark(ErrConfiguration, err)
		}
		transport.TLSClientConfig.RootCAs = roots
	}
	return &webhook{spec: spec, url: u, o: o, client: &http.Client{
		Transport:     transport,
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Present implements Solver.
func (s *webhook) Present(ctx context.Context, r Record) error { return s.post(ctx, "present", r) }

// CleanUp implements Solver.
func (s *webhook) CleanUp(ctx context.Context, r Record) error { return s.post(ctx, "cleanup", r) }

func (s *webhook) post(ctx context.Context, path string, r Record) error {
	u := s.url.JoinPath(path)
	shown := u.Scheme + "://" + u.Host + u.EscapedPath() // a query may hold a token
	body, err := json.Marshal(webhookBody{FQDN: r.FQDN, Value: r.Value})
	if err != nil {
		return fmt.Errorf("writing the body for %s: %w", shown, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making a request for %s: %s", shown, cause(err))
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if err := s.authorize(ctx, request); err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("posting TXT record %s to %s: %w", r.FQDN, shown, s.unreachable(err))
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxDiscarded)
	if err := s.status(response.StatusCode); err != nil {
		return fmt.Errorf("posting TXT record %s to %s: %w", r.FQDN, shown, err)
	}
	return nil
}

// authorize sets the header Authorization.
func (s *webhook) authorize(ctx context.Context, request *http.Request) error {
	if s.spec.AuthorizationSecretRef == nil {
		return nil
	}
	const field = "dns01.webhook.authorizationSecretRef"
	b, err := s.o.secret(ctx, field, *s.spec.AuthorizationSecretRef)
	if err != nil {
		return err
	}
	value := strings.TrimSpace(string(b))
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
		return mark(ErrCredentials, fmt.Errorf("reading %s: key %q of Secret %q has more than one line or characters that are not ASCII; put the value of the header there, for example Bearer and a token",
			field, s.spec.AuthorizationSecretRef.Key, s.spec.AuthorizationSecretRef.Name))
	}
	request.Header.Set("Authorization", value)
	return nil
}

// unreachable says why no answer came.
func (s *webhook) unreachable(err error) error {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return mark(ErrConfiguration, errors.New("its certificate is signed by an unknown authority; set caBundle to the roots that verify it"))
	case errors.As(err, &host):
		return mark(ErrConfiguration, fmt.Errorf("its certificate is not for %s", s.url.Hostname()))
	case errors.As(err, &invalid):
		return errors.New("its certificate is not valid, expired for example")
	}
	var network *net.OpError
	if errors.As(err, &network) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New(cause(err))
	}
	return errors.New("the connection broke, or what came is no HTTP answer") // other errors repeat what came
}

// status says what an HTTP status means for whoever runs the issuer.
func (s *webhook) status(code int) error {
	switch {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return mark(ErrConfiguration, fmt.Errorf("it answers HTTP %d, a redirect, which is not followed; set url to where it leads", code))
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		if s.spec.AuthorizationSecretRef == nil {
			return mark(ErrCredentials, fmt.Errorf("it answers HTTP %d; set authorizationSecretRef", code))
		}
		return mark(ErrCredentials, fmt.Errorf("it answers HTTP %d; check key %q of Secret %q", code, s.spec.AuthorizationSecretRef.Key, s.spec.AuthorizationSecretRef.Name))
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed:
		return mark(ErrConfiguration, fmt.Errorf("it answers HTTP %d; check url, to which /present and /cleanup are added", code))
	}
	return fmt.Errorf("it answers HTTP %d; its log may say why", code)
}
