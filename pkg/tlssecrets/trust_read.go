// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"

	certificatesv1beta1 "k8s.io/api/certificates/v1beta1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// resource is what the permission to read the authorities is granted on.
func (k trustKey) resource() string {
	if k.trust.Kind == declare.TrustClusterTrustBundle {
		return "clustertrustbundles"
	}
	return "configmaps"
}

// readAnchors returns the authorities, PEM, and the version of the object that holds them.
func (t *trusts) readAnchors(ctx context.Context, k trustKey, allowedBefore bool) (version, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	if k.trust.Kind == declare.TrustClusterTrustBundle {
		bundle, err := confirmed(allowedBefore, func() (*certificatesv1beta1.ClusterTrustBundle, error) {
			return t.client.CertificatesV1beta1().ClusterTrustBundles().Get(ctx, k.trust.Name, metav1.GetOptions{})
		})
		if err != nil {
			return version{}, nil, err
		}
		return version{bundle.UID, bundle.ResourceVersion}, []byte(bundle.Spec.TrustBundle), nil
	}
	configMap, err := confirmed(allowedBefore, func() (*corev1.ConfigMap, error) {
		return t.client.CoreV1().ConfigMaps(k.namespace).Get(ctx, k.trust.Name, metav1.GetOptions{})
	})
	if err != nil {
		return version{}, nil, err
	}
	pem, ok := configMap.BinaryData[k.trust.Key]
	if !ok {
		pem = []byte(configMap.Data[k.trust.Key])
	}
	return version{configMap.UID, configMap.ResourceVersion}, pem, nil
}

// readCertificate returns a TLS Secret with nothing but tls.crt, nil if there is none. The
// key bytes are wiped before anything else is done.
func (t *trusts) readCertificate(ctx context.Context, k trustKey, allowedBefore bool) (*corev1.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	secret, err := confirmed(allowedBefore, func() (*corev1.Secret, error) {
		return t.client.CoreV1().Secrets(k.namespace).Get(ctx, k.name, metav1.GetOptions{})
	})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	wipe(secret)
	if secret.Type != corev1.SecretTypeTLS {
		return nil, nil
	}
	return secret, nil
}
