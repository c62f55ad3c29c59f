// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Exit codes of plugins (github.com/kelseyhightower/dns01-exec-plugins).
const (
	exitOK = iota
	exitFailed
	exitConfiguration
	exitAPIVersion
)

// pluginAPIVersion is the version of the protocol that plugins are spoken to in.
const pluginAPIVersion = "v1"

// plugin runs plugins with kube-cert-manager's protocol v1: what to do is in the environment, the configuration on
// standard input, the result in the exit code, one line of explanation on standard error.
type plugin struct {
	spec *v1alpha1.ExecSolver
	o    Options
}

func newExec(spec *v1alpha1.ExecSolver, o Options) (*plugin, error) {
	if !o.AllowExec {
		return nil, mark(ErrConfiguration, fmt.Errorf("choosing plugin %q: this issuer may not use plugins; use a ClusterCertIssuer, or permit plugins to CertIssuers with a flag of tollgate-controller", spec.Plugin))
	}
	if !pluginName.MatchString(spec.Plugin) {
		return nil, mark(ErrConfiguration, fmt.Errorf("choosing plugin %q: the name may have small letters, digits, and %q inside", spec.Plugin, "-_."))
	}
	if o.PluginDir == "" {
		return nil, mark(ErrConfiguration, fmt.Errorf("choosing plugin %q: tollgate-controller has no folder of plugins; give it one with a flag", spec.Plugin))
	}
	return &plugin{spec: spec, o: o}, nil
}

// Present implements Solver.
func (s *plugin) Present(ctx context.Context, r Record) error {
	_, err := s.run(ctx, "CREATE", r)
	return err
}

// PresentState implements Stateful: the state is the line that the plugin wrote to standard output.
func (s *plugin) PresentState(ctx context.Context, r Record) (string, error) {
	return s.run(ctx, "CREATE", r)
}

// CleanUp implements Solver. Plugins of 2016 remove by FQDN alone; those written for more get the value too.
func (s *plugin) CleanUp(ctx context.Context, r Record) error {
	_, err := s.run(ctx, "DELETE", r)
	return err
}

// environment is all that a plugin finds in its environment. TOKEN is the value of the TXT record, as in kube-cert-manager,
// not the token of the ACME challenge. What is not of that protocol is left out where it is empty: KEYAUTH is the key
// authorization that TOKEN is the hash of, IDENTIFIER the name that the certificate is for, STATE what the plugin wrote to
// standard output at CREATE.
func environment(command string, r Record) []string {
	env := []string{
		"APIVERSION=" + pluginAPIVersion,
		"COMMAND=" + command,
		"DOMAIN=" + r.parent(),
		"FQDN=" + r.FQDN,
		"TOKEN=" + r.Value,
	}
	for _, more := range [][2]string{
		{"KEYAUTH", r.KeyAuthorization}, {"IDENTIFIER", strings.TrimPrefix(r.Domain, "*.")}, {"STATE", r.State},
	} {
		if more[1] != "" && (more[0] != "STATE" || command == "DELETE") {
			env = append(env, more[0]+"="+more[1])
		}
	}
	return env
}

// state is the first line of a plugin's standard output, if it is short and printable, else nothing.
func state(stdout []byte) string {
	line, _, _ := strings.Cut(string(stdout), "\n")
	line = strings.TrimSpace(line)
	if len(line) > maxState || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return line
}

func (s *plugin) run(ctx context.Context, command string, r Record) (string, error) {
	doing := fmt.Sprintf("running plugin %s for %s of TXT record %s", s.spec.Plugin, command, r.FQDN)
	path, err := findPlugin(s.o.PluginDir, s.spec.Plugin)
	if err != nil {
		return "", mark(ErrConfiguration, fmt.Errorf("%s: %w", doing, err))
	}
	var config []byte
	if ref := s.spec.ConfigSecretRef; ref != nil {
		if config, err = s.o.secret(ctx, "dns01.exec.configSecretRef", *ref); err != nil {
			return "", err
		}
	}
	p := process{path: path, env: environment(command, r), stdin: config, o: s.o}
	code, stdout, stderr, err := p.run(ctx)
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	if err := exitError(code, mask(stderr, config)); err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	return state(stdout), nil
}

// exitError says what an exit code means.
func exitError(code int, said string) error {
	if said == "" {
		said = "it says no more"
	}
	switch code {
	case exitOK:
		return nil
	case exitFailed:
		return fmt.Errorf("it failed: %s", said)
	case exitConfiguration:
		return mark(ErrCredentials, fmt.Errorf("it does not accept its configuration; correct what configSecretRef names: %s", said))
	case exitAPIVersion:
		return mark(ErrConfiguration, errors.New("it does not speak version "+pluginAPIVersion+" of the plugin protocol; install another version of it: "+said))
	}
	return fmt.Errorf("it ended with exit code %d, which the protocol does not know: %s", code, said)
}
