// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
)

// copySecrets says how the Secrets of a ClusterIssuer get to where tollgate-controller reads them.
func (c *conversion) copySecrets(i *issuer) {
	from, into := c.secretNamespace(i), c.newSecretNamespace(i)
	if from == into || len(i.secrets) == 0 {
		return
	}
	var commands []string
	for _, name := range i.secrets {
		commands = append(commands, copySecret(from, name, into))
	}
	i.todo("", commands, "Tollgate reads the Secrets of a ClusterCertIssuer in namespace %s, cert-manager in %s: copy them.", into, from)
}

// copySecret copies a Secret without printing it.
func copySecret(from, name, into string) string {
	return fmt.Sprintf("kubectl -n %s get secret %s -o json | jq '{apiVersion, kind, type, metadata: {name: .metadata.name}, data}' | kubectl -n %s create -f -", from, name, into)
}

// copyKey copies a key of a Secret to another name and key without printing it.
func copyKey(from string, k *secretKey, into, name, key string) string {
	return fmt.Sprintf(`kubectl -n %s get secret %s -o json | jq '{apiVersion, kind, metadata: {name: "%s"}, data: {"%s": .data["%s"]}}' | kubectl -n %s create -f -`,
		from, k.name, name, key, k.key, into)
}

// adopt takes off a Secret what says that cert-manager makes it. What nobody says is theirs, a TLSCertificate takes over: it
// uses the certificate as it is and issues another when that is due (target.Unowned, and inspect of the certificate controller).
func adopt(namespace, secret string, labels map[string]string) []string {
	commands := []string{fmt.Sprintf("kubectl -n %s annotate secret %s cert-manager.io/certificate-name-", namespace, secret)}
	if _, managed := labels[managedByLabel]; managed {
		commands = append(commands, fmt.Sprintf("kubectl -n %s label secret %s %s-", namespace, secret, managedByLabel))
	}
	return commands
}

// managedByLabel says that somebody sees to an object.
const managedByLabel = "app.kubernetes.io/managed-by"
