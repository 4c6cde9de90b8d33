// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/controllers"
	"github.com/scalegate/scalegate/controllers/canary"
	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/internal/probes"
)

// leastCanaryInterval keeps a round from being due before the last one ended.
const leastCanaryInterval = time.Second

// guardOptions are the flags of the canary.
type guardOptions struct {
	mode       string
	interval   time.Duration
	parameters string
}

func (o *guardOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.mode, "guards", string(canary.Restore),
		"what to do about an admission object of Scalegate's that is missing, changed or without effect: "+
			"restore puts it back and reports, report only reports, off does not look; but for off, nothing new is cleared meanwhile")
	f.DurationVar(&o.interval, "canary-interval", 5*time.Second, "time between two looks at the admission objects; changes are noticed at once")
	f.StringVar(&o.parameters, "admission-parameters", "scalegate-system/"+guards.ParametersName,
		"namespace and name of the ConfigMap that the admission policies were installed with")
}

// setUp adds the canary to the manager. What it returns says whether the guards are in place.
func (o *guardOptions) setUp(mgr ctrl.Manager) (controllers.Guards, error) {
	mode := canary.Mode(o.mode)
	switch mode {
	case canary.Restore, canary.Report, canary.Off:
	default:
		return nil, fmt.Errorf("--guards=%s: want restore, report or off", o.mode)
	}
	if o.interval < leastCanaryInterval {
		return nil, fmt.Errorf("--canary-interval=%s: want %s or more", o.interval, leastCanaryInterval)
	}
	namespace, name, ok := strings.Cut(o.parameters, "/")
	if !ok || namespace == "" || name == "" {
		return nil, fmt.Errorf("--admission-parameters=%s: want NAMESPACE/NAME of a ConfigMap", o.parameters)
	}
	manifests, err := config.Admission()
	if err != nil {
		return nil, fmt.Errorf("opening the admission manifests: %w", err)
	}
	acting, err := canary.ActingClient(mgr.GetConfig(), mgr.GetClient(), metav1.Now)
	if err != nil {
		return nil, err
	}
	c := &canary.Canary{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Watch: mgr.GetCache(),
		Events: mgr.GetEventRecorder("scalegate-canary"), Now: metav1.Now,
		Mode: mode, Interval: o.interval,
		Parameters: types.NamespacedName{Namespace: namespace, Name: name},
		Manifests:  manifests,
		Identity:   canary.Identity(mgr.GetClient()),
		Prober:     &probes.Probes{Client: acting},
		Metrics:    canary.NewMetrics(metrics.Registry),
		Changed:    make(chan event.GenericEvent, 1),
	}
	if err := mgr.Add(c); err != nil {
		return nil, fmt.Errorf("adding the canary: %w", err)
	}
	return c, nil
}
