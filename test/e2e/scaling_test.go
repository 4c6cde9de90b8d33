// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// limitedByReplicas has a release's workloads scaled to what is granted.
func limitedByReplicas(r *v1alpha1.ModelRelease) { r.Spec.LimitBy = v1alpha1.LimitByScaleReplicas }

// allow sets another ceiling than the policy of the scenario has.
func (s *scenario) allow(n int32) {
	s.t.Helper()
	policy := object(&v1alpha1.SafetyPolicy{}, "", s.policy)
	s.must(change(s, policy, func(p *v1alpha1.SafetyPolicy) { ceiling(n)(p) }))
}

// asks waits until a workload asks for so many replicas, and remembers this.
func (s *scenario) asks(o client.Object, replicas int32, remembered string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		var has *int32
		switch o := o.(type) {
		case *appsv1.Deployment:
			has = o.Spec.Replicas
		case *appsv1.StatefulSet:
			has = o.Spec.Replicas
		}
		if text := o.GetAnnotations()[v1alpha1.AnnotationScaledReplicas]; *has != replicas || text != remembered {
			return fmt.Errorf("%s asks for %d and remembers %q, want %d and %q", o.GetName(), *has, text, replicas, remembered)
		}
		return nil
	})
}

// rescale sets replicas as a person does with kubectl scale.
func (s *scenario) rescale(o client.Object, replicas int32) {
	s.t.Helper()
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
	target, ok := o.DeepCopyObject().(client.Object) // which becomes what is answered: a Scale
	if !ok {
		s.t.Fatalf("%T is no object", o)
	}
	s.must(s.SubResource("scale").Patch(s.t.Context(), target, client.RawPatch(types.MergePatchType, patch)))
}

// Above a ceiling the Deployment asks for what serves. What its author wants is remembered, also where that changes
// meanwhile, comes back as far as the ceiling rises, and is restored when nobody governs any more.
func TestReplicasFollowTheCeiling(t *testing.T) {
	t.Parallel()
	s := begin(t, ceiling(2))
	s.release("m1", limitedByReplicas)
	s.evaluate("good", "m1", 0.01, anHourAgo())
	web := s.deployment("web", "m1", 4)
	s.asks(web, 2, "4/2")
	s.serving("web", 2)
	s.eventually(s.held("web", 0))
	s.workload("m1", "web", v1alpha1.ReasonAboveCeiling)
	s.told("web", v1alpha1.ReasonScaled)

	s.rescale(web, 6)
	s.asks(web, 2, "6/2")
	s.serving("web", 2)
	s.rescale(web, 1)
	s.asks(web, 1, "")
	s.serving("web", 1)
	s.rescale(web, 5)
	s.asks(web, 2, "5/2")
	s.serving("web", 2)
	before, err := s.pods(t.Context(), "web")
	s.must(err)

	s.allow(3)
	s.asks(web, 3, "5/3")
	s.serving("web", 3)
	s.eventually(s.held("web", 0))
	for i := range before {
		if before[i].DeletionTimestamp == nil && len(before[i].Spec.SchedulingGates) == 0 {
			s.must(s.Get(t.Context(), client.ObjectKeyFromObject(&before[i]), &corev1.Pod{}))
		}
	}

	s.must(s.Patch(t.Context(), s.namespace(), client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"labels":{%q:null}}}`, v1alpha1.LabelGate))))
	s.asks(web, 5, "")
	s.serving("web", 5)
}

// told waits until an event tells of a Deployment.
func (s *scenario) told(name, reason string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		var events corev1.EventList
		err := s.List(ctx, &events, client.InNamespace(s.ns))
		if slices.ContainsFunc(events.Items, func(e corev1.Event) bool {
			return e.InvolvedObject.Kind == "Deployment" && e.InvolvedObject.Name == name && e.Reason == reason
		}) {
			return nil
		}
		return errors.Join(err, fmt.Errorf("no event %s of %s", reason, name))
	})
}

// Without a grant a StatefulSet asks for nothing; evidence brings back what its author wants, as far as there are places,
// from the lowest number on. When the release is limited by gates alone again, everything comes back.
func TestReplicasFollowTheGrant(t *testing.T) {
	t.Parallel()
	s := begin(t, ceiling(2))
	s.release("m1", limitedByReplicas)
	set := s.statefulSet("set", "m1", 3)
	s.asks(set, 0, "3/0")
	s.eventually(s.held("set", 0))
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.asks(set, 2, "3/2")
	s.serving("set", 2)
	s.must(s.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "set-1"}, &corev1.Pod{}))

	s.must(change(s, object(&v1alpha1.ModelRelease{}, s.ns, "m1"), func(r *v1alpha1.ModelRelease) {
		r.Spec.LimitBy = v1alpha1.LimitBySchedulingGates
	}))
	s.asks(set, 3, "")
	s.eventually(s.held("set", 1))
	s.serving("set", 2)
}

// A place that becomes free goes to a workload that was scaled down, and scaling comes to rest.
func TestReplicasAreSharedOut(t *testing.T) {
	t.Parallel()
	s := begin(t, ceiling(3))
	s.release("m1", limitedByReplicas)
	s.evaluate("good", "m1", 0.01, anHourAgo())
	web := s.deployment("web", "m1", 2)
	s.serving("web", 2)
	lab := s.deployment("lab", "m1", 3)
	s.asks(lab, 1, "3/1")
	s.serving("lab", 1)
	s.rescale(web, 1)
	s.asks(lab, 2, "3/2")
	s.serving("lab", 2)
	s.rescale(web, 0)
	s.asks(lab, 3, "")
	s.serving("lab", 3)
}

// standingBy has the policy name the release "spare" as the fallback.
func standingBy(p *v1alpha1.SafetyPolicy) {
	p.Spec.Fallback = &v1alpha1.PolicyFallback{Release: "spare", WaitSeconds: new(int32(300))}
}

// A fallback serves before the release that fails is drained, and is scaled back when that serves again.
func TestTheFallbackTakesOver(t *testing.T) {
	t.Parallel()
	s := begin(t, standingBy)
	for _, name := range []string{"m1", "spare"} {
		s.release(name)
		s.evaluate(name+"-good", name, 0.01, time.Now().Add(-3*time.Hour))
	}
	s.deployment("web", "m1", 3)
	spare := s.deployment("spare", "spare", 0, func(d *appsv1.Deployment) {
		d.Annotations = map[string]string{v1alpha1.AnnotationStandbyReplicas: "2"}
	})
	s.serving("web", 3)
	s.ready("spare", v1alpha1.ReasonReleased)
	s.evaluate("bad", "m1", 0.5, time.Now().Add(-2*time.Hour))
	s.drainedAfter("web", 3, "spare", 2)
	s.heldPods("web", 3)
	s.asks(spare, 2, "0/2/m1")

	finding := s.finding("m1")
	s.evaluate("rerun", "m1", 0.01, anHourAgo())
	s.eventually(func(ctx context.Context) error {
		e := object(&v1alpha1.SafetyEvaluation{}, s.ns, "rerun")
		if err := s.Get(ctx, client.ObjectKeyFromObject(e), e); err != nil || e.Status.Measurement == nil {
			return errors.Join(err, errors.New("the re-run is not read yet"))
		}
		return nil
	})
	s.must(change(s, finding, func(f *v1alpha1.AdverseFinding) {
		f.Spec.Resolution = &v1alpha1.FindingResolution{Namespace: s.ns, Evaluation: "rerun", Reason: "the prompt is refused now"}
	}))
	s.drainedAfter("spare", 2, "web", 3)
	s.asks(spare, 0, "")
	s.serving("web", 3)
}

// finding is the one that keeps a release from being granted anything.
func (s *scenario) finding(release string) *v1alpha1.AdverseFinding {
	s.t.Helper()
	r := s.ready(release, v1alpha1.ReasonAdverseFinding)
	return object(&v1alpha1.AdverseFinding{}, "", r.Status.Requirements[0].Evidence)
}

// drainedAfter waits until nothing of an app serves any more, and fails where a pod of it went before so many of the other
// were ready.
func (s *scenario) drainedAfter(app string, all int, other string, ready int) {
	s.t.Helper()
	serve := func(pod corev1.Pod) bool { return !gated(pod) && pod.Status.Phase == corev1.PodRunning }
	s.eventually(func(ctx context.Context) error {
		// The other is read later: what was ready just in time was in time.
		pods, err := s.pods(ctx, app)
		if err != nil {
			return err
		}
		others, err := s.pods(ctx, other)
		if err != nil {
			return err
		}
		left, up := 0, 0
		for _, pod := range pods {
			if serve(pod) {
				left++
			}
		}
		for _, pod := range others {
			if serve(pod) {
				up++
			}
		}
		if left < all && up < ready {
			s.t.Fatalf("%d pods of %s are left, and only %d of %s serve", left, app, up, other)
		}
		if left > 0 {
			return fmt.Errorf("%d pods of %s are left, and %d of %s serve", left, app, up, other)
		}
		return nil
	})
}
