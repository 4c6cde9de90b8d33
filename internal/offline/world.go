// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"errors"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/manifest"
	"github.com/scalegate/scalegate/internal/snapshot"
)

// World is all objects as they would be if the manifests were applied at a time, beside what was adopted of a cluster.
func (s *Set) World(ctx context.Context, now time.Time) *snapshot.Snapshot {
	s.measure(ctx)
	return s.dated(now).Clone()
}

// Policies are the policies of the manifests.
func (s *Set) Policies() []*v1alpha1.SafetyPolicy { return objectsOf[*v1alpha1.SafetyPolicy](s) }

// Err is what is wrong with the manifests: what could not be read, and what is not valid. Nil where nothing is.
func (s *Set) Err() error {
	var errs []error
	for i := range s.unread {
		for _, f := range s.unread[i].Findings {
			errs = append(errs, &manifest.LineError{File: f.File, Line: f.Line, Problem: f.Message})
		}
	}
	for _, e := range s.entries {
		for _, f := range e.problems {
			text := f.Message
			if f.Field != "" {
				text = f.Field + ": " + text
			}
			if f.Remedy != "" {
				text += "; " + f.Remedy
			}
			errs = append(errs, &manifest.LineError{File: f.File, Line: f.Line, Problem: e.title() + ": " + text})
		}
	}
	return errors.Join(errs...)
}
