// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/scalegate/scalegate/controllers"
	"github.com/scalegate/scalegate/internal/logging"
	"github.com/scalegate/scalegate/internal/monitoring"
	"github.com/scalegate/scalegate/internal/tracing"
)

// telemetryOptions are the manager's flags about what it tells of itself.
type telemetryOptions struct {
	logs    logging.Options
	tracing tracing.Options
}

func (o *telemetryOptions) addTo(f *pflag.FlagSet) {
	f.StringVar(&o.logs.Level, "log-level", "info", "the least that is logged: error, warn, info or debug")
	f.StringVar(&o.logs.Format, "log-format", "json", "how it is logged: json or text")
	f.StringVar(&o.tracing.Endpoint, "tracing-endpoint", "",
		"OTLP receiver for traces over gRPC, as host:port or an URL; empty leaves it to the OTEL_ variables, and traces nothing without them")
	f.BoolVar(&o.tracing.Insecure, "tracing-insecure", false, "send traces without TLS")
}

// start sets the logger, and makes the tracer; nil where nothing is traced.
func (o *telemetryOptions) start(ctx context.Context) (*tracing.Tracer, error) {
	logger, err := logging.New(os.Stderr, o.logs)
	if err != nil {
		return nil, err
	}
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	o.tracing.Version, o.tracing.Environment = version, os.Getenv
	return tracing.New(logr.NewContext(ctx, logger), o.tracing)
}

// measure registers what the manager tells about releases as metrics, and returns what counts.
func measure(mgr ctrl.Manager) (*controllers.FleetMetrics, error) {
	state := monitoring.NewState(mgr.GetCache(), mgr.GetLogger().WithName("monitoring"))
	if err := errors.Join(metrics.Registry.Register(monitoring.BuildInfo(version)), metrics.Registry.Register(state)); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	return controllers.NewFleetMetrics(metrics.Registry)
}
