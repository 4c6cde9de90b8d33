// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/scalegate/scalegate/controllers"
)

// leastCensusInterval keeps the census from being all that the API server does.
const leastCensusInterval = time.Second

// onboardingOptions are the flags of what brings namespaces under the gate.
type onboardingOptions struct {
	interval time.Duration
}

func (o *onboardingOptions) addFlags(f *pflag.FlagSet) {
	f.DurationVar(&o.interval, "census-interval", 5*time.Minute,
		"time between two counts of the accelerator pods in the cluster, which the condition Covered and the metric scalegate_accelerator_pods tell; 0 counts none")
}

// setUp adds the census, the day of enforcement, and the freeing of what nobody governs any more. settling is told which
// namespaces are enforced.
func (o *onboardingOptions) setUp(mgr ctrl.Manager, settling *controllers.Settling) error {
	if o.interval != 0 && o.interval < leastCensusInterval {
		return fmt.Errorf("--census-interval=%s: want %s or more, or 0 to count none", o.interval, leastCensusInterval)
	}
	c, live, events := mgr.GetClient(), mgr.GetAPIReader(), mgr.GetEventRecorder("scalegate-onboarding")
	counting := &controllers.Census{Client: c, Live: live, Events: events, Now: metav1.Now, Interval: o.interval}
	if err := counting.SetupWithManager(mgr, metrics.Registry); err != nil {
		return err
	}
	for _, r := range []interface{ SetupWithManager(ctrl.Manager) error }{
		&controllers.OnboardingReconciler{Client: c, Live: live, Events: events, Now: metav1.Now, Settling: settling},
		&controllers.FreeingReconciler{Client: c, Live: live, Events: events, Now: metav1.Now},
	} {
		if err := r.SetupWithManager(mgr); err != nil {
			return fmt.Errorf("setting up %T: %w", r, err)
		}
	}
	return nil
}
