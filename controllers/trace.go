// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"

	"go.opentelemetry.io/otel/attribute"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/internal/tracing"
)

// What spans say: names, words and counts, and none of what people wrote.

// traceRelease says which release a span is about.
func traceRelease(span tracing.Span, key types.NamespacedName) {
	if span.Recording() {
		span.Set(attribute.String("k8s.namespace.name", key.Namespace), attribute.String("scalegate.release", key.Name))
	}
}

// nothing is what a span says where no exposure is granted.
const nothing = "none"

// traceDecision says what was decided.
func (c *course) traceDecision(span tracing.Span) {
	if !span.Recording() {
		return
	}
	d := c.decision
	traceRelease(span, c.key)
	span.Set(
		attribute.String("scalegate.policy.revision", d.PolicyRevision),
		attribute.String("scalegate.level", d.RequiredLevel),
		attribute.String("scalegate.granted", cmp.Or(d.GrantedExposure, nothing)),
		attribute.String("scalegate.reason", d.Reason),
		attribute.Int("scalegate.requirements", len(d.Requirements)),
		attribute.Int("scalegate.findings.new", len(d.NewFindings)),
	)
	if c.in.Release != nil {
		span.Set(attribute.String("scalegate.policy", c.in.Release.Spec.Policy), attribute.String("scalegate.exposure", c.in.Release.Spec.Exposure))
	}
}

// traceActs says what was done about it.
func (c *course) traceActs(span tracing.Span, did done) {
	if !span.Recording() {
		return
	}
	traceRelease(span, c.key)
	span.Set(
		attribute.String("scalegate.enforced.reason", c.plan.Reason),
		attribute.Bool("scalegate.clearance.written", c.plan.Clearance.Write != ""),
		attribute.Bool("scalegate.clearance.withdrawn", c.plan.Clearance.Withdraw),
		attribute.Int("scalegate.lifts", len(did.lifts)),
		attribute.Int("scalegate.opens", len(c.plan.Opens)),
		attribute.Int("scalegate.removals", len(did.removals)),
		attribute.Int("scalegate.evictions.refused", did.refused),
	)
}
