// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package logging makes the manager's logger: one line for each thing that happened, as JSON or as text.
//
// A line of level ERROR is something that somebody has to mend. What libraries call an error and is none, such as an event in
// a namespace that is being deleted, is of level DEBUG.
package logging

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Options say what is logged, and how.
type Options struct {
	// Level is the least that is logged: error, warn, info or debug.
	Level string
	// Format is json or text.
	Format string
}

// New makes a logger that writes to w. An error names the option that cannot be used.
func New(w io.Writer, o Options) (logr.Logger, error) {
	levels := map[string]slog.Level{"error": slog.LevelError, "warn": slog.LevelWarn, "info": slog.LevelInfo, "debug": slog.LevelDebug}
	level, ok := levels[o.Level]
	if !ok {
		return logr.Logger{}, fmt.Errorf("--log-level=%s: want error, warn, info or debug", o.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch o.Format {
	case "json":
		return logr.FromSlogHandler(judging{slog.NewJSONHandler(w, options)}), nil
	case "text":
		return logr.FromSlogHandler(judging{slog.NewTextHandler(w, options)}), nil
	default:
		return logr.Logger{}, fmt.Errorf("--log-format=%s: want json or text", o.Format)
	}
}

// judging gives what is called an error and is none a lower level.
type judging struct{ slog.Handler }

// Handle implements slog.Handler.
func (j judging) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelError || !harmless(r) {
		return j.Handler.Handle(ctx, r)
	}
	if !j.Enabled(ctx, slog.LevelDebug) {
		return nil
	}
	lower := slog.NewRecord(r.Time, slog.LevelDebug, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		// A whole event says nothing that its reason, in the error, does not.
		if a.Key != "event" {
			lower.AddAttrs(a)
		}
		return true
	})
	return j.Handler.Handle(ctx, lower)
}

// WithAttrs implements slog.Handler.
func (j judging) WithAttrs(attrs []slog.Attr) slog.Handler {
	return judging{j.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (j judging) WithGroup(name string) slog.Handler { return judging{j.Handler.WithGroup(name)} }

// harmless tells whether what a library logs as an error needs nobody: an event that a namespace does not take any more since
// it is being deleted or gone; a write that somebody else was faster with, which is tried again; what ends with the manager.
func harmless(r slog.Record) bool {
	var err error
	r.Attrs(func(a slog.Attr) bool {
		if e, is := a.Value.Any().(error); is {
			err = e
		}
		return err == nil
	})
	switch {
	case err == nil:
		return false
	case strings.HasPrefix(r.Message, "Server rejected event"):
		return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) || apierrors.IsNotFound(err)
	case r.Message == "Reconciler error":
		return onlyConflicts(err)
	default:
		return errors.Is(err, context.Canceled)
	}
}

// onlyConflicts tells whether an error, and each that it joins, is that another writer was faster.
func onlyConflicts(err error) bool {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		for _, e := range joined.Unwrap() {
			if !onlyConflicts(e) {
				return false
			}
		}
		return true
	}
	if inner := errors.Unwrap(err); inner != nil {
		return onlyConflicts(inner)
	}
	return apierrors.IsConflict(err) || errors.Is(err, context.Canceled)
}
