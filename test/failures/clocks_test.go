// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/controllers"
	"github.com/scalegate/scalegate/test/installation"
)

const (
	// skew is how far the manager's clock is from that of the API server.
	skew = time.Hour
	// lease is the longest that a clearance lives without being renewed.
	lease = 2 * time.Hour
)

// results are what the releases of the tests rest on: when each ended, and what a manager makes of it whose clock is
// ahead of the API server's, and one whose clock is behind.
func results(now time.Time) []result {
	valid := validDays * 24 * time.Hour
	return []result{
		// For a manager that is behind it ended in the future. It counts: only the API server's clock says what the future is.
		{release: "fresh", ended: now.Add(-10 * time.Minute), ahead: v1alpha1.ReasonReleased, behind: v1alpha1.ReasonReleased},
		{release: "ending", ended: now.Add(-valid + skew/2), ahead: v1alpha1.ReasonEvidenceExpired, behind: v1alpha1.ReasonReleased},
		{release: "soon", ended: now.Add(-valid + 12*time.Second), ahead: v1alpha1.ReasonEvidenceExpired, behind: v1alpha1.ReasonReleased},
		{release: "over", ended: now.Add(-valid - 2*skew), ahead: v1alpha1.ReasonEvidenceExpired, behind: v1alpha1.ReasonEvidenceExpired},
		// For a manager that is ahead it ended in the past, and that makes it no better.
		{release: "future", ended: now.Add(skew / 2), ahead: v1alpha1.ReasonEvidenceIndeterminate, behind: v1alpha1.ReasonEvidenceIndeterminate},
	}
}

// result is a passing result of a release.
type result struct {
	release       string
	ended         time.Time
	ahead, behind string
}

// end is when it no longer counts.
func (r result) end() time.Time { return r.ended.Add(validDays * 24 * time.Hour) }

// The clocks of manager and API server are an hour apart. Both managers run beside each other in this process, each with
// a namespace of its own.
func TestClocksAnHourApart(t *testing.T) {
	b := empty.alone(t)
	t.Run("TheManagerIsAhead", func(t *testing.T) {
		t.Parallel()
		s, all := clocked(t, b, skew)
		for _, r := range all {
			s.is(r.release, v1alpha1.ConditionReady, r.ahead)
		}
		s.clearedFor("fresh", lease+skew)
		s.counts("ending", 0, 0)
		s.failureRemoves()
	})
	t.Run("TheManagerIsBehind", func(t *testing.T) {
		t.Parallel()
		s, all := clocked(t, b, -skew)
		for _, r := range all {
			s.is(r.release, v1alpha1.ConditionReady, r.behind)
		}
		s.clearedFor("fresh", lease-skew)
		for _, r := range all {
			if r.release == "ending" || r.release == "soon" {
				s.clearedUntil(r)
			}
		}
		s.refusedWhenOver("soon")
		s.failureRemoves()
	})
}

// clocked is a scenario with a manager whose clock is off by so much, and with the releases of the results. Each but the
// one whose result is in the future has a Deployment.
func clocked(t *testing.T, b *bed, off time.Duration) (*scenario, []result) {
	t.Helper()
	s := begin(t, b, func(p *v1alpha1.SafetyPolicy) { p.Spec.ClearanceSeconds = new(int32(lease / time.Second)) })
	all := results(time.Now().Truncate(time.Second))
	for _, r := range all {
		s.release(r.release)
		s.deployment(r.release, r.release, 1)
	}
	s.manage(off)
	for _, r := range all {
		s.evaluate(r.release, r.release, 0.01, r.ended)
	}
	return s, all
}

// manage runs the reconcilers as the manager's service account, in the namespace of the scenario, with their clock off by
// so much, until the test ends.
func (s *scenario) manage(off time.Duration) {
	s.t.Helper()
	cfg, err := s.bed.ServiceAccount(s.t.Context(), installation.Namespace, installation.ServiceAccount)
	s.must(err)
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: s.Scheme(), Metrics: server.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: new(true)},
		NewClient: func(cfg *rest.Config, options client.Options) (client.Client, error) {
			c, err := client.New(cfg, options)
			if err != nil {
				return nil, err
			}
			return client.WithFieldOwner(c, "scalegate"), nil
		},
		Cache: cache.Options{
			DefaultNamespaces: map[string]cache.Config{s.ns: {}}, DefaultTransform: cache.TransformStripManagedFields(),
			ByObject: controllers.Cached(),
		},
	})
	s.must(err)
	now := func() metav1.Time { return metav1.NewTime(time.Now().Add(off)) }
	events := mgr.GetEventRecorder("scalegate")
	s.must(controllers.Index(s.t.Context(), mgr.GetFieldIndexer()))
	for _, r := range []interface{ SetupWithManager(ctrl.Manager) error }{
		&controllers.SafetyPolicyReconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: events, Now: now},
		&controllers.SafetyEvaluationReconciler{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Collector: &controllers.Collector{}, Events: events, Now: now,
		},
		&controllers.ModelReleaseReconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: events, Now: now},
	} {
		s.must(r.SetupWithManager(mgr))
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
}

// clearedFor checks that the clearance of a release, by the API server's clock, lives for so long from now, give or take
// what the test takes.
func (s *scenario) clearedFor(release string, want time.Duration) {
	s.t.Helper()
	c, ok, err := s.cleared(s.t.Context(), release)
	s.must(err)
	if left := time.Until(c.End); !ok || left > want || left < want-2*patience {
		s.t.Errorf("the clearance of %s lives for %s, want about %s", release, left, want)
	}
}

// clearedUntil checks that the clearance of a release ends with its evidence.
func (s *scenario) clearedUntil(r result) {
	s.t.Helper()
	c, ok, err := s.cleared(s.t.Context(), r.release)
	s.must(err)
	if !ok || !c.End.Equal(r.end()) {
		s.t.Errorf("the clearance of %s ends at %s, its evidence at %s", r.release, c.End, r.end())
	}
}

// refusedWhenOver deletes the pod of a Deployment again and again: until its clearance ends by the API server's clock
// another takes its place, born free, and then the API server refuses the next, though the manager thinks that an hour is left.
func (s *scenario) refusedWhenOver(release string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, release)
		if err != nil {
			return err
		}
		for i := range pods {
			if err := client.IgnoreNotFound(s.Delete(ctx, &pods[i])); err != nil {
				return err
			}
		}
		sets := &appsv1.ReplicaSetList{}
		if err := s.List(ctx, sets, client.InNamespace(s.ns), client.MatchingLabels{"app": release}); err != nil {
			return err
		}
		for i := range sets.Items {
			for _, c := range sets.Items[i].Status.Conditions {
				if c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
					return nil
				}
			}
		}
		return errors.New("no pod was refused yet")
	})
	if c, ok, err := s.cleared(s.t.Context(), release); err != nil || !ok || time.Now().Before(c.End) {
		s.t.Errorf("a pod was refused before the clearance ended: %v %v %v", c, ok, err)
	}
}

// failureRemoves brings a result that fails: whatever the clocks say, what serves goes.
func (s *scenario) failureRemoves() {
	s.t.Helper()
	s.counts("fresh", 1, 0)
	s.evaluate("failure", "fresh", 0.9, time.Now())
	s.is("fresh", v1alpha1.ConditionReady, v1alpha1.ReasonAdverseFinding)
	s.eventually(s.nothingServes("fresh"))
	if c, ok, err := s.cleared(s.t.Context(), "fresh"); err != nil || ok {
		s.t.Error(fmt.Errorf("the failed release is cleared: %v, %w", c, err))
	}
}
