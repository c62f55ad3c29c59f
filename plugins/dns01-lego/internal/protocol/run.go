// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/go-acme/lego/v5/challenge"
	"github.com/go-acme/lego/v5/challenge/dns01"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/settings"
	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/state"
)

// Plugin carries out one request. Its fields are the plugin's surroundings.
type Plugin struct {
	// Getenv reads the variables of the protocol.
	Getenv func(string) string
	// Stdin holds the configuration.
	Stdin io.Reader
	// Stdout gets what a later DELETE needs, see [Request.State].
	Stdout io.Writer
	// Stderr gets one line when something fails.
	Stderr io.Writer
	// Catalog of providers.
	Catalog *catalog.Catalog
	// New makes a provider from the process's environment.
	New func(name string) (challenge.Provider, error)
	// Isolate replaces the process's environment by the given one.
	Isolate func(env map[string]string) error
	// Setenv sets one variable more.
	Setenv func(key, value string) error
	// Files makes files of content; see isolate.Files.
	Files func(content map[string]string) (env map[string]string, remove func(), err error)
}

// Run carries out the request and returns the exit code.
func (p *Plugin) Run(ctx context.Context) int {
	var secrets map[string]string
	err := p.run(ctx, &secrets)
	if err == nil {
		return OK
	}
	fmt.Fprintln(p.Stderr, line(err, secrets))
	if coded := (*codeError)(nil); errors.As(err, &coded) {
		return coded.code
	}
	return Failed
}

func (p *Plugin) run(ctx context.Context, secrets *map[string]string) error {
	request, err := parse(p.Getenv)
	if err != nil {
		return err
	}
	config, err := settings.Parse(p.Stdin)
	if err != nil {
		return exit(BadConfig, err)
	}
	*secrets = config.Settings
	info, err := p.Catalog.Lookup(config.Provider)
	if err != nil {
		return exit(BadConfig, err)
	}
	env, err := settings.Check(info, config)
	if err != nil {
		return exit(BadConfig, err)
	}
	files, remove, err := p.Files(config.Files)
	defer remove()
	if err != nil {
		return err
	}
	for key, path := range files {
		env[key] = path
	}
	if err := p.Isolate(env); err != nil {
		return exit(BadConfig, err)
	}
	if len(config.Nameservers) > 0 {
		dns01.SetDefaultClient(dns01.NewClient(&dns01.Options{RecursiveNameservers: config.Nameservers}))
	}
	domain, err := target(ctx, request, p.Setenv)
	if err != nil {
		return err
	}
	provider, err := p.New(info.Name)
	if err != nil {
		return exit(constructionCode(err), err)
	}
	if request.Command == Create {
		return p.create(ctx, provider, request, domain, config.Nameservers)
	}
	return cleanUp(ctx, provider, request, domain)
}

// constructionCode tells a bad configuration from servers that do not answer:
// a few providers log in while they are made.
func constructionCode(err error) int {
	// Not net.Error, which every errno is, "no such file" too.
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return Failed
	}
	return BadConfig
}

func (p *Plugin) create(ctx context.Context, provider challenge.Provider, r Request, domain string, nameservers []string) error {
	memory := state.Watch(provider)
	if err := provider.Present(ctx, domain, r.challengeToken(), r.KeyAuth); err != nil {
		// After a crash the same CREATE comes again, and many providers refuse a record that is there.
		if served(ctx, nameservers, r.FQDN, r.Token) {
			return nil
		}
		return err
	}
	remembered, err := memory.Capture()
	if err != nil || remembered == "" {
		return err
	}
	if _, err := fmt.Fprintln(p.Stdout, remembered); err != nil {
		return fmt.Errorf("printing STATE for a later DELETE: %w", err)
	}
	return nil
}

// cleanUp removes the record, with the help of what CREATE remembered.
func cleanUp(ctx context.Context, provider challenge.Provider, r Request, domain string) error {
	if r.State != "" {
		if err := state.Restore(provider, r.State); err != nil {
			return err
		}
	}
	err := provider.CleanUp(ctx, domain, r.challengeToken(), r.KeyAuth)
	if err != nil && r.State == "" && state.Remembers(provider) {
		return fmt.Errorf("%w; this provider may need what its CREATE printed in STATE, which the caller did not give: delete the TXT record %s with the value %s by hand", err, r.FQDN, r.Token)
	}
	return err
}

// served asks whether the record is already there.
func served(ctx context.Context, nameservers []string, fqdn, value string) bool {
	resolver := &net.Resolver{PreferGo: true}
	if len(nameservers) > 0 {
		resolver.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, nameservers[0])
		}
	}
	values, err := resolver.LookupTXT(ctx, fqdn)
	if err != nil {
		return false
	}
	for _, v := range values {
		if v == value {
			return true
		}
	}
	return false
}
