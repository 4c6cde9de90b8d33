// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// The leader is killed. Until another leads, what is cleared heals and the rest waits; then what came meanwhile takes
// effect: a pass that opens, and a failure that removes.
func TestALeaderThatIsKilledIsReplaced(t *testing.T) {
	s := begin(t, empty.alone(t))
	leader, standby := s.pair("kill-a", "kill-b")
	s.serve("good", "web", 2)
	s.serve("doomed", "old", 2)
	s.release("waiting")
	s.deployment("new", "waiting", 2)
	saw := s.watch()

	s.must(s.bed.Kill(leader))
	s.evaluate("pass", "waiting", 0.01, anHourAgo())
	s.evaluate("fail", "doomed", 0.9, anHourAgo())
	s.deleteAll("web")
	s.counts("web", 2, 0)
	if err := s.bed.leads(standby); err == nil {
		t.Error("the pods healed only once the other one led")
	}
	if saw.sawOf("waiting") != "" || len(saw.removedOf("doomed")) > 0 {
		t.Error("nobody led, and yet: ", saw.sawOf("waiting"), saw.sawOf("doomed"))
	}
	s.eventually(func(context.Context) error { return s.bed.leads(standby) })
	s.counts("new", 2, 0)
	s.eventually(func(context.Context) error {
		if removed := saw.removedOf("doomed"); len(removed) != 2 {
			return fmt.Errorf("removed of the failed release: %v", removed)
		}
		return nil
	})
	if removed := saw.removedOf("good"); len(removed) != 2 {
		t.Errorf("two pods of the good release were deleted here, and went: %v", removed)
	}
}

// The leader stops for longer than its lease, in the middle of opening pods. Another leads, and removes what failed
// meanwhile. The old one comes back with all that it knew and meant to do, and does none of it.
func TestALeaderThatWasStoppedDoesNoHarm(t *testing.T) {
	s := begin(t, empty.alone(t))
	leader, standby := s.pair("stop-a", "stop-b")
	s.serve("good", "web", 2)
	s.serve("doomed", "old", 2)

	const many = 20
	var making sync.WaitGroup
	for i := range many {
		making.Go(func() {
			if err := s.Create(t.Context(), s.pod(fmt.Sprintf("bare-%d", i), "doomed")); err != nil {
				t.Error(err)
			}
		})
	}
	s.opening("doomed")
	s.must(s.bed.Pause(leader))
	making.Wait()
	s.eventually(func(context.Context) error { return s.bed.leads(standby) })
	s.evaluate("fail", "doomed", 0.9, anHourAgo())
	s.is("doomed", v1alpha1.ConditionReady, v1alpha1.ReasonAdverseFinding)
	s.eventually(s.nothingServes("doomed"))

	saw, came := s.watch(), s.watchClearance("doomed")
	for i := range many {
		// What it may take for what it was about to open.
		s.must(client.IgnoreAlreadyExists(s.Create(t.Context(), s.pod(fmt.Sprintf("bare-%d", i), "doomed"))))
	}
	s.must(s.bed.Resume(leader))
	s.ended(leader)
	s.release("after")
	s.evaluate("after", "after", 0.01, anHourAgo())
	s.deployment("after", "after", 1)
	s.counts("after", 1, 0)
	saw.nothing(t, "doomed")
	saw.nothing(t, "good")
	if values := came(); len(values) > 0 {
		t.Errorf("the failed release was cleared again: %v", values)
	}
	s.counts("web", 2, 0)
}

// serve makes a release with a result that clears it, and waits until its Deployment serves.
func (s *scenario) serve(release, app string, replicas int32) {
	s.t.Helper()
	s.release(release)
	s.evaluate(release, release, 0.01, anHourAgo())
	s.deployment(app, release, replicas)
	s.counts(app, int(replicas), 0)
}

// opening waits until the first bare pod of a release is opened.
func (s *scenario) opening(release string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		list := &corev1.PodList{}
		if err := s.List(ctx, list, client.InNamespace(s.ns), client.MatchingLabels{v1alpha1.LabelRelease: release}); err != nil {
			return err
		}
		for i := range list.Items {
			if pod := &list.Items[i]; len(pod.OwnerReferences) == 0 && !isHeld(pod) {
				return nil
			}
		}
		return errors.New("no pod is opened yet")
	})
}

// nothingServes tells whether no pod of a release runs or will.
func (s *scenario) nothingServes(release string) func(context.Context) error {
	return func(ctx context.Context) error {
		list := &corev1.PodList{}
		if err := s.List(ctx, list, client.InNamespace(s.ns), client.MatchingLabels{v1alpha1.LabelRelease: release}); err != nil {
			return err
		}
		for i := range list.Items {
			if pod := &list.Items[i]; !isHeld(pod) {
				return fmt.Errorf("pod %s serves still", pod.Name)
			}
		}
		return nil
	}
}

// watchClearance collects each clearance that a release gets from now on. It has none now.
func (s *scenario) watchClearance(release string) func() []string {
	s.t.Helper()
	watching, err := client.NewWithWatch(s.bed.Admin(), client.Options{Scheme: s.Scheme()})
	s.must(err)
	w, err := watching.Watch(s.t.Context(), &corev1.NamespaceList{}, client.MatchingFields{"metadata.name": s.ns})
	s.must(err)
	s.t.Cleanup(w.Stop)
	var seen []string
	return func() []string {
		for {
			select {
			case event := <-w.ResultChan():
				ns, ok := event.Object.(*corev1.Namespace)
				if !ok {
					return append(seen, fmt.Sprintf("the watch ended: %v", event.Object))
				}
				if value, ok := ns.Annotations[clearance.Key(release)]; ok {
					seen = append(seen, value)
				}
			default:
				return seen
			}
		}
	}
}
