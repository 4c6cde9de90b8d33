// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// The manager is replaced by one of another version, as a rolling update does it: the new one first. Meanwhile pods come and
// go, of a release whose pods are born free and of one whose pods are opened one by one: each comes back, and none else goes.
func TestAnUpgradeHoldsNothingThatShouldRun(t *testing.T) {
	s := begin(t, empty.alone(t), func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[0].MaxReplicas = new(int32(3)) })
	old, err := s.bed.version(t.Context(), "v1.0.0")
	s.must(err)
	s.bed.replica(t, "upgrade-old", old)
	s.serve("free", "web", 3)
	s.release("counted", func(r *v1alpha1.ModelRelease) { r.Spec.Exposure = "Internal" })
	s.evaluate("counted", "counted", 0.01, anHourAgo())
	s.deployment("few", "counted", 3)
	s.counts("few", 3, 0)
	fresh, err := s.bed.version(t.Context(), "v2.0.0")
	s.must(err)
	saw := s.watch()

	done := make(chan error, 1)
	go func() { done <- s.upgrade(fresh) }()
	deleted, longest := 0, time.Duration(0)
	for over := false; !over; deleted++ {
		select {
		case err := <-done:
			s.must(err)
			over = true // and one more round, by the new one
		default:
		}
		start := time.Now()
		for _, app := range []string{"web", "few"} {
			s.deleteOne(app)
		}
		s.counts("web", 3, 0)
		s.counts("few", 3, 0)
		longest = max(longest, time.Since(start))
	}
	t.Logf("%d pods of each release were replaced during the upgrade; the longest took %s", deleted, longest.Round(time.Millisecond))
	for _, release := range []string{"free", "counted"} {
		if removed := saw.removedOf(release); len(removed) != deleted {
			t.Errorf("%d pods of release %s were deleted here, and %d went: %v", deleted, release, len(removed), removed)
		}
		s.is(release, v1alpha1.ConditionReady, v1alpha1.ReasonReleased)
	}
	s.serve("later", "later", 1)
}

// upgrade starts the new manager, and asks the old one to go once the new one waits.
func (s *scenario) upgrade(binary string) error {
	const old, fresh = "upgrade-old", "upgrade-new"
	s.bed.replica(s.t, fresh, binary)
	for _, step := range []func() error{
		func() error { return s.bed.standsBy(fresh) },
		func() error { return s.bed.Terminate(old) },
		func() error {
			if s.bed.Running(old) {
				return errors.New("the old manager runs still")
			}
			return nil
		},
		func() error { return s.bed.leads(fresh) },
	} {
		if err := poll(s.t.Context(), func(context.Context) error { return step() }); err != nil {
			return err
		}
	}
	return nil
}

// deleteOne deletes one pod of an app that runs.
func (s *scenario) deleteOne(app string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, app)
		if err != nil || len(pods) == 0 {
			return errors.Join(err, fmt.Errorf("there is no pod of %s", app))
		}
		uid := pods[0].UID
		pod := &corev1.Pod{}
		pod.Namespace, pod.Name = s.ns, pods[0].Name
		return s.Delete(ctx, pod, client.Preconditions{UID: &uid})
	})
}
