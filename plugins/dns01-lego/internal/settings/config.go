// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package settings reads the plugin's configuration and refuses whatever
// would let its author use files, programs or credentials of the controller.
package settings

import (
	"errors"
	"fmt"
	"io"
	"net"

	"gopkg.in/yaml.v3"
)

// maxConfig is the size of a Secret (1 MiB), from which the configuration comes.
const maxConfig = 1 << 20

// Config is what the plugin reads from its standard input, in YAML or JSON.
type Config struct {
	// Provider is the name of one of lego's providers.
	Provider string
	// Settings are lego's environment variables for the provider, as text.
	Settings map[string]string
	// Files hold the content of files for those settings that name one.
	Files map[string]string
	// Nameservers are asked for zones and CNAMEs, as host or host:port.
	// Without any, those of /etc/resolv.conf are.
	Nameservers []string
}

// Parse reads a configuration. Scalars keep their text: 0123 stays "0123".
func Parse(r io.Reader) (*Config, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxConfig+1))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if len(data) > maxConfig {
		return nil, errors.New("the configuration has more than 1 MiB")
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		// The parser's message may quote the input, which holds credentials.
		return nil, errors.New("the configuration is neither YAML nor JSON; see `dns01-lego help`")
	}
	if len(doc.Content) == 0 {
		return nil, errors.New("the configuration is empty; it needs provider and settings")
	}
	c := &Config{}
	err = fields(doc.Content[0], "the configuration", func(key string, value *yaml.Node) error {
		switch key {
		case "provider":
			c.Provider, err = text(value, key)
		case "settings":
			c.Settings, err = texts(value, key)
		case "files":
			c.Files, err = texts(value, key)
		case "nameservers":
			c.Nameservers, err = list(value, key)
		default:
			err = fmt.Errorf("unknown field %q; the fields are provider, settings, files and nameservers", key)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if c.Provider == "" {
		return nil, errors.New("provider is not set")
	}
	return c, nil
}

// fields calls f for each field of a mapping, and fails on repeated ones.
func fields(n *yaml.Node, what string, f func(key string, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("%s is not a mapping", what)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := text(n.Content[i], "a key of "+what)
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%s has %q twice", what, key)
		}
		seen[key] = true
		if err := f(key, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func texts(n *yaml.Node, what string) (map[string]string, error) {
	m := map[string]string{}
	err := fields(n, what, func(key string, value *yaml.Node) error {
		s, err := text(value, what+"."+key)
		m[key] = s
		return err
	})
	return m, err
}

func list(n *yaml.Node, what string) ([]string, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s is not a list", what)
	}
	var all []string
	for _, item := range n.Content {
		s, err := text(item, what)
		if err != nil {
			return nil, err
		}
		host, port, err := net.SplitHostPort(s)
		if err != nil {
			host, port = s, "53"
		}
		if host == "" || port == "" {
			return nil, fmt.Errorf("%s has %q, which is neither host nor host:port", what, s)
		}
		all = append(all, net.JoinHostPort(host, port))
	}
	return all, nil
}

// text is the text of a scalar, as written. A value of type !!binary is decoded.
func text(n *yaml.Node, what string) (string, error) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return "", fmt.Errorf("%s is not a text", what)
	}
	s := n.Value
	if n.Tag == "!!binary" {
		if err := n.Decode(&s); err != nil {
			return "", fmt.Errorf("%s is not base64", what)
		}
	}
	for _, r := range s {
		if r == 0 && n.Tag != "!!binary" {
			return "", fmt.Errorf("%s holds a NUL", what)
		}
	}
	return s, nil
}
