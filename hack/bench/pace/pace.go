// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pace is parts b and c: how fast held pods are opened and serving pods are closed, beside controllers that do
// nothing but the same writes.
package pace

import (
	"context"
	"errors"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// Opening measures from the write of the last evaluation to the last pod whose gate is seen gone.
func Opening(context.Context, measure.Options) ([]measure.Figure, error) {
	return nil, errors.ErrUnsupported
}

// Closing measures from the write of a critical revocation to the last pod that is seen gone.
func Closing(context.Context, measure.Options) ([]measure.Figure, error) {
	return nil, errors.ErrUnsupported
}
