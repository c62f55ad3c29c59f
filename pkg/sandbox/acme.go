// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// ACME tells how to use the sandbox's certificate authority, Pebble. Its only
// profile is "classic". Every name resolves to 127.0.0.1 until ChallTestURL is
// told otherwise.
type ACME struct {
	DirectoryURL  string // ACME directory
	ManagementURL string // Pebble's management API, for example ManagementURL + "/roots/0"
	ChallTestURL  string // management API of the DNS server, for example POST ChallTestURL + "/set-txt"
	DNSAddress    string // host:port of the DNS server, TCP and UDP
	CABundle      []byte // PEM; verifies the HTTPS certificate of both of Pebble's APIs
	HTTP01Port    int    // port on 127.0.0.1 that Pebble dials for http-01; nothing listens there yet
}

// classicValidity is the lifetime of issued certificates, in seconds (90 days).
const classicValidity = 90 * 24 * 60 * 60

// acmeState is the part of a Sandbox that concerns Pebble.
type acmeState struct {
	mu      sync.Mutex // serialises StartACME and StopACME
	info    ACME
	process *Process
	plan    func() (Spec, func(context.Context) error, error)
}

// ACME returns the certificate authority's addresses, which stay the same for
// the sandbox's life. It is the zero value without Options.ACME.
func (s *Sandbox) ACME() ACME { return s.acme.info }

// errNoACME is returned where a sandbox without Options.ACME is asked for it.
var errNoACME = errors.New("the sandbox runs without a certificate authority; set Options.ACME")

// StopACME stops Pebble, as in an outage of the certificate authority. The DNS
// server goes on.
func (s *Sandbox) StopACME() error {
	s.acme.mu.Lock()
	defer s.acme.mu.Unlock()
	if s.acme.process == nil {
		return errNoACME
	}
	return s.acme.process.Stop()
}

// StartACME starts Pebble again on the same ports; it does nothing while
// Pebble runs. Pebble keeps nothing on disk: it comes back with a new root, no
// accounts, no orders and no certificates, so that known account URLs answer
// accountDoesNotExist. CABundle stays valid.
func (s *Sandbox) StartACME(ctx context.Context) error {
	s.acme.mu.Lock()
	defer s.acme.mu.Unlock()
	if s.acme.process == nil {
		return errNoACME
	}
	if s.acme.process.running() {
		return nil
	}
	p, err := s.startComponent(ctx, component{plan: s.acme.plan, attempts: 5})
	if err != nil {
		return err
	}
	s.acme.process = p
	return nil
}

// startACMEStack starts the DNS server and then Pebble.
func (s *Sandbox) startACMEStack(ctx context.Context) error {
	if err := s.startChallTest(ctx); err != nil {
		return err
	}
	newPorts := func() (Spec, func(context.Context) error, error) {
		if err := s.planPebble(); err != nil {
			return Spec{}, nil, err
		}
		return s.acme.plan()
	}
	p, err := s.startComponent(ctx, component{plan: newPorts, attempts: 2})
	s.acme.process = p
	return err
}

// startChallTest starts pebble-challtestsrv for DNS alone, with 127.0.0.1 for
// every A query and no answer to AAAA, because http-01 is answered on IPv4.
func (s *Sandbox) startChallTest(ctx context.Context) error {
	plan := func() (Spec, func(context.Context) error, error) {
		var managementPort, dnsPort int
		if err := freePorts(&managementPort, &dnsPort); err != nil {
			return Spec{}, nil, err
		}
		s.acme.info.ChallTestURL = "http://" + hostPort(managementPort)
		s.acme.info.DNSAddress = hostPort(dnsPort)
		spec := Spec{Name: "pebble-challtestsrv", Path: binChallTest, Args: []string{
			"-management=" + hostPort(managementPort),
			"-dnsserver=" + hostPort(dnsPort),
			"-defaultIPv4=" + loopback, "-defaultIPv6=",
			"-http01=", "-https01=", "-doh=", "-tlsalpn01=",
		}}
		probe := func(ctx context.Context) error {
			if err := dialTCP(ctx, hostPort(managementPort)); err != nil {
				return err
			}
			return errors.Join(lookup(ctx, "tcp", hostPort(dnsPort)), lookup(ctx, "udp", hostPort(dnsPort)))
		}
		return spec, probe, nil
	}
	_, err := s.startComponent(ctx, component{plan: plan, attempts: 2})
	return err
}

// planPebble chooses Pebble's ports and writes its configuration.
func (s *Sandbox) planPebble() error {
	var acmePort, managementPort, http01Port, tlsALPN01Port int
	if err := freePorts(&acmePort, &managementPort, &http01Port, &tlsALPN01Port); err != nil {
		return err
	}
	s.acme.info.DirectoryURL = httpsURL(acmePort) + "/dir"
	s.acme.info.ManagementURL = httpsURL(managementPort)
	s.acme.info.CABundle = s.pki.acme.certPEM
	s.acme.info.HTTP01Port = http01Port

	type profile struct {
		Description    string `json:"description"`
		ValidityPeriod int    `json:"validityPeriod"`
	}
	config, err := json.MarshalIndent(map[string]any{"pebble": map[string]any{
		"listenAddress":           hostPort(acmePort),
		"managementListenAddress": hostPort(managementPort),
		"certificate":             s.pki.path("pebble.crt"),
		"privateKey":              s.pki.path("pebble.key"),
		"httpPort":                http01Port,
		"tlsPort":                 tlsALPN01Port,
		"keyAlgorithm":            "ecdsa",
		// An order without a profile gets a random one, so there is one only.
		"profiles": map[string]profile{"classic": {"The sandbox's only profile", classicValidity}},
	}}, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding Pebble's configuration: %w", err)
	}
	path := filepath.Join(s.layout.data(), "pebble.json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		return fmt.Errorf("writing Pebble's configuration: %w", err)
	}
	s.acme.plan = func() (Spec, func(context.Context) error, error) {
		spec := Spec{
			Name: "pebble", Path: binPebble,
			Args: []string{"-config=" + path, "-dnsserver=" + s.acme.info.DNSAddress},
			Env:  append([]string{"PEBBLE_VA_NOSLEEP=1"}, s.opts.ACMEEnv...),
		}
		directory := probeURL(s.acme.info.DirectoryURL, s.acme.info.CABundle)
		management := probeURL(s.acme.info.ManagementURL+"/roots/0", s.acme.info.CABundle)
		probe := func(ctx context.Context) error { return errors.Join(directory(ctx), management(ctx)) }
		return spec, probe, nil
	}
	return nil
}

func dialTCP(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("probing %s: %w", address, err)
	}
	return conn.Close()
}

// lookup asks the DNS server at address for a name, over network.
func lookup(ctx context.Context, network, address string) error {
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	if _, err := resolver.LookupNetIP(ctx, "ip4", "ready.sandbox.test."); err != nil {
		return fmt.Errorf("probing DNS at %s/%s: %w", address, network, err)
	}
	return nil
}
