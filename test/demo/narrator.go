// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// patience is how long a claim may take to come true.
const patience = time.Minute

// narrator tells the story and counts its claims.
type narrator struct {
	out            io.Writer
	begun          time.Time
	checks, failed int
}

// chapter begins a part of the story.
func (n *narrator) chapter(title string) {
	fmt.Fprintf(n.out, "\n== %s\n\n", title)
}

// say explains what happens and why.
func (n *narrator) say(text string, args ...any) {
	for line := range strings.SplitSeq(fmt.Sprintf(text, args...), "\n") {
		fmt.Fprintln(n.out, strings.TrimRight("   "+line, " "))
	}
}

// show prints what a command printed.
func (n *narrator) show(command, output string) {
	fmt.Fprintf(n.out, "\n   $ %s\n", command)
	for line := range strings.SplitSeq(strings.TrimRight(output, "\n"), "\n") {
		fmt.Fprintf(n.out, "   | %s\n", line)
	}
	fmt.Fprintln(n.out)
}

// lasting makes a claim that, once it holds, has to hold for two seconds on end, so that what a controller does later
// counts too.
func lasting(holds func(context.Context) error) func(context.Context) error {
	const long = 2 * time.Second
	var since time.Time
	var broken error
	return func(ctx context.Context) error {
		if broken != nil {
			return broken
		}
		err := holds(ctx)
		switch {
		case err != nil && !since.IsZero():
			broken = fmt.Errorf("it held for a moment only: %w", err)
			return broken
		case err != nil:
			return err
		case since.IsZero():
			since = time.Now()
		}
		if held := time.Since(since); held < long {
			return fmt.Errorf("it holds for %s, want %s", held, long)
		}
		return nil
	}
}

// check waits until a claim about the cluster holds, and prints how long that took. A claim that
// does not come true ends the story.
func (n *narrator) check(ctx context.Context, claim string, holds func(context.Context) error) error {
	began := time.Now()
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		last = holds(ctx)
		return last == nil, nil
	})
	n.checks++
	if err != nil {
		n.failed++
		fmt.Fprintf(n.out, "   FAILED  %s\n", claim)
		return fmt.Errorf("%s: %w", claim, errors.Join(err, last))
	}
	fmt.Fprintf(n.out, "   ok  %s (%.1f s)\n", claim, time.Since(began).Seconds())
	return nil
}
