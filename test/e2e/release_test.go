// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func TestAReleaseIsHeldUntilItsEvaluationPasses(t *testing.T) {
	s := begin(t)
	s.release("m1")
	s.deployment("web", "m1", 3)
	s.ready("m1", v1alpha1.ReasonEvidenceMissing)
	s.heldPods("web", 0)

	s.evaluate("good", "m1", 0.01, time.Now().Add(-time.Hour))
	s.serving("web", 3)
	s.ready("m1", v1alpha1.ReasonReleased)
}
