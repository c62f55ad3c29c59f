// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command dns01-lego is an exec plugin for DNS-01 solvers that brings the DNS
// providers of lego. Without arguments it speaks the plugin protocol; with
// some it answers people.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/isolate"
	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/list"
	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/protocol"
	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/providers"
)

//go:generate go run ./gen

// version is set by the build.
var version = "unknown"

const usage = `dns01-lego puts TXT records for ACME's DNS-01 challenge to lego's DNS providers.

  dns01-lego list [-o table|json] [provider]   show the providers, or one provider's settings
  dns01-lego version                           show the versions of this binary and of lego

Without arguments it is a plugin (version 1 of kube-cert-manager's protocol):
APIVERSION=v1 COMMAND=CREATE|DELETE DOMAIN FQDN TOKEN, and besides KEYAUTH
[IDENTIFIER] [STATE]; on standard input, in YAML or JSON:

  provider: cloudflare
  settings:
    CF_DNS_API_TOKEN: ...
  files: {}            # content for settings of the kind "file content"
  nameservers: []      # asked for zones instead of those of /etc/resolv.conf
`

func main() {
	if len(os.Args) == 1 {
		os.Exit(serve())
	}
	if err := people(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dns01-lego:", err)
		os.Exit(1)
	}
}

// serve carries out one request of the protocol.
func serve() int {
	plugin := &protocol.Plugin{
		Getenv:  os.Getenv,
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Catalog: catalog.Load(),
		New:     providers.New,
		Isolate: isolate.Environment,
		Setenv:  os.Setenv,
		Files:   isolate.Files,
	}
	isolate.Network()
	isolate.Output()
	return plugin.Run(context.Background())
}

// people carries out a command line.
func people(w io.Writer, args []string) error {
	switch args[0] {
	case "list":
		return show(w, args[1:])
	case "version":
		_, err := fmt.Fprintf(w, "dns01-lego %s (lego %s, %d providers)\n", version, catalog.Load().Lego, len(catalog.Load().Providers))
		return err
	case "help", "-h", "--help":
		_, err := io.WriteString(w, usage)
		return err
	}
	return fmt.Errorf("unknown command %q; see `dns01-lego help`", args[0])
}

func show(w io.Writer, args []string) error {
	flags := flag.NewFlagSet("list", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	output := flags.String("o", "table", "")
	var names []string
	for rest := args; ; rest = flags.Args()[1:] {
		if err := flags.Parse(rest); err != nil {
			return fmt.Errorf("list: %w", err)
		}
		if flags.NArg() == 0 {
			break
		}
		names = append(names, flags.Arg(0))
	}
	if *output != "table" && *output != "json" {
		return fmt.Errorf("list: -o is %q, but must be table or json", *output)
	}
	all := catalog.Load()
	switch len(names) {
	case 0:
		if *output == "json" {
			return list.JSON(w, all)
		}
		return list.All(w, all)
	case 1:
		p, err := all.Lookup(names[0])
		if err != nil {
			return err
		}
		if *output == "json" {
			return list.JSON(w, p)
		}
		return list.One(w, p)
	}
	return errors.New("list: name one provider, or none for all")
}
