// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracing tells a collector of OpenTelemetry what the manager does, and how long each step takes. It is off unless an
// endpoint is named.
//
// Spans carry names, words and counts: never the text of a message, a spec or a result, nor who did something. A nil [Tracer]
// costs nothing.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// scope is the name by which spans say who made them.
const scope = "github.com/scalegate/scalegate"

// flushTime is how long what was not sent yet may take when the manager ends.
const flushTime = 5 * time.Second

// Options say where spans go.
type Options struct {
	// Endpoint is host:port of an OTLP receiver over gRPC, or an URL; empty leaves it to the variables of the SDK,
	// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and OTEL_EXPORTER_OTLP_ENDPOINT, and without them traces nothing.
	Endpoint string
	// Insecure speaks without TLS.
	Insecure bool
	// Version is that of Scalegate.
	Version string
	// Environment reads a variable of the process; os.Getenv.
	Environment func(string) string
}

// Tracer makes spans. The nil Tracer makes none.
type Tracer struct {
	tracer   trace.Tracer
	provider *sdk.TracerProvider
}

// on tells whether anything is traced.
func (o Options) on() bool {
	if strings.EqualFold(o.Environment("OTEL_SDK_DISABLED"), "true") || o.Environment("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return o.Endpoint != "" || o.Environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || o.Environment("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// New makes a tracer; nil where nothing is to be traced. It does not wait for the receiver: what cannot be sent is dropped and
// logged. An error names the option that cannot be used.
func New(ctx context.Context, o Options) (*Tracer, error) {
	if !o.on() {
		return nil, nil //nolint:nilnil // none is an answer, and not an error
	}
	target, err := o.target()
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracegrpc.New(ctx, target...)
	if err != nil {
		return nil, fmt.Errorf("making an exporter of traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "scalegate"), attribute.String("service.version", o.Version),
	), resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	tellOnce(log.FromContext(ctx))
	return With(sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))), nil
}

// With makes spans of a provider.
func With(provider *sdk.TracerProvider) *Tracer {
	return &Tracer{tracer: provider.Tracer(scope), provider: provider}
}

func (o Options) target() ([]otlptracegrpc.Option, error) {
	var target []otlptracegrpc.Option
	switch {
	case o.Endpoint == "":
	case strings.Contains(o.Endpoint, "://"):
		if u, err := url.Parse(o.Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("reading the endpoint of traces %q: want host:port, or an URL with http:// or https://", o.Endpoint)
		}
		target = append(target, otlptracegrpc.WithEndpointURL(o.Endpoint))
	default:
		if host, port, err := net.SplitHostPort(o.Endpoint); err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("reading the endpoint of traces %q: want host:port, such as collector.observability:4317", o.Endpoint)
		}
		target = append(target, otlptracegrpc.WithEndpoint(o.Endpoint))
	}
	if o.Insecure {
		target = append(target, otlptracegrpc.WithInsecure())
	}
	return target, nil
}

// tellOnce has the SDK log what it cannot send: the first time at once, and then no more than once a minute.
func tellOnce(logger logr.Logger) {
	var mutex sync.Mutex
	var last time.Time
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		mutex.Lock()
		defer mutex.Unlock()
		if now := time.Now(); now.Sub(last) >= time.Minute {
			last = now
			logger.Info("Could not send traces, which are dropped", "error", err.Error())
		}
	}))
}

// Stop sends what was not sent yet.
func (t *Tracer) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("sending the last traces: %w", err)
	}
	return nil
}

// Start begins a span, which ends with [Span.End]. Below it, logs have its trace.
func (t *Tracer) Start(ctx context.Context, name string) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	outer := trace.SpanContextFromContext(ctx).TraceID()
	ctx, span := t.tracer.Start(ctx, name)
	if id := span.SpanContext().TraceID(); span.IsRecording() && id != outer {
		ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("traceID", id.String()))
	}
	return ctx, Span{span}
}

// Span is a step that goes on. The zero Span is none.
type Span struct{ span trace.Span }

// Recording tells whether somebody will see what is set.
func (s Span) Recording() bool { return s.span != nil && s.span.IsRecording() }

// Set says something about the step.
func (s Span) Set(attributes ...attribute.KeyValue) {
	if s.Recording() {
		s.span.SetAttributes(attributes...)
	}
}

// End ends the step. What went wrong is told as such, and not what: errors name more than is for everyone.
func (s Span) End(err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, "see the log of the manager, where the line has this trace's ID")
	}
	s.span.End()
}
