// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command gate measures what holding pods for certificates costs: how soon a pod is bound after its Secret, how fast many are
// released, what held pods cost the others, and what the watched Secrets cost in memory. `make bench-gate` runs it.
//
// It measures the real kube-scheduler on a real kube-apiserver and etcd, prints a table and writes gate.json.
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

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// schedulerCommand as the first argument makes this program the scheduler that Tollgate's memory is compared with.
const schedulerCommand = "plain-scheduler"

func main() {
	if len(os.Args) > 1 && os.Args[1] == schedulerCommand {
		os.Exit(runPlainScheduler(os.Args[2:]))
	}
	klog.SetLogger(logr.Discard()) // what client-go and the plugin log is not a result
	debug.SetMemoryLimit(2 << 30)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "hint: the parts that were finished are in gate.json; -parts chooses others")
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
	defer func() {
		if b.cluster != nil {
			err = errors.Join(err, b.cluster.stop())
		}
	}()
	for _, part := range p.parts {
		b.progress.Say("%s", partByName(part).title)
		found, err := partByName(part).measure(b, ctx)
		if err != nil {
			return errors.Join(fmt.Errorf("measuring %s: %w", part, err), table.Print(os.Stdout, b.entries))
		}
		b.entries = append(b.entries, found...)
		if err := measure.WriteEntries(filepath.Join(p.out, "gate.json"), b.entries); err != nil {
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
	b.progress.Say("wrote %s after %s", filepath.Join(p.out, "gate.json"), time.Since(begin).Round(time.Second))
	return nil
}

// bench is one run.
type bench struct {
	*plan
	progress *measure.Progress
	cluster  *cluster
	entries  []measure.Entry
	// batches numbers the groups of pods of the run.
	batches int
}

// part is a group of measures.
type part struct {
	name, title string
	measure     func(*bench, context.Context) ([]measure.Entry, error)
}

// parts are in the order of the table. The last leaves so many Secrets that no other may follow.
var parts = []part{
	{"preenqueue", "PreEnqueue by itself", (*bench).preEnqueue},
	{"queue", "held pods in the scheduling queue by themselves", (*bench).queue},
	{"latency", "Secret written to pod bound", (*bench).latencies},
	{"release", "many pods released by one Secret", (*bench).release},
	{"throughput", "undeclared pods beside held ones", (*bench).throughput},
	{"memory", "memory and start-up with many Secrets", (*bench).memory},
}

func partByName(name string) *part {
	for i := range parts {
		if parts[i].name == name {
			return &parts[i]
		}
	}
	return nil
}

// start starts the control plane for the first part that needs it.
func (b *bench) start(ctx context.Context) (*cluster, error) {
	if b.cluster != nil {
		return b.cluster, nil
	}
	b.progress.Say("starting etcd and kube-apiserver")
	c, err := startCluster(ctx, b.nodes, sandbox.Options{})
	if err != nil {
		return nil, err
	}
	b.cluster = c
	return c, nil
}

// nextBatch returns a name that no other group of pods has.
func (b *bench) nextBatch(kind string) string {
	b.batches++
	return fmt.Sprintf("%s-%d", kind, b.batches)
}
