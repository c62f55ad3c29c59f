// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01"
)

// dns01Options are the flags about dns-01 challenges.
type dns01Options struct {
	nameservers       []string
	recursiveOnly     bool
	pluginDir         string
	pluginUser        string
	pluginSharedUser  bool
	pluginsNamespaced bool
}

func (o *dns01Options) addFlags(fs *pflag.FlagSet) {
	fs.StringSliceVar(&o.nameservers, "dns01-nameservers", nil,
		"Recursive name servers, as host:port, that are asked where the TXT records of dns-01 challenges belong. Default: those of /etc/resolv.conf.")
	fs.BoolVar(&o.recursiveOnly, "dns01-recursive-only", false,
		"Asks only the recursive name servers whether a TXT record can be seen, where the zones' own name servers cannot be reached.")
	fs.StringVar(&o.pluginDir, "dns01-plugin-dir", "",
		"The folder of dns-01 plugins. Issuers can name its files and no others. Default: there are no plugins.")
	fs.StringVar(&o.pluginUser, "dns01-plugin-user", "",
		"The user and group that plugins run as, as uid:gid. It must not be able to read the ServiceAccount token. Default: 65534:65534 if this process is root; else plugins are refused.")
	fs.BoolVar(&o.pluginSharedUser, "dns01-plugin-shared-user", false,
		"Permits plugins to run as this process's own user. They can then read its ServiceAccount token.")
	fs.BoolVar(&o.pluginsNamespaced, "dns01-plugins-for-certissuers", false,
		"Permits CertIssuers, which people make in their namespaces, to use plugins. ClusterCertIssuers may always.")
}

// validate returns what is wrong with the flags.
func (o *dns01Options) validate() error {
	if _, err := o.runAs(); err != nil {
		return fmt.Errorf("reading --dns01-plugin-user: %w", err)
	}
	return nil
}

func (o *dns01Options) runAs() (*dns01.RunAs, error) {
	if o.pluginUser == "" {
		return nil, nil
	}
	user, group, ok := strings.Cut(o.pluginUser, ":")
	uid, err := strconv.ParseUint(user, 10, 32)
	gid, err2 := strconv.ParseUint(group, 10, 32)
	if !ok || err != nil || err2 != nil {
		return nil, fmt.Errorf("%q is not of the form uid:gid, such as 65534:65534", o.pluginUser)
	}
	return &dns01.RunAs{UID: uint32(uid), GID: uint32(gid)}, nil
}

func (o *dns01Options) resolver() dns01.Resolver {
	return dns01.Resolver{Nameservers: o.nameservers}
}

func (o *dns01Options) dns01Checker() *dns01.Checker {
	checker := dns01.NewChecker(o.resolver())
	checker.RecursiveOnly = o.recursiveOnly
	return checker
}

// dns01Solvers returns what makes the solver of an issuer. Its Secrets are read when they are needed.
func (o *dns01Options) dns01Solvers(reader client.Reader, clk clock.PassiveClock) func(*v1alpha1.DNS01Solver, v1alpha1.Issuer, string) (dns01.Solver, error) {
	return func(spec *v1alpha1.DNS01Solver, issuer v1alpha1.Issuer, namespace string) (dns01.Solver, error) {
		runAs, err := o.runAs()
		if err != nil {
			return nil, err
		}
		return dns01.New(spec, dns01.Options{
			Secret: func(ctx context.Context, ref v1alpha1.SecretKeyReference) ([]byte, error) {
				secret := &corev1.Secret{}
				if err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, secret); err != nil {
					return nil, err
				}
				return secret.Data[ref.Key], nil
			},
			Resolver:   o.resolver(),
			Clock:      clk,
			AllowExec:  o.pluginsNamespaced || issuer.Kind() == v1alpha1.KindClusterCertIssuer,
			PluginDir:  o.pluginDir,
			RunAs:      runAs,
			SharedUser: o.pluginSharedUser,
		})
	}
}
