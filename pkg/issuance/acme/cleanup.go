// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Cleanup deletes all that an issuance for cert may have left behind. TXT records that a DNS does not let go are Sweep's
// to remove later.
func (e *Executor) Cleanup(ctx context.Context, cert *v1alpha1.TLSCertificate) error {
	var records corev1.SecretList
	err := e.Reader.List(ctx, &records, client.InNamespace(cert.Namespace), client.MatchingLabels{v1alpha1.IssuanceLabel: string(cert.UID)})
	if err != nil {
		return fmt.Errorf("listing issuance Secrets: %w", err)
	}
	for i := range records.Items {
		s := &records.Items[i]
		if s.Type != v1alpha1.IssuanceSecretType || !metav1.IsControlledBy(s, cert) {
			continue
		}
		if err := client.IgnoreNotFound(e.Writer.Delete(ctx, s, preconditions(s))); err != nil {
			return fmt.Errorf("deleting issuance Secret %s: %w", s.Name, err)
		}
	}
	if err := e.Presenter.Remove(ctx, cert); err != nil {
		return err
	}
	return e.cleanupDNS(ctx, cert, cert.Namespace, e.Namespace)
}

func preconditions(s *corev1.Secret) client.Preconditions {
	return client.Preconditions{UID: &s.UID, ResourceVersion: &s.ResourceVersion}
}

func (t *task) notify(reason, action, message string) {
	if t.Notify != nil {
		t.Notify(reason, action, message)
	}
}

// warn tells of something that went wrong and does not end the issuance.
func (t *task) warn(reason, action, message string) {
	if t.Warn != nil {
		t.Warn(reason, action, message)
		return
	}
	t.notify(reason, action, message)
}

func (e *Executor) effect(name string) error {
	if e.crash == nil {
		return nil
	}
	return e.crash(name)
}
