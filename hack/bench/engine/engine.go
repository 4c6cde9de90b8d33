// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine is part f: the decision engine and the readers, as Go benchmarks.
package engine

import (
	"context"
	"errors"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// Measure measures it.
func Measure(context.Context, measure.Options) ([]measure.Figure, error) {
	return nil, errors.ErrUnsupported
}
