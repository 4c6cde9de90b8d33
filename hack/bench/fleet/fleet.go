// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fleet is part d: a fleet at rest, beside a controller that keeps the same kinds and does nothing.
package fleet

import (
	"context"
	"errors"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// Measure measures it.
func Measure(context.Context, measure.Options) ([]measure.Figure, error) {
	return nil, errors.ErrUnsupported
}
