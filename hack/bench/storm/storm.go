// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package storm is part e: a critical revocation while all of a fleet changes.
package storm

import (
	"context"
	"errors"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// Measure measures it.
func Measure(context.Context, measure.Options) ([]measure.Figure, error) {
	return nil, errors.ErrUnsupported
}
