// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// Continue takes the trace over that a request of the API server belongs to, where it has one.
func Continue(ctx context.Context, r *http.Request) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
}

// Handler traces the answers of a handler. The nil Tracer returns the handler itself.
func (t *Tracer) Handler(name string, next admission.Handler) admission.Handler {
	if t == nil {
		return next
	}
	return admission.HandlerFunc(func(ctx context.Context, request admission.Request) admission.Response {
		ctx, span := t.Start(ctx, "admit")
		response := next.Handle(ctx, request)
		span.Set(attribute.String("webhook", name), attribute.String("operation", string(request.Operation)),
			attribute.String("kind", request.Kind.Kind), attribute.String("namespace", request.Namespace), attribute.String("name", request.Name),
			attribute.Bool("dry_run", request.DryRun != nil && *request.DryRun),
			attribute.Bool("allowed", response.Allowed), attribute.Int("warnings", len(response.Warnings)), attribute.Int("patches", len(response.Patches)))
		span.End(nil)
		return response
	})
}
