// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures Scalegate on control planes of its own, beside a floor that is measured in the same run, and
// prints the ratios. docs/performance.md says what each of them means.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/go-logr/logr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/hack/bench/admission"
	"github.com/scalegate/scalegate/hack/bench/engine"
	"github.com/scalegate/scalegate/hack/bench/fleet"
	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/hack/bench/pace"
	"github.com/scalegate/scalegate/hack/bench/storm"
)

// part is what is measured together, on control planes of its own.
type part struct {
	letter, about string
	measure       func(context.Context, measure.Options) ([]measure.Figure, error)
}

func parts() []part {
	return []part{
		{"a", "admission of pods and Deployments", admission.Measure},
		{"b", "opening held pods", pace.Opening},
		{"c", "closing after a critical revocation", pace.Closing},
		{"d", "a fleet at rest", fleet.Measure},
		{"e", "storms", storm.Measure},
		{"f", "decision engine and readers", engine.Measure},
	}
}

func main() {
	ctrllog.SetLogger(logr.Discard())
	options := measure.Options{Log: os.Stderr}
	flag.BoolVar(&options.Full, "full", false, "measure all that docs/performance.md reports; each part takes up to an hour")
	letters := flag.String("part", "", "parts to measure, such as a or bc; empty for all")
	out := flag.String("out", "", "file for the figures as JSON")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal has what was measured written; a second ends the program.
	context.AfterFunc(ctx, stop)
	defer stop()
	if err := run(ctx, options, *letters, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures the parts one after the other. One that fails does not keep the others from being measured.
func run(ctx context.Context, options measure.Options, letters, out string) error {
	chosen, err := choose(letters)
	if err != nil {
		return err
	}
	file, err := open(out)
	if err != nil {
		return err
	}
	var figures []measure.Figure
	var errs []error
	for _, p := range chosen {
		options.Logf("part %s: %s", p.letter, p.about)
		measured, err := p.measure(ctx, options)
		if err != nil {
			errs = append(errs, fmt.Errorf("part %s, %s: %w", p.letter, p.about, err))
		}
		figures = append(figures, measured...)
		if ctx.Err() != nil {
			break
		}
	}
	errs = append(errs, measure.Table(os.Stdout, figures))
	return errors.Join(append(errs, measure.WriteJSON(file, figures), file.Close())...)
}

// open opens the file for the figures, before anything is measured: a name that cannot be written to is told at once, and what an
// earlier run wrote is not taken for what this one did. Without a name nobody reads what is written.
func open(name string) (*os.File, error) {
	if name == "" {
		name = os.DevNull
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("-out: %w", err)
	}
	return file, nil
}

// choose are the parts of these letters, each once; all for none.
func choose(letters string) ([]part, error) {
	all := parts()
	if letters == "" {
		return all, nil
	}
	var chosen []part
	for letter := range strings.SplitSeq(letters, "") {
		at := slices.IndexFunc(all, func(p part) bool { return p.letter == letter })
		if at < 0 {
			return nil, fmt.Errorf("-part %s: there is no part %q; name some of a to f", letters, letter)
		}
		if !slices.ContainsFunc(chosen, func(p part) bool { return p.letter == letter }) {
			chosen = append(chosen, all[at])
		}
	}
	return chosen, nil
}
