// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/cli/overview"
)

const (
	// gatherTime is how long changes are gathered before they are shown: many come at once.
	gatherTime = 150 * time.Millisecond
	// ageTime is how often ages are shown anew on a terminal.
	ageTime = time.Second
)

// follow shows the tree anew as it changes, until the context ends.
func (v *treeView) follow(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	w, err := v.watcher()
	if err != nil {
		return err
	}
	v.objects = map[string]func() []client.Object{}
	for _, source := range v.sources() {
		store, err := w.follow(ctx, source.watched)
		if errors.Is(err, context.Canceled) && parent.Err() != nil {
			return nil
		}
		if err := v.note(source.word, err); err != nil {
			return err
		}
		v.objects[source.word] = func() []client.Object { return objectsIn[client.Object](store) }
	}
	if err := v.exists(); err != nil {
		return err
	}
	if terminalSize(v.out).width > 0 {
		return v.onScreen(ctx, w)
	}
	return v.below(ctx, w)
}

// below prints another tree after each change, below a line.
func (v *treeView) below(ctx context.Context, w *watcher) error {
	// As of one and the same time, a tree differs only where something changed.
	began := v.now()
	last := ""
	for {
		now := strings.Join(v.lines(overview.Tree(v.facts(began)), overview.Style{}), "\n")
		if now != last {
			if last != "" {
				if err := v.print([]string{"--- " + v.now().UTC().Format(time.RFC3339)}); err != nil {
					return err
				}
			}
			if err := v.print(v.lines(overview.Tree(v.facts(v.now())), overview.Style{})); err != nil {
				return err
			}
			last = now
		}
		if v.next(ctx, w, nil, nil) {
			return nil
		}
	}
}

// next waits for changes and gathers them, and tells whether it is over. Ticks and another size of the terminal, if not
// nil, end the wait as well.
func (v *treeView) next(ctx context.Context, w *watcher, ticks <-chan time.Time, resized <-chan os.Signal) (over bool) {
	select {
	case <-ctx.Done():
		return true
	case now := <-w.lost:
		v.lost = now.err
		return false
	case <-ticks:
		return false
	case <-resized:
		return false
	case <-w.changed:
	}
	more := time.NewTimer(gatherTime)
	defer more.Stop()
	select {
	case <-ctx.Done():
		return true
	case <-more.C:
		return false
	}
}

// onScreen draws the tree over and over on the whole terminal, and leaves the last one behind.
func (v *treeView) onScreen(ctx context.Context, w *watcher) (err error) {
	s := &screen{out: v.out}
	if err := s.begin(); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, s.end())
		if err == nil {
			size := terminalSize(v.out)
			err = v.print(v.lines(overview.Tree(v.facts(v.now())), overview.Style{Width: size.width, Colour: size.colour}))
		}
	}()
	resized, stop := onResize()
	defer stop()
	ticker := time.NewTicker(ageTime)
	defer ticker.Stop()
	for {
		if err := v.frame(s, terminalSize(v.out)); err != nil {
			return err
		}
		if v.next(ctx, w, ticker.C, resized) {
			return nil
		}
	}
}

// frame draws the tree below a line that says what it shows.
func (v *treeView) frame(s *screen, size size) error {
	head := fmt.Sprintf("%s tree%s, %s; Ctrl-C ends", v.program, v.where(), v.now().UTC().Format(time.RFC3339))
	if v.all {
		head = fmt.Sprintf("%s tree of all namespaces, %s; Ctrl-C ends", v.program, v.now().UTC().Format(time.RFC3339))
	}
	if v.lost != nil {
		head = "The API server does not answer; trying again: " + printed(v.lost.Error())
	}
	lines := []string{overview.Cut(head, size.width), ""}
	lines = append(lines, v.lines(overview.Tree(v.facts(v.now())), overview.Style{Width: size.width, Colour: size.colour})...)
	return s.draw(lines, size.height)
}
