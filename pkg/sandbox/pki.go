// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// pkiValidity is the lifetime of everything the sandbox signs for itself.
const pkiValidity = 365 * 24 * time.Hour

// frontProxyUser is whom aggregated API servers accept user headers from.
const frontProxyUser = "front-proxy-client"

// authority is a certificate authority that lives as long as the sandbox.
type authority struct {
	cert    *x509.Certificate
	key     *ecdsa.PrivateKey
	certPEM []byte
}

// keyPair is a certificate with its key, PEM-encoded.
type keyPair struct{ cert, key []byte }

func newAuthority(commonName string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the key of CA %q: %w", commonName, err)
	}
	template, err := certificateTemplate(pkix.Name{CommonName: commonName})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing CA %q: %w", commonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parsing CA %q: %w", commonName, err)
	}
	return &authority{cert: cert, key: key, certPEM: encodePEM("CERTIFICATE", der)}, nil
}

// client issues a client certificate for a Kubernetes user in groups.
func (a *authority) client(user string, groups ...string) (keyPair, error) {
	return a.issue(pkix.Name{CommonName: user, Organization: groups}, nil)
}

// server issues a certificate for a server on 127.0.0.1 that can also act as
// a client (etcd's peers do). names are added to localhost.
func (a *authority) server(commonName string, names ...string) (keyPair, error) {
	return a.issue(pkix.Name{CommonName: commonName}, append([]string{"localhost"}, names...))
}

func (a *authority) issue(subject pkix.Name, serverNames []string) (keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keyPair{}, fmt.Errorf("generating the key of %q: %w", subject.CommonName, err)
	}
	template, err := certificateTemplate(subject)
	if err != nil {
		return keyPair{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(serverNames) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		template.DNSNames = serverNames
		template.IPAddresses = []net.IP{net.ParseIP(loopback)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return keyPair{}, fmt.Errorf("signing the certificate of %q: %w", subject.CommonName, err)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{cert: encodePEM("CERTIFICATE", der), key: keyPEM}, nil
}

func certificateTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-time.Minute),
		NotAfter:     now.Add(pkiValidity),
	}, nil
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return encodePEM("EC PRIVATE KEY", der), nil
}

func encodePEM(blockType string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})
}

// pki holds the files that the components read, all in one folder.
type pki struct {
	dir     string
	cluster *authority // signs the control plane's servers and clients
	proxy   *authority // signs the client certificate of kube-apiserver's aggregation layer
	acme    *authority // signs Pebble's own HTTPS certificate
}

func newPKI(dir string) (*pki, error) {
	p := &pki{dir: dir}
	var err error
	if p.cluster, err = newAuthority("tollgate-sandbox-ca"); err != nil {
		return nil, err
	}
	if p.proxy, err = newAuthority("tollgate-sandbox-front-proxy-ca"); err != nil {
		return nil, err
	}
	if p.acme, err = newAuthority("tollgate-sandbox-acme-server-ca"); err != nil {
		return nil, err
	}
	saKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the ServiceAccount key: %w", err)
	}
	saPEM, err := encodeKey(saKey)
	if err != nil {
		return nil, err
	}
	caKey, err := encodeKey(p.cluster.key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the sandbox's PKI: %w", err)
	}
	files := map[string][]byte{"ca.crt": p.cluster.certPEM, "ca.key": caKey, "sa.key": saPEM}
	proxyClient, err := p.proxy.client(frontProxyUser)
	if err != nil {
		return nil, err
	}
	files["front-proxy-ca.crt"] = p.proxy.certPEM
	files["front-proxy-client.crt"], files["front-proxy-client.key"] = proxyClient.cert, proxyClient.key
	servers := []struct {
		file string
		ca   *authority
	}{
		{"etcd", p.cluster}, {"apiserver", p.cluster}, {"controller-manager", p.cluster}, {"pebble", p.acme},
	}
	for _, s := range servers {
		pair, err := s.ca.server(s.file, "kubernetes", "kubernetes.default", "kubernetes.default.svc")
		if err != nil {
			return nil, err
		}
		files[s.file+".crt"], files[s.file+".key"] = pair.cert, pair.key
	}
	for name, data := range files {
		if err := os.WriteFile(p.path(name), data, 0o600); err != nil {
			return nil, fmt.Errorf("writing the sandbox's PKI: %w", err)
		}
	}
	return p, nil
}

// path returns the path of a file of the PKI.
func (p *pki) path(name string) string { return filepath.Join(p.dir, name) }
