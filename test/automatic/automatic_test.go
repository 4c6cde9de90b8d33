// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package automatic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/test/installation"
)

// What is missing is run, once; what came to nothing is not run again at once; other artifacts are.
func TestRun(t *testing.T) {
	s := begin(t)
	s.revise(func(*v1alpha1.SafetyPolicy) { s.require("harm") })
	s.suite("attack")
	release := s.release(v1alpha1.EvaluationsAutomatic)
	s.finish("attack", s.measured("0.01"))

	first := s.finished("attack", 1)[0]
	if got := first.Spec.Evaluator; got != "system:serviceaccount:"+installation.Namespace+":"+installation.ServiceAccount {
		t.Errorf("evaluator %q", got)
	}
	if len(first.OwnerReferences) > 0 {
		t.Errorf("it has an owner: %v", first.OwnerReferences)
	}
	s.event(v1alpha1.ReasonEvaluationMade, first.Name)
	if q := s.state("attack", v1alpha1.RequirementMet); q.Evidence != first.Name {
		t.Errorf("attack is Met by %s", q.Evidence)
	}
	s.event(v1alpha1.ReasonEvaluationNotMade, "requirement harm waits for EvaluationSuite run-harm")

	s.suite("harm")
	s.finish("harm", nil)
	broken := s.finished("harm", 1)[0]
	if broken.Status.Run.Reason != v1alpha1.ReasonResultMissing {
		t.Errorf("harm ended with %+v", broken.Status.Run)
	}
	s.state("harm", v1alpha1.RequirementIndeterminate)

	// When the runs for other artifacts are there, one that was repeated too soon would be too.
	s.must(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := s.Get(t.Context(), client.ObjectKeyFromObject(release), release); err != nil {
			return err
		}
		release.Spec.Artifacts[0].Digest = fixture.Digest("other weights")
		return s.Update(t.Context(), release)
	}))
	for _, requirement := range []string{"attack", "harm"} {
		s.finish(requirement, s.measured("0.02"))
		other := 0
		for _, e := range s.finished(requirement, 2) {
			if slices.ContainsFunc(e.Spec.Subject.Artifacts, func(a v1alpha1.SubjectArtifact) bool { return a.Digest == fixture.Digest("other weights") }) {
				other++
			}
		}
		if other != 1 {
			t.Errorf("%d runs of %s are about the other artifacts", other, requirement)
		}
	}
}

// What ends soon is renewed, and the release is held by what came of it.
func TestRenew(t *testing.T) {
	s := begin(t)
	s.suite("attack")
	s.release(v1alpha1.EvaluationsManual)
	s.bring("imported", 0.01, time.Now().Add(-29*24*time.Hour))
	s.state("attack", v1alpha1.RequirementMet)
	if finished, unfinished, err := s.runs(t.Context(), "attack"); err != nil || len(finished)+len(unfinished) > 0 {
		t.Fatalf("of a release that does not ask %d runs, %v", len(finished)+len(unfinished), err)
	}
	s.must(s.Patch(t.Context(), &v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "m1"}}, client.RawPatch(types.MergePatchType,
		[]byte(`{"spec":{"evaluations":"Automatic"}}`))))
	s.finish("attack", s.measured("0.02"))
	run := s.finished("attack", 1)[0]
	s.eventually(func(context.Context) error {
		q := s.state("attack", v1alpha1.RequirementMet)
		if q.Evidence != run.Name || time.Until(q.ExpiresTime.Time) < 29*24*time.Hour {
			return fmt.Errorf("attack is Met by %s until %v", q.Evidence, q.ExpiresTime)
		}
		return nil
	})
}

// What failed is not run again.
func TestFail(t *testing.T) {
	s := begin(t)
	s.suite("attack")
	s.release(v1alpha1.EvaluationsAutomatic)
	s.finish("attack", s.measured("0.9"))
	s.finished("attack", 1)
	s.state("attack", v1alpha1.RequirementFailed)
	// The suite of another requirement comes, whereupon all of the release is looked at again.
	s.revise(func(*v1alpha1.SafetyPolicy) { s.require("harm") })
	s.suite("harm")
	s.finish("harm", s.measured("0.03"))
	s.finished("harm", 1)
	s.finished("attack", 1)
}

// Old results go with their files, and the latest and what failed stay known.
func TestKeep(t *testing.T) {
	s := begin(t, func(p *v1alpha1.SafetyPolicy) { p.Spec.Retention = &v1alpha1.Retention{EvaluationDays: 1} })
	s.release(v1alpha1.EvaluationsManual)
	s.bring("ancient", 0.01, time.Now().Add(-300*24*time.Hour))
	s.state("attack", v1alpha1.RequirementExpired)
	s.bring("latest", 0.02, time.Now().Add(-24*time.Hour))
	s.state("attack", v1alpha1.RequirementMet)
	if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ancient"}, &v1alpha1.SafetyEvaluation{}); err != nil {
		t.Errorf("it went before anybody looked: %v", err)
	}
	// Nobody looks but every few hours, and when the policy changes.
	s.revise(func(p *v1alpha1.SafetyPolicy) { p.Spec.Source = &v1alpha1.PolicySource{Title: "looked at again"} })
	for _, o := range []client.Object{&v1alpha1.SafetyEvaluation{}, &corev1.ConfigMap{}} {
		s.eventually(func(ctx context.Context) error {
			err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "ancient"}, o)
			if apierrors.IsNotFound(err) {
				return nil
			}
			return errors.Join(err, fmt.Errorf("%T ancient is still there", o))
		})
		s.must(s.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "latest"}, o))
	}
	s.event(v1alpha1.ReasonEvaluationExpended, "ancient")
	if q := s.state("attack", v1alpha1.RequirementMet); q.Evidence != "latest" {
		t.Errorf("attack is Met by %s", q.Evidence)
	}
}
