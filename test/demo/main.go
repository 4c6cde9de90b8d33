// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo starts a Kubernetes control plane of its own, installs Scalegate on it and tells a
// story with the public figures of the Claude 4 models: one model is cleared, the other is held,
// opened, taken down and opened again, because of what is in their evaluation logs. Every claim
// that it prints is an assertion on the live cluster. It exits with 1 when one does not hold.
//
// Sources: the Claude 4 system card of May 2025 for the uplift ratios (2.53 for Opus 4, 1.70 for
// Sonnet 4, groups of 8 to 10) and the bounds (2.8 and 5), and the Responsible Scaling Policy 2.2
// for levels and thresholds. Intervals and all other figures are ours.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	// What client libraries log is no part of the story.
	log.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run tells the story on out and returns an error when a claim does not hold.
func run(ctx context.Context, out io.Writer) (err error) {
	n := &narrator{out: out, begun: time.Now()}
	defer func() {
		if err != nil && n.failed == 0 {
			// What broke the story was no check but a step between two of them.
			n.checks++
			n.failed++
			fmt.Fprintf(out, "   FAILED  the story goes on: %v\n", err)
		}
		fmt.Fprintf(out, "\ndemo: %d checks, %d failed\n", n.checks, n.failed)
	}()
	w, err := newWorld(ctx, n)
	if err != nil {
		return err
	}
	defer w.end()
	for _, chapter := range []func(context.Context) error{
		w.theFirstModelIsHeldAndCleared,
		w.theSecondModelIsHeldWhileTheFirstServes,
		w.theSafeguardEvaluationOpensIt,
		w.aFailingEvaluationTakesItDown,
		w.aPersonResolvesTheFinding,
		w.theManagerDies,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}
