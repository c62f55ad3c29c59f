// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command issue measures what issuing certificates costs: how fast many are issued by an internal CA and by an ACME server, what
// the controller needs of processor, memory and the API server for it, what it costs to keep many, and how soon a restarted
// controller knows that nothing has to be done. `make bench-issue` runs it.
//
// It measures the real tollgate-controller on a real kube-apiserver and etcd, prints a table and writes issue.json.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

func main() {
	klog.SetLogger(logr.Discard()) // what client-go logs is not a result
	log.SetLogger(logr.Discard())
	debug.SetMemoryLimit(1 << 30)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "hint: the parts that were finished are in issue.json; -parts chooses others")
		}
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, args []string) (err error) {
	p, err := parsePlan(args, os.Stderr)
	if err != nil {
		return err
	}
	begin := time.Now()
	b := &bench{plan: p, progress: measure.NewProgress(os.Stderr)}
	defer func() { err = errors.Join(err, b.stop()) }()
	for _, part := range p.parts {
		b.progress.Say("%s", partByName(part).title)
		found, err := partByName(part).measure(b, ctx)
		if err != nil {
			return errors.Join(fmt.Errorf("measuring %s: %w", part, err), table.Print(os.Stdout, b.entries))
		}
		b.entries = append(b.entries, found...)
		if err := measure.WriteEntries(filepath.Join(p.out, "issue.json"), b.entries); err != nil {
			return err
		}
	}
	if err := table.Print(os.Stdout, b.entries); err != nil {
		return err
	}
	if p.markdown != "" {
		if err := measure.WriteFile(p.markdown, table.Markdown(made(p, measure.Machine()), b.entries)); err != nil {
			return err
		}
	}
	b.progress.Say("wrote %s after %s", filepath.Join(p.out, "issue.json"), time.Since(begin).Round(time.Second))
	return nil
}

// bench is one run.
type bench struct {
	*plan
	progress *measure.Progress
	entries  []measure.Entry
	// cluster and controller of the parts with the internal CA, which use the same ones after another.
	cluster    *cluster
	controller *controller
	// created is how many TLSCertificates there are in it.
	created int
}

// part is a group of measures.
type part struct {
	name, title string
	measure     func(*bench, context.Context) ([]measure.Entry, error)
}

// parts are in the order of the table. Each of the first three builds upon what the one before has left; the last has a
// cluster of its own.
var parts = []part{
	{"ca", "many certificates of an internal CA", (*bench).ca},
	{"steady", "keeping many certificates", (*bench).steadyState},
	{"restart", "restart with many certificates", (*bench).restart},
	{"acme", "many certificates of an ACME server", (*bench).acme},
}

func partByName(name string) *part {
	for i := range parts {
		if parts[i].name == name {
			return &parts[i]
		}
	}
	return nil
}

// stop ends the controller and the cluster, if there are any.
func (b *bench) stop() error {
	var errs []error
	if b.controller != nil {
		errs = append(errs, b.controller.stop())
	}
	if b.cluster != nil {
		errs = append(errs, b.cluster.stop())
	}
	b.controller, b.cluster, b.created = nil, nil, 0
	return errors.Join(errs...)
}
