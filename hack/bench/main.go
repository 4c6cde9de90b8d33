// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures, on a control plane of its own, how long Scalegate takes from a piece of evidence to the last pod,
// beside what a bare client takes that does nothing but the same writes: as many, with the same parallelism, on the same API
// server, in turns. It prints medians, their spread and the ratio.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/test/installation"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often each case is measured")
	pods := flag.Int("pods", 100, "how many pods are opened and closed")
	flag.Parse()
	ctrllog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *rounds, *pods, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds, pods int, out io.Writer) (err error) {
	i, err := installation.Start(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.Stop()) }()
	if err := i.AddNodes(ctx, 10, nil); err != nil {
		return err
	}
	if err := i.StartManager(ctx); err != nil {
		return err
	}
	watching, err := client.NewWithWatch(i.Admin(), client.Options{Scheme: installation.Scheme()})
	if err != nil {
		return err
	}
	b := bench{Installation: i, watching: watching, pods: pods}
	for _, pair := range []struct {
		name, ours, bare string
		measure, floor   func(context.Context, string) (time.Duration, error)
	}{
		{fmt.Sprintf("open-%d", pods), "evaluation stored", "patches", b.open, b.openBare},
		{fmt.Sprintf("close-%d", pods), "release revoked", "deletions", b.close, b.closeBare},
	} {
		var ours, bare []time.Duration
		for round := range rounds {
			took, err := pair.measure(ctx, fmt.Sprintf("%s-%d", pair.name, round))
			if err != nil {
				return fmt.Errorf("measuring %s: %w", pair.name, err)
			}
			floor, err := pair.floor(ctx, fmt.Sprintf("%s-bare-%d", pair.name, round))
			if err != nil {
				return fmt.Errorf("measuring the floor of %s: %w", pair.name, err)
			}
			ours, bare = append(ours, took), append(bare, floor)
		}
		fmt.Fprintf(out, "%s: %s to the last pod %s, bare client's %s %s, ratio %.2f\n",
			pair.name, pair.ours, spread(ours), pair.bare, spread(bare), float64(median(ours))/float64(median(bare)))
	}
	return nil
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func spread(all []time.Duration) string {
	short := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	return fmt.Sprintf("%v (%v to %v)", short(median(all)), short(slices.Min(all)), short(slices.Max(all)))
}
