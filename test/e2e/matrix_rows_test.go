// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// validity is how long results count in the policy of every scenario.
const validity = 30 * 24 * time.Hour

// lapse puts a result that ends in a moment in the place of the one on which the pods of m1 started. It may have ended before m1
// rests on it: what has no evidence any more lapses in any case.
func (s *scenario) lapse(requirement, lasting string) {
	s.t.Helper()
	s.replace(requirement, lasting, 5*time.Second)
	s.ready("m1", v1alpha1.ReasonEvidenceExpired)
}

// replace puts a result that counts for so long in the place of another, once it is read.
func (s *scenario) replace(requirement, lasting string, counts time.Duration) {
	s.t.Helper()
	s.report(requirement, ending, "m1", inspectLog(s.ns+"/"+ending, 0.01, time.Now().Add(counts-validity)))
	s.eventually(s.isRead(ending, v1alpha1.ReasonMeasured))
	s.must(s.Delete(s.t.Context(), object(&v1alpha1.SafetyEvaluation{}, s.ns, lasting)))
}

// restsOnEnding checks that the evidence of m1 ends soon.
func (s *scenario) restsOnEnding(ctx context.Context) error {
	r := &v1alpha1.ModelRelease{}
	err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "m1"}, r)
	if end := r.Status.EvidenceEndTime; err == nil && (end == nil || time.Until(end.Time) > time.Minute) {
		err = fmt.Errorf("the evidence of m1 ends at %v", end)
	}
	return err
}

// ending is the evaluation that ends in a moment.
const ending = "ending"

// Requirements that some rows have beside that of every scenario.
const (
	uplift = "uplift"
	extra  = "extra"
)

func triggers() []trigger {
	frozen := trigger{serving: asked, after: asked, kept: true, replaced: true}
	removed := trigger{serving: asked, after: 0}
	untouched := trigger{serving: asked, after: asked, kept: true, replaced: true, grows: 2}
	all := ceilingTriggers()
	add := func(name string, like trigger, change func(*trigger)) {
		like.name = name
		change(&like)
		all = append(all, like)
	}
	add("Lapse", frozen, func(row *trigger) {
		row.pull = func(s *scenario) { s.lapse(attack, "first") }
	})
	add("LapseOver", removed, func(row *trigger) {
		row.policy = noGrace
		row.pull = func(s *scenario) {
			s.budget(asked)
			s.lapse(attack, "first")
		}
	})
	add("Inconclusive", frozen, func(row *trigger) {
		row.pull = func(s *scenario) {
			s.evaluate("second", "m1", 0.1, time.Now())
			s.ready("m1", v1alpha1.ReasonEvidenceIndeterminate)
		}
	})
	add("Unmeasured", untouched, func(row *trigger) {
		row.pull = func(s *scenario) {
			log := strings.Replace(inspectLog(s.ns+"/second", 0.5, time.Now()), `"success"`, `"cancelled"`, 1)
			s.report(attack, "second", "m1", log)
			s.eventually(s.isRead("second", v1alpha1.ReasonUnusable))
		}
	})
	add("Failure", removed, func(row *trigger) {
		row.pull = func(s *scenario) { s.evaluate("second", "m1", 0.5, time.Now()) }
	})
	all = append(all, revocationTriggers(frozen, removed)...)
	all = append(all, policyTriggers(frozen, removed, untouched)...)
	return append(all, lineageTriggers(removed, untouched)...)
}

func ceilingTriggers() []trigger {
	return []trigger{
		{
			name: "Ceiling", policy: ceiling(asked), serving: asked,
			pull: func(*scenario) {}, after: asked, kept: true, replaced: true,
		},
		{
			name: "LoweredCeiling", serving: asked,
			pull:  func(s *scenario) { s.change(ceiling(3)) },
			after: 3, replaced: true,
		},
		{
			name: "RaisedCeiling", policy: ceiling(2), serving: 2,
			pull:  func(s *scenario) { s.change(ceiling(5)) },
			after: asked, kept: true, replaced: true, grows: 1,
		},
	}
}

func revocationTriggers(frozen, removed trigger) []trigger {
	var all []trigger
	add := func(name string, like trigger, what client.Object, severity v1alpha1.RevocationSeverity) {
		like.name = name
		like.pull = func(s *scenario) { s.revoke(what, severity) }
		if severity == v1alpha1.RevocationAdvisory {
			like.afterwards = func(s *scenario) {
				s.change(noGrace)
				s.serving(web, 0)
			}
		}
		all = append(all, like)
	}
	release, evaluation := object(&v1alpha1.ModelRelease{}, "", "m1"), object(&v1alpha1.SafetyEvaluation{}, "", "first")
	add("AdvisoryEvaluation", frozen, evaluation, v1alpha1.RevocationAdvisory)
	add("CriticalEvaluation", removed, evaluation, v1alpha1.RevocationCritical)
	add("AdvisoryRelease", frozen, release, v1alpha1.RevocationAdvisory)
	add("CriticalRelease", removed, release, v1alpha1.RevocationCritical)
	return all
}

func policyTriggers(frozen, removed, untouched trigger) []trigger {
	raised, reached, stricter, looser, evaluation := frozen, removed, frozen, untouched, frozen
	policy, release := frozen, frozen
	raised.name, raised.policy = "RaisedLevel", capability
	raised.evidence = func(s *scenario) {
		s.evaluate("first", "m1", 0.01, anHourAgo())
		s.report(uplift, "uplift", "m1", inspectLog(s.ns+"/uplift", 0.01, anHourAgo()))
	}
	raised.pull = func(s *scenario) { s.lapse(uplift, uplift) }

	reached.name, reached.policy = "ReachedThreshold", capability
	reached.evidence = func(s *scenario) {
		s.evaluate("first", "m1", 0.01, anHourAgo())
		s.report(uplift, "uplift", "m1", inspectLog(s.ns+"/uplift", 0.01, anHourAgo()))
	}
	reached.pull = func(s *scenario) { s.report(uplift, "shown", "m1", inspectLog(s.ns+"/shown", 0.5, time.Now())) }

	stricter.name = "StricterPolicy"
	stricter.pull = func(s *scenario) {
		s.change(requiring(extra))
		s.ready("m1", v1alpha1.ReasonEvidenceMissing)
	}
	// m2 is under the same policy, and has nothing to show for it either.
	stricter.stuck = true

	looser.name, looser.policy, looser.serving = "LooserPolicy", requiring(extra), 0
	looser.evidence = func(s *scenario) {
		s.evaluate("first", "m1", 0.01, anHourAgo())
		s.report(extra, "other-extra", "m2", inspectLog(s.ns+"/other-extra", 0.01, anHourAgo()))
	}
	looser.pull = func(s *scenario) {
		s.change(func(p *v1alpha1.SafetyPolicy) { p.Spec.Levels[0].Requires = []string{attack} })
	}

	evaluation.name = "DeletedEvaluation"
	evaluation.pull = func(s *scenario) {
		// It would have ended some seconds later, and what serves is evicted no sooner.
		s.replace(attack, "first", 30*time.Second)
		s.eventually(s.restsOnEnding)
		s.must(s.Delete(s.t.Context(), object(&v1alpha1.SafetyEvaluation{}, s.ns, ending)))
		s.ready("m1", v1alpha1.ReasonEvidenceMissing)
	}
	evaluation.afterwards = func(s *scenario) {
		s.change(noGrace)
		s.serving(web, 0)
	}

	policy.name, policy.replaced, policy.stuck = "DeletedPolicy", false, true
	policy.pull = func(s *scenario) {
		s.must(s.Delete(s.t.Context(), object(&v1alpha1.SafetyPolicy{}, "", s.policy)))
		s.ready("m1", v1alpha1.ReasonPolicyNotFound)
	}
	release.name, release.replaced = "DeletedRelease", false
	release.pull = func(s *scenario) {
		s.must(s.Delete(s.t.Context(), object(&v1alpha1.ModelRelease{}, s.ns, "m1")))
		s.eventually(s.withdrawn("m1"))
	}
	return []trigger{raised, reached, stricter, looser, evaluation, policy, release}
}

func lineageTriggers(removed, untouched trigger) []trigger {
	parent, elsewhere, rumour := removed, removed, untouched
	parent.name, parent.policy = "ParentFailure", capability
	parent.release = func(r *v1alpha1.ModelRelease) {
		r.Spec.Exposure, r.Spec.DerivedFrom = "Internal", &v1alpha1.Derivation{Release: "m0"}
	}
	parent.evidence = func(s *scenario) {
		s.release("m0")
		s.evaluate("first", "m1", 0.01, anHourAgo())
	}
	parent.pull = func(s *scenario) { s.report(uplift, "shown", "m0", inspectLog(s.ns+"/shown", 0.5, time.Now())) }
	elsewhere.name = "FindingElsewhere"
	elsewhere.pull = func(s *scenario) { s.failElsewhere(s.Client) }
	rumour.name = "RumourElsewhere"
	rumour.pull = func(s *scenario) {
		tenant, err := shared.UserClient("tenant-of-" + s.ns)
		s.must(err)
		s.failElsewhere(tenant)
	}
	return []trigger{parent, elsewhere, rumour}
}

// noGrace evicts what lost its evidence at once, and asks PodDisruptionBudgets for a second.
func noGrace(p *v1alpha1.SafetyPolicy) {
	p.Spec.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(0)), AdvisoryGraceSeconds: new(int32(0)), Then: v1alpha1.LapseEvict}
	p.Spec.Removals = &v1alpha1.Removals{EvictSeconds: new(int32(1))}
}

// requiring adds a requirement to the level, measured like that of every scenario.
func requiring(name string) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) {
		r := p.Spec.Requirements[0]
		r.Name = name
		p.Spec.Requirements = append(p.Spec.Requirements, r)
		p.Spec.Levels[0].Requires = append(p.Spec.Levels[0].Requires, name)
	}
}

// capability adds a threshold that raises to a level which asks for what nobody has shown. For the exposure Internal it
// need not be ruled out.
func capability(p *v1alpha1.SafetyPolicy) {
	safeguard, ruling := p.Spec.Requirements[0], p.Spec.Requirements[0]
	safeguard.Name, ruling.Name, ruling.NeededFrom = extra, uplift, "General"
	p.Spec.Requirements = append(p.Spec.Requirements, safeguard, ruling)
	p.Spec.Levels = append(p.Spec.Levels, v1alpha1.Level{Name: "L2", Requires: []string{extra}})
	p.Spec.Thresholds = []v1alpha1.CapabilityThreshold{{Name: "cbrn", RaisesTo: "L2", RuledOutBy: []string{uplift}}}
}

// change revises the policy of the scenario.
func (s *scenario) change(revise func(*v1alpha1.SafetyPolicy)) {
	s.t.Helper()
	policy := &v1alpha1.SafetyPolicy{}
	s.must(s.Get(s.t.Context(), client.ObjectKey{Name: s.policy}, policy))
	before := policy.DeepCopy()
	revise(policy)
	s.must(s.Patch(s.t.Context(), policy, client.MergeFrom(before)))
}

// budget lets no fewer than so many pods of the Deployment web be disrupted.
func (s *scenario) budget(atLeast int) {
	s.t.Helper()
	s.must(s.Create(s.t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: web},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: new(intstr.FromInt(atLeast)),
			Selector:     &metav1.LabelSelector{MatchLabels: map[string]string{"app": web}},
		},
	}))
}

// revoke revokes a release or an evaluation of the scenario.
func (s *scenario) revoke(what client.Object, severity v1alpha1.RevocationSeverity) {
	s.t.Helper()
	o, ok := what.DeepCopyObject().(client.Object)
	if !ok {
		s.t.Fatalf("%T is no object", what)
	}
	o.SetNamespace(s.ns)
	patch := fmt.Sprintf(`{"spec":{"revocation":{"severity":%q,"reason":"the harness counted refusals twice"}}}`, severity)
	s.must(s.Patch(s.t.Context(), o, client.RawPatch(types.MergePatchType, []byte(patch))))
	s.ready("m1", v1alpha1.ReasonRevoked)
}

// isRead checks that an evaluation was read, with this for the reason of its Ready condition.
func (s *scenario) isRead(name, reason string) func(context.Context) error {
	return func(ctx context.Context) error {
		e := &v1alpha1.SafetyEvaluation{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: name}, e); err != nil {
			return err
		}
		for _, c := range e.Status.Conditions {
			if c.Type == v1alpha1.ConditionReady && c.Reason == reason {
				return nil
			}
		}
		return fmt.Errorf("evaluation %s is not %s: %+v", name, reason, e.Status.Conditions)
	}
}

// failElsewhere brings a failing result about the weights of m1 in another namespace, as somebody with edit there.
func (s *scenario) failElsewhere(as client.Client) {
	s.t.Helper()
	there := &scenario{t: s.t, ns: s.ns + "-b", policy: s.policy, Client: s.Client}
	s.must(shared.Govern(s.t.Context(), there.ns))
	s.must(s.Create(s.t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: there.ns, Name: "edit"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "tenant-of-" + s.ns}},
	}))
	weights := s.weights("m1")
	there.release("copy", func(r *v1alpha1.ModelRelease) { r.Spec.Artifacts[0].Digest = weights })
	cm := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: there.ns, Name: "failing"},
		Data:       map[string]string{"report.json": inspectLog(there.ns+"/failing", 0.5, time.Now())},
	}
	s.must(s.Create(s.t.Context(), cm))
	e := &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: there.ns, Name: "failing"},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject: v1alpha1.EvaluationSubject{
				Release:   "copy",
				Artifacts: []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: weights}},
			},
			Requirement: attack,
			Report:      &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: "failing", Key: "report.json"}},
		},
	}
	there.eventually(func(ctx context.Context) error { return as.Create(ctx, e.DeepCopy()) })
	there.ready("copy", v1alpha1.ReasonAdverseFinding)
}
