// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canary takes Scalegate's admission objects away, changes them and works around them on a
// real control plane, and looks at what the canary does about it. The canary runs in this process,
// as the manager's service account and with its rights; no other part of the manager does.
package canary

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/controllers/canary"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/internal/probes"
	"github.com/scalegate/scalegate/test/installation"
)

// interval is how often the canary of the tests looks when nothing changes.
const interval = time.Second

// bed is what every test of the package runs on. They run one after the other.
type bed struct {
	*installation.Installation
	canary   *canary.Canary
	registry *prometheus.Registry
	// policy carries the condition.
	policy *v1alpha1.SafetyPolicy
	// installed is what the cluster had before the canary ran.
	installed []guards.Object
	stop      context.CancelFunc
	done      chan error
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, shared.close))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Open(ctx, os.Stderr); err != nil {
		return err
	}
	if b.External() {
		return nil
	}
	b.policy = fixture.Policy("rsp")
	if err := b.Client.Create(ctx, b.policy); err != nil {
		return err
	}
	if b.installed, err = admissionObjects(ctx, b.Client); err != nil {
		return err
	}
	cfg, err := b.ServiceAccount(ctx, installation.Namespace, installation.ServiceAccount)
	if err != nil {
		return err
	}
	if err := b.run(cfg); err != nil {
		return err
	}
	return b.await(ctx, metav1.ConditionTrue, v1alpha1.ReasonGuardsInPlace)
}

// run starts the canary as its manager would.
func (b *bed) run(cfg *rest.Config) error {
	ctrl.SetLogger(logr.Discard())
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{Scheme: installation.Scheme(), Metrics: server.Options{BindAddress: "0"}})
	if err != nil {
		return err
	}
	manifests, err := config.Admission()
	if err != nil {
		return err
	}
	acting, err := canary.ActingClient(cfg, mgr.GetClient(), metav1.Now)
	if err != nil {
		return err
	}
	b.registry = prometheus.NewRegistry()
	b.canary = &canary.Canary{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Watch: mgr.GetCache(), Events: mgr.GetEventRecorder("scalegate-canary"),
		Now: metav1.Now, Mode: canary.Restore, Interval: interval, Manifests: manifests,
		Parameters: types.NamespacedName{Namespace: installation.Namespace, Name: guards.ParametersName},
		Identity:   canary.Identity(mgr.GetClient()), Prober: &probes.Probes{Client: acting}, Metrics: canary.NewMetrics(b.registry),
	}
	if err := mgr.Add(b.canary); err != nil {
		return err
	}
	var ctx context.Context
	ctx, b.stop = context.WithCancel(context.Background())
	b.done = make(chan error, 1)
	go func() { b.done <- mgr.Start(ctx) }()
	return nil
}

func (b *bed) close() error {
	var err error
	if b.stop != nil {
		b.stop()
		err = <-b.done
	}
	return errors.Join(err, b.Stop())
}

// await waits until the condition Guarded of the policy is as said, and the canary agrees.
func (b *bed) await(ctx context.Context, status metav1.ConditionStatus, reason string) error {
	var last *metav1.Condition
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		p := &v1alpha1.SafetyPolicy{}
		if err := b.Client.Get(ctx, client.ObjectKeyFromObject(b.policy), p); err != nil {
			return false, err
		}
		last = meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionGuarded)
		good, _ := b.canary.InPlace()
		return last != nil && last.Status == status && last.Reason == reason && good == (status == metav1.ConditionTrue), nil
	})
	if err != nil {
		return fmt.Errorf("waiting for Guarded %s, %s: %w; it is %+v", status, reason, err, last)
	}
	return nil
}

// begin skips on a cluster that is in use, and starts from guards that are in place.
func begin(t *testing.T) {
	t.Helper()
	if shared.External() {
		t.Skip("the policies of an external cluster are in use")
	}
	must(t, shared.await(t.Context(), metav1.ConditionTrue, v1alpha1.ReasonGuardsInPlace))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until try returns nil.
func eventually(t *testing.T, try func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		last = try(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatal(last)
	}
}

// value is that of the metric with this name, and with this value of its label if it has one.
func value(t *testing.T, name, label string) float64 {
	t.Helper()
	families, err := shared.registry.Gather()
	must(t, err)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if label == "" || m.GetLabel()[0].GetValue() == label {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s{%s}", name, label)
	return 0
}

// parameters is the ConfigMap that the policies were installed with.
func parameters() *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: installation.Namespace, Name: guards.ParametersName}}
}
