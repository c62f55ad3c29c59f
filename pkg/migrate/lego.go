// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// The exec plugin that brings lego's providers, and the key of the Secret with its configuration: see plugins/dns01-lego.
const (
	legoPlugin    = "dns01-lego"
	legoConfigKey = "config"
)

// lego is a configuration of dns01-lego.
type lego struct {
	issuer *issuer
	// field that it is made of.
	field string
	// provider is lego's name of it; "" if it is not known which it is.
	provider string
	settings []setting
	// ask are the keys of settings that the old object has no value for.
	ask []string
}

// setting is one of lego's environment variables.
type setting struct {
	key string
	// value as in the old object, or where it is.
	value string
	from  *secretKey
	// file says that lego wants a file of this content.
	file bool
}

// set adds a setting, if it has a value.
func (l *lego) set(key, value string) {
	if value != "" {
		l.settings = append(l.settings, setting{key: key, value: value})
	}
}

// setFrom adds a setting of which the value is in a Secret, if it is.
func (l *lego) setFrom(key string, from *secretKey) {
	if from != nil {
		l.settings = append(l.settings, setting{key: key, from: from})
	}
}

// without reports credentials that a cloud gives to pods: plugins cannot have them.
func (l *lego) without(field, credentials string, ask ...string) {
	l.issuer.loss(field, "plugins run without %s. Make credentials that may change the zone's TXT records only, and put them into the Secret.", credentials)
	l.ask = append(l.ask, ask...)
}

// exec returns the solver and says which Secret it needs.
func (c *conversion) exec(i *issuer, l *lego) *v1alpha1.ExecSolver {
	from, into := c.secretNamespace(i), c.newSecretNamespace(i)
	name := i.ref.Name + "-dns01-" + l.provider
	if l.provider == "" {
		name = i.ref.Name + "-dns01"
	}
	name, known := i.configName(name, l.program())
	solver := &v1alpha1.ExecSolver{Plugin: legoPlugin, ConfigSecretRef: &v1alpha1.SecretKeyReference{Name: name, Key: legoConfigKey}}
	if known {
		return solver
	}
	provider := "provider: " + l.provider
	if l.provider == "" {
		provider = "provider: one of those that dns01-lego list shows"
	}
	var commands []string
	if l.provider != "" && len(l.ask) == 0 {
		commands = []string{l.command(from, into, name)}
	}
	i.todo(l.field, commands, "Create Secret %s in namespace %s with key %s, the configuration of plugin %s: %s; %s.",
		name, into, legoConfigKey, legoPlugin, provider, l.describe(from))
	if !i.isCluster() {
		i.todo(l.field, nil, "CertIssuers may use plugins only where a flag of tollgate-controller permits it; ClusterCertIssuers always may.")
	}
	return solver
}

// configName is the name of a Secret with this content: the one that another solver of the issuer has for the same, or a new one.
func (i *issuer) configName(base, content string) (name string, known bool) {
	base = strings.TrimRight(base[:min(len(base), 240)], ".-")
	for n := 1; ; n++ {
		name = base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		if i.configs == nil {
			i.configs = map[string]string{}
		}
		other, taken := i.configs[name]
		if !taken {
			i.configs[name] = content
			return name, false
		}
		if other == content {
			return name, true
		}
	}
}

// describe lists the settings and where their values are.
func (l *lego) describe(namespace string) string {
	var all []string
	for _, s := range l.settings {
		kind := "settings."
		if s.file {
			kind = "files."
		}
		if s.from == nil {
			all = append(all, kind+s.key+": "+quote(s.value))
			continue
		}
		all = append(all, fmt.Sprintf("%s%s: what is in key %s of Secret %s/%s", kind, s.key, s.from.key, namespace, s.from.name))
	}
	for _, key := range l.ask {
		all = append(all, "settings."+key)
	}
	if len(all) == 0 {
		return "settings as dns01-lego list PROVIDER shows them"
	}
	return strings.Join(all, "; ")
}

// command makes the Secret of what is in the old ones, without printing it.
func (l *lego) command(from, into, name string) string {
	create := fmt.Sprintf("kubectl -n %s create secret generic %s --from-file=%s=/dev/stdin", into, name, legoConfigKey)
	if secrets := l.secrets(); len(secrets) > 0 {
		return fmt.Sprintf("kubectl -n %s get secret %s -o json | jq %s | %s", from, strings.Join(secrets, " "), shell(l.program()), create)
	}
	return fmt.Sprintf("jq -n %s | %s", shell(l.program()), create)
}

func (l *lego) secrets() []string {
	var names []string
	for _, s := range l.settings {
		if s.from != nil && !slices.Contains(names, s.from.name) {
			names = append(names, s.from.name)
		}
	}
	return names
}

// program for jq makes the configuration of one Secret, or of a List of several.
func (l *lego) program() string {
	several := len(l.secrets()) > 1
	part := func(file bool) string {
		var all []string
		for _, s := range l.settings {
			if s.file != file {
				continue
			}
			value, _ := json.Marshal(s.value) // a string always can be
			text := string(value)
			switch {
			case s.from != nil && several:
				text = fmt.Sprintf(`($all[%q][%q] | @base64d | rtrimstr("\n"))`, s.from.name, s.from.key)
			case s.from != nil:
				text = fmt.Sprintf(`(.data[%q] | @base64d | rtrimstr("\n"))`, s.from.key)
			}
			all = append(all, s.key+": "+text)
		}
		return strings.Join(all, ", ")
	}
	program := fmt.Sprintf("{provider: %q, settings: {%s}", l.provider, part(false))
	if files := part(true); files != "" {
		program += fmt.Sprintf(", files: {%s}", files)
	}
	program += "}"
	if several {
		program = "([.items[] | {(.metadata.name): .data}] | add) as $all | " + program
	}
	return program
}
