// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// look reads the authorities, and the Secret if they or it changed, and takes note of the
// answer.
func (t *trusts) look(ctx context.Context, k trustKey, take func() bool) {
	answer, err := t.find(ctx, k, t.current(k), take)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		klog.FromContext(ctx).V(2).Info("Failed to check a Secret against declared authorities, retrying",
			"secret", klog.KRef(k.namespace, k.name), "authorities", trustRef(k.namespace, k.trust), "err", err)
	}
	if t.note(k, answer) {
		t.notify(k.namespace, k.name)
	}
}

// find returns an answer, or nil if there is no news. What people must repair is an answer;
// an error says nothing and is tried again.
func (t *trusts) find(ctx context.Context, k trustKey, before *trustAnswer, take func() bool) (*trustAnswer, error) {
	allowedBefore := before == nil || before.facts != nil
	version, pem, err := t.readAnchors(ctx, k, allowedBefore)
	kind := k.resource()
	switch {
	case notServed(err):
		return &trustAnswer{problem: "cannot be read: the API server does not serve " + kind + "; enable that API, or declare a configmap"}, nil
	case apierrors.IsNotFound(err):
		return &trustAnswer{problem: "cannot be read: no such object is among the " + kind + "; create it, or correct the pod's trust"}, nil
	case apierrors.IsForbidden(err):
		return &trustAnswer{problem: "cannot be read: " + forbiddenTo("getting", kind, "get", err).Error()}, nil
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", trustRef(k.namespace, k.trust), err)
	case before != nil && before.anchors == version:
		return nil, nil
	}
	anchors, err := tlsready.ParseAnchors(pem)
	if err != nil {
		return &trustAnswer{anchors: version, problem: err.Error() + "; put the certificates of the authorities there, PEM"}, nil
	}
	if !take() {
		return nil, ctx.Err()
	}
	answer, err := t.inspect(ctx, k, anchors, allowedBefore)
	if answer != nil && answer.facts != nil {
		answer.anchors = version
	}
	return answer, err
}

// notServed tells an API server that lacks the kind from one that lacks the object: the latter says which in the details. One
// of Kubernetes answers with a Status without details, others with a page that is no Status.
func notServed(err error) bool {
	var answer apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &answer) {
		return false
	}
	details := answer.Status().Details
	return details == nil || details.Name == "" || apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// inspect reads the Secret and checks its certificate against the authorities. A Secret that
// was deleted or replaced is no news: the informer will tell.
func (t *trusts) inspect(ctx context.Context, k trustKey, anchors *tlsready.Anchors, allowedBefore bool) (*trustAnswer, error) {
	secret, err := t.readCertificate(ctx, k, allowedBefore)
	switch {
	case apierrors.IsForbidden(err):
		return &trustAnswer{refused: "cannot be read: " + forbiddenError("getting", err).Error()}, nil
	case err != nil:
		return nil, fmt.Errorf("reading secret %s/%s: %w", k.namespace, k.name, err)
	case secret == nil:
		return nil, nil
	}
	return &trustAnswer{
		secret: version{secret.UID, secret.ResourceVersion},
		facts:  tlsready.InspectTrust(secret, anchors),
	}, nil
}
