// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func anHourAgo() time.Time { return time.Now().Add(-time.Hour) }

func TestAReleaseIsHeldUntilItsEvaluationPasses(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	s.deployment("web", "m1", 3)
	s.ready("m1", v1alpha1.ReasonEvidenceMissing)
	s.heldPods("web", 0)

	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.serving("web", 3)
	r := s.ready("m1", v1alpha1.ReasonReleased)
	if r.Status.GrantedExposure != "General" || r.Status.ClearedUntil == nil {
		t.Errorf("granted %q until %v", r.Status.GrantedExposure, r.Status.ClearedUntil)
	}
}

func TestAnUpdateToAHeldReleaseLeavesTheOldOneServing(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("old")
	s.evaluate("old-good", "old", 0.01, anHourAgo())
	s.deployment("web", "old", 3)
	s.serving("web", 3)

	s.release("new")
	s.update(func(d *appsv1.Deployment) { d.Spec.Template = s.template("new", "web") })
	s.workload("new", "web", v1alpha1.ReasonEvidenceMissing)
	s.serving("web", 3)
	s.update(func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(4)) })
	s.serving("web", 4)

	s.evaluate("new-good", "new", 0.01, anHourAgo())
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, "web")
		if err != nil {
			return err
		}
		for _, pod := range pods {
			if pod.Labels[v1alpha1.LabelRelease] != "new" {
				return fmt.Errorf("pod %s still serves release %s", pod.Name, pod.Labels[v1alpha1.LabelRelease])
			}
		}
		return nil
	})
	s.serving("web", 4)
}

func TestAFailingEvaluationRemovesWhatRunsUntilItIsResolved(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	s.evaluate("good", "m1", 0.01, time.Now().Add(-3*time.Hour))
	s.deployment("web", "m1", 2)
	s.serving("web", 2)

	s.evaluate("bad", "m1", 0.5, time.Now().Add(-2*time.Hour))
	r := s.ready("m1", v1alpha1.ReasonAdverseFinding)
	s.heldPods("web", 2)

	s.evaluate("rerun", "m1", 0.01, anHourAgo())
	s.eventually(func(ctx context.Context) error {
		e := &v1alpha1.SafetyEvaluation{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "rerun"}, e); err != nil {
			return err
		}
		if e.Status.Measurement == nil {
			return fmt.Errorf("the re-run is not read yet: %+v", e.Status)
		}
		return nil
	})
	s.ready("m1", v1alpha1.ReasonAdverseFinding)
	s.heldPods("web", 2)

	finding := &v1alpha1.AdverseFinding{}
	s.must(s.Get(t.Context(), client.ObjectKey{Name: r.Status.Requirements[0].Evidence}, finding))
	finding.Spec.Resolution = &v1alpha1.FindingResolution{
		Namespace: s.ns, Evaluation: "rerun", Reason: "the attack used a prompt that the safeguard now refuses",
	}
	s.must(s.Update(t.Context(), finding))
	s.serving("web", 2)
	s.ready("m1", v1alpha1.ReasonReleased)
	s.must(s.Get(t.Context(), client.ObjectKeyFromObject(finding), finding))
	if finding.Spec.Resolution.ResolvedBy == "" || finding.Status.ResolvedTime == nil {
		t.Errorf("resolved by %q at %v", finding.Spec.Resolution.ResolvedBy, finding.Status.ResolvedTime)
	}
}

func TestAbsenceFreezesAndEvictsNothing(t *testing.T) {
	for name, remove := range map[string]func(*scenario) client.Object{
		"policy":   func(s *scenario) client.Object { return object(&v1alpha1.SafetyPolicy{}, "", s.policy) },
		"release":  func(s *scenario) client.Object { return object(&v1alpha1.ModelRelease{}, s.ns, "m1") },
		"evidence": func(s *scenario) client.Object { return object(&v1alpha1.SafetyEvaluation{}, s.ns, "good") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.release("m1")
			s.evaluate("good", "m1", 0.01, anHourAgo())
			s.deployment("web", "m1", 2)
			s.serving("web", 2)

			s.must(s.Delete(t.Context(), remove(s)))
			s.eventually(s.withdrawn("m1"))
			s.serving("web", 2)
			s.update(func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(3)) })
			s.eventually(s.held("web", 1))
			s.serving("web", 2)
		})
	}
}

func TestPodsAboveTheCeilingStayHeld(t *testing.T) {
	t.Parallel()
	s := begin(t, func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[1].MaxReplicas = new(int32(2)) })
	s.release("m1")
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.deployment("web", "m1", 3)
	s.serving("web", 2)
	s.workload("m1", "web", v1alpha1.ReasonAboveCeiling)
	pods, err := s.pods(t.Context(), "web")
	s.must(err)
	for i := range pods {
		if len(pods[i].Spec.SchedulingGates) == 0 {
			s.must(s.Delete(t.Context(), &pods[i]))
			break
		}
	}
	s.serving("web", 2)
}

func TestAWorkloadThatRunsSomethingElseIsHeldAndSaysWhat(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	s.evaluate("good", "m1", 0.01, anHourAgo())
	d := s.deployment("web", "m1", 2)
	s.serving("web", 2)

	s.update(func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Args = []string{"--model=/models", "--port=8000", "--enable-everything"}
	})
	r := s.ready("m1", v1alpha1.ReasonWorkloadMismatch)
	if m := r.Status.Workloads[0].Message; !strings.Contains(m, "spec.containers[server].args") {
		t.Errorf("the message does not name the field: %s", m)
	}
	s.serving("web", 2)

	s.update(func(now *appsv1.Deployment) { now.Spec.Template = d.Spec.Template })
	s.ready("m1", v1alpha1.ReasonReleased)
	s.serving("web", 2)
}

func TestAWorkloadClaimsNoMoreThanIsGranted(t *testing.T) {
	t.Parallel()
	s := begin(t, func(p *v1alpha1.SafetyPolicy) {
		more := p.Spec.Requirements[0]
		more.Name, more.NeededFrom = "more", "General"
		p.Spec.Requirements = append(p.Spec.Requirements, more)
		p.Spec.Levels[0].Requires = append(p.Spec.Levels[0].Requires, "more")
	})
	s.release("m1")
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.deployment("public", "m1", 1)
	s.workload("m1", "public", v1alpha1.ReasonExposureNotGranted)

	inside := s.template("m1", "inside")
	inside.Labels[v1alpha1.LabelExposure] = "Internal"
	s.deployment("inside", "m1", 1, func(d *appsv1.Deployment) { d.Spec.Template = inside })
	s.serving("inside", 1)
	s.heldPods("public", 0)
}

func TestAnAuditedNamespaceHoldsAndClearsNothing(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.label(v1alpha1.GateAudited)
	s.release("m1")
	s.deployment("web", "m1", 2)
	s.serving("web", 2)
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.ready("m1", v1alpha1.ReasonAudited)
	s.eventually(s.withdrawn("m1"))
}
