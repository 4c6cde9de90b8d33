// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func TestPolicyRevisions(t *testing.T) {
	rows(t, map[string]func(*testing.T){
		"a weakening opens nothing until its quorum and its cool-off":           weakeningWaits,
		"a strengthening counts at once":                                        strengtheningCounts,
		"of a mixed change what is stricter counts at once, and the rest waits": mixedChange,
		"a policy that is deleted and made anew is one that was changed":        deletedAndMadeAnew,
		"a return to the text in force takes the pending one away":              returnToTheTextInForce,
		"a change cannot lower what it needs itself":                            cannotLowerItsOwnNeeds,
		"who changed the policy cannot approve that":                            authorsCannotApprove,
		"an objection stops a weakening":                                        objectionStops,
		"what serves keeps serving while a change is pending":                   servesOn,
		"without rules a weakening counts at once, and is on record":            withoutRules,
	})
}

// revisedBy lets one person of each role approve a weakening, which waits for so many seconds.
func revisedBy(coolOff int32, roles ...string) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Revisions = &v1alpha1.RevisionRules{Quorum: quorum(roles...), CoolOffSeconds: &coolOff}
	}
}

// clears moves the bar of a requirement.
func clears(requirement string, at v1alpha1.Decimal) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) {
		for i := range p.Spec.Requirements {
			if p.Spec.Requirements[i].Name == requirement {
				p.Spec.Requirements[i].Evaluation.ClearAt = at
			}
		}
	}
}

// policymaker is somebody who changes policies, and signs where groups of roles are given.
func (s *scenario) policymaker(name string, groups ...string) *person {
	s.t.Helper()
	if len(groups) > 0 {
		groups = append(groups, signers)
	}
	return s.as(name, append(groups, policyTeam)...)
}

// changes has a person change the policy.
func (p *person) changes(change ...func(*v1alpha1.SafetyPolicy)) {
	p.s.t.Helper()
	p.s.must(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		policy := p.s.storedPolicy()
		for _, c := range change {
			c(policy)
		}
		return p.Update(p.s.t.Context(), policy)
	}))
}

func (s *scenario) storedPolicy() *v1alpha1.SafetyPolicy {
	s.t.Helper()
	policy := &v1alpha1.SafetyPolicy{}
	s.must(s.Get(s.t.Context(), client.ObjectKey{Name: s.ns}, policy))
	return policy
}

// revision waits until the record of a sequence has a reason, and returns it.
func (s *scenario) revision(sequence int64, reason string) *v1alpha1.PolicyRevision {
	s.t.Helper()
	r := &v1alpha1.PolicyRevision{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", s.ns, sequence)}}
	s.recorded(r, reason)
	return r
}

// first waits until the policy of the scenario is recorded, so that the next text is a change.
func (s *scenario) first() {
	s.t.Helper()
	r := s.revision(1, v1alpha1.ReasonInForce)
	if r.Spec.Effect != v1alpha1.EffectInitial || r.Spec.ComparedWith != nil || r.Status.InForceTime == nil || r.Spec.Author == "" {
		s.t.Errorf("the first revision is %+v with %+v", r.Spec, r.Status)
	}
}

// votes has a person say something about a revision of the policy.
func (p *person) votes(r *v1alpha1.PolicyRevision, role string, decision v1alpha1.ApprovalDecision) *v1alpha1.PolicyApproval {
	p.s.t.Helper()
	a := &v1alpha1.PolicyApproval{
		ObjectMeta: metav1.ObjectMeta{GenerateName: p.s.ns + "-"},
		Spec: v1alpha1.PolicyApprovalSpec{
			Policy: p.s.ns, PolicyRevision: r.Spec.Revision, Sequence: r.Spec.Sequence, Role: role, Decision: decision,
			Rationale: "the evaluation was found to be too strict", Disclosure: "record 11",
		},
	}
	p.s.must(p.Create(p.s.t.Context(), a))
	return a
}

func weakeningWaits(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)), revisedBy(3, "rso", "ceo"))
	s.first()
	s.release(s.author())
	s.evaluator().brings("attack-1", attack, 0.1)
	s.decided("", v1alpha1.ReasonEvidenceIndeterminate)

	s.policymaker("pat").changes(clears(attack, "0.15"))
	r := s.revision(2, v1alpha1.ReasonAwaitingQuorum)
	if r.Spec.Effect != v1alpha1.EffectWeakening || r.Spec.Author != "pat@example.com" || *r.Spec.ComparedWith != 1 ||
		len(r.Spec.Changes) != 1 || r.Spec.Changes[0].Item != "spec.requirements[attack].evaluation.clearAt" {
		t.Errorf("the revision is %+v", r.Spec)
	}
	s.condition(s.storedPolicy(), v1alpha1.ConditionReady, v1alpha1.ReasonAwaitingQuorum)
	if p := s.storedPolicy(); p.Status.PendingRevision != r.Spec.Revision || p.Status.Revision != r.Spec.Revision || *p.Status.Sequence != 2 {
		t.Errorf("the status of the policy is %+v", p.Status)
	}
	s.policyTold(v1alpha1.ReasonPolicyWeakened, "spec.requirements[attack].evaluation.clearAt", "pat@example.com")
	release := s.decided("", v1alpha1.ReasonPolicyRevisionPending)
	if release.Status.PendingPolicyRevision != r.Spec.Revision {
		t.Errorf("the release does not say which revision is pending: %+v", release.Status)
	}

	s.recorded(s.signer("rita", "rsos").votes(r, "rso", v1alpha1.DecisionApprove), v1alpha1.ReasonCounts)
	s.recorded(s.signer("otto", "rsos").votes(r, "ceo", v1alpha1.DecisionApprove), v1alpha1.ReasonNotInRole)
	if text := s.recorded(r, v1alpha1.ReasonAwaitingQuorum); !strings.Contains(text, "1 more of role ceo") {
		t.Errorf("a ceo is lacking, and the revision says %q", text)
	}
	s.signer("carl", "ceos").votes(r, "ceo", v1alpha1.DecisionApprove)
	r = s.revision(2, v1alpha1.ReasonInForce)
	if r.Status.InForceTime.Sub(r.CreationTimestamp.Time) < 3*time.Second {
		t.Errorf("it was recorded %v and in force %v", r.CreationTimestamp, r.Status.InForceTime)
	}
	s.revision(1, v1alpha1.ReasonReplaced)
	release = s.decided(general, v1alpha1.ReasonEvidenceComplete)
	if release.Status.PendingPolicyRevision != "" || release.Status.PolicyRevision != r.Spec.Revision {
		t.Errorf("the revision is in force, and the release says %+v", release.Status)
	}
	s.condition(s.storedPolicy(), v1alpha1.ConditionReady, v1alpha1.ReasonInForce)
}

func strengtheningCounts(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)), revisedBy(3600, "rso"))
	s.first()
	s.release(s.author())
	s.evaluator().brings("attack-1", attack, 0.03)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.policymaker("pat").changes(clears(attack, "0.01"))
	r := s.revision(2, v1alpha1.ReasonInForce)
	if r.Spec.Effect != v1alpha1.EffectStrengthening {
		t.Errorf("the revision is %+v", r.Spec)
	}
	s.decided("", v1alpha1.ReasonEvidenceIndeterminate)
}

func mixedChange(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)), asking("L1", evaluated(bio)), revisedBy(0, "rso"))
	s.first()
	s.release(s.author())
	eve := s.evaluator()
	eve.brings("attack-1", attack, 0.03)
	eve.brings("bio-1", bio, 0.1)
	s.stands(attack, v1alpha1.RequirementMet)
	s.policymaker("pat").changes(clears(attack, "0.01"), clears(bio, "0.15"))
	r := s.revision(2, v1alpha1.ReasonAwaitingQuorum)
	s.stands(attack, v1alpha1.RequirementIndeterminate)
	s.laterSecond()
	eve.brings("attack-2", attack, 0.001)
	s.decided("", v1alpha1.ReasonPolicyRevisionPending)
	s.signer("rita", "rsos").votes(r, "rso", v1alpha1.DecisionApprove)
	s.revision(2, v1alpha1.ReasonInForce)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func deletedAndMadeAnew(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)), revisedBy(0, "rso"))
	s.first()
	s.release(s.author())
	s.evaluator().brings("attack-1", attack, 0.1)
	s.decided("", v1alpha1.ReasonEvidenceIndeterminate)
	s.must(s.Delete(t.Context(), s.storedPolicy()))
	s.decided("", v1alpha1.ReasonPolicyNotFound)
	// It asks for nothing any more, and would let nobody approve that.
	s.must(s.Create(t.Context(), s.policy()))
	r := s.revision(2, v1alpha1.ReasonAwaitingQuorum)
	if r.Spec.Effect != v1alpha1.EffectWeakening || *r.Spec.ComparedWith != 1 {
		t.Errorf("the revision is %+v", r.Spec)
	}
	s.decided("", v1alpha1.ReasonPolicyRevisionPending)
	s.signer("rita", "rsos").votes(r, "rso", v1alpha1.DecisionApprove)
	s.revision(2, v1alpha1.ReasonInForce)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func returnToTheTextInForce(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)), revisedBy(0, "rso"))
	s.first()
	s.release(s.author())
	s.evaluator().brings("attack-1", attack, 0.1)
	pat := s.policymaker("pat")
	pat.changes(clears(attack, "0.15"))
	weak := s.revision(2, v1alpha1.ReasonAwaitingQuorum)
	pat.changes(clears(attack, "0.05"))
	back := s.revision(3, v1alpha1.ReasonInForce)
	if back.Spec.Effect != v1alpha1.EffectNeutral || len(back.Spec.Changes) > 0 {
		t.Errorf("the same text is %+v", back.Spec)
	}
	s.recorded(weak, v1alpha1.ReasonReplaced)
	s.condition(s.storedPolicy(), v1alpha1.ConditionReady, v1alpha1.ReasonInForce)
	// What people say about it now is said about nothing, also when the same text comes again.
	rita := s.signer("rita", "rsos")
	s.recorded(rita.votes(weak, "rso", v1alpha1.DecisionApprove), v1alpha1.ReasonReplaced)
	pat.changes(clears(attack, "0.15"))
	again := s.revision(4, v1alpha1.ReasonAwaitingQuorum)
	s.decided("", v1alpha1.ReasonPolicyRevisionPending)
	rita.votes(again, "rso", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func cannotLowerItsOwnNeeds(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)), revisedBy(3600, "rso"))
	s.first()
	s.release(s.author())
	s.evaluator().brings("attack-1", attack, 0.1)
	s.policymaker("pat").changes(clears(attack, "0.15"), revisedBy(0, "board"))
	r := s.revision(2, v1alpha1.ReasonAwaitingQuorum)
	s.recorded(s.signer("bert").votes(r, "board", v1alpha1.DecisionApprove), v1alpha1.ReasonNotInRole)
	s.signer("rita", "rsos").votes(r, "rso", v1alpha1.DecisionApprove)
	s.recorded(r, v1alpha1.ReasonCoolingOff)
	if wait := r.Status.EarliestTime.Sub(r.CreationTimestamp.Time); wait != time.Hour {
		t.Errorf("it may come into force after %s", wait)
	}
	s.decided("", v1alpha1.ReasonPolicyRevisionPending)
}

func authorsCannotApprove(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)), revisedBy(0, "rso"))
	s.first()
	pat, bob := s.policymaker("pat", "rsos"), s.policymaker("bob", "rsos")
	pat.changes(clears(attack, "0.15"))
	r := s.revision(2, v1alpha1.ReasonAwaitingQuorum)
	s.recorded(pat.votes(r, "rso", v1alpha1.DecisionApprove), v1alpha1.ReasonNotSeparate)
	s.recorded(r, v1alpha1.ReasonAwaitingQuorum)
	// Nor where somebody else changed it after that.
	bob.changes(func(p *v1alpha1.SafetyPolicy) { p.Spec.Source = &v1alpha1.PolicySource{Title: "our policy"} })
	r = s.revision(3, v1alpha1.ReasonAwaitingQuorum)
	s.recorded(pat.votes(r, "rso", v1alpha1.DecisionApprove), v1alpha1.ReasonNotSeparate)
	s.recorded(bob.votes(r, "rso", v1alpha1.DecisionApprove), v1alpha1.ReasonNotSeparate)
	s.recorded(r, v1alpha1.ReasonAwaitingQuorum)
	s.recorded(s.signer("rita", "rsos").votes(r, "rso", v1alpha1.DecisionApprove), v1alpha1.ReasonCounts)
	s.recorded(r, v1alpha1.ReasonInForce)
}

func objectionStops(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)), revisedBy(0, "rso"))
	s.first()
	s.policymaker("pat").changes(clears(attack, "0.15"))
	r := s.revision(2, v1alpha1.ReasonAwaitingQuorum)
	rita := s.signer("rita", "rsos")
	object := rita.votes(r, "rso", v1alpha1.DecisionObject)
	s.recorded(r, v1alpha1.ReasonObjected)
	s.condition(s.storedPolicy(), v1alpha1.ConditionReady, v1alpha1.ReasonObjected)
	s.recorded(s.signer("rolf", "rsos").votes(r, "rso", v1alpha1.DecisionApprove), v1alpha1.ReasonCounts)
	s.recorded(r, v1alpha1.ReasonObjected)
	// Of one person in one role the latest counts.
	s.laterSecond()
	rita.votes(r, "rso", v1alpha1.DecisionApprove)
	s.recorded(r, v1alpha1.ReasonInForce)
	s.recorded(object, v1alpha1.ReasonReplaced)
}

func servesOn(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)), revisedBy(0, "rso"))
	s.first()
	s.release(s.author())
	s.evaluator().brings("attack-1", attack, 0.03)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.deployment("chat", 2)
	s.serving("chat", 2)
	s.policymaker("pat").changes(clears(attack, "0.15"), func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Companions = []v1alpha1.Companion{{Name: "proxy", Image: "registry.example/proxy@" + string(digest("proxy"))}}
	})
	r := s.revision(2, v1alpha1.ReasonAwaitingQuorum)
	s.eventually(func(ctx context.Context) error {
		release := &v1alpha1.ModelRelease{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: m1}, release); err != nil {
			return err
		}
		if release.Status.PendingPolicyRevision != r.Spec.Revision || release.Status.GrantedExposure != general {
			return fmt.Errorf("the release says %+v", release.Status)
		}
		return nil
	})
	s.serving("chat", 2)
	// What both texts grant, new pods get as well.
	s.deployment("more", 1)
	s.serving("more", 1)
	s.serving("chat", 2)
}

func withoutRules(t *testing.T) {
	t.Helper()
	s := begin(t, asking("L1", evaluated(attack)))
	s.first()
	s.policymaker("pat").changes(clears(attack, "0.15"))
	if r := s.revision(2, v1alpha1.ReasonInForce); r.Spec.Effect != v1alpha1.EffectWeakening {
		t.Errorf("the revision is %+v", r.Spec)
	}
	// Nobody else writes records, and nobody takes one away without the right to.
	forged := &v1alpha1.PolicyRevision{}
	s.must(s.Get(t.Context(), client.ObjectKey{Name: s.ns + "-2"}, forged))
	forged.ObjectMeta = metav1.ObjectMeta{Name: s.ns + "-3"}
	forged.Spec.Sequence = 3
	if err := s.Create(t.Context(), forged); !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
		t.Errorf("a forged record: %v", err)
	}
}

// policyTold waits for an event of the policy with a reason, and with these words in its note.
func (s *scenario) policyTold(reason string, words ...string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		var all eventsv1.EventList
		if err := s.List(ctx, &all); err != nil {
			return err
		}
		var notes []string
		for i := range all.Items {
			e := &all.Items[i]
			if e.Regarding.Kind != "SafetyPolicy" || e.Regarding.Name != s.ns || e.Reason != reason {
				continue
			}
			notes = append(notes, e.Note)
			if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(e.Note, word) }) {
				return nil
			}
		}
		return fmt.Errorf("no event %s has the words %q: %q", reason, words, notes)
	})
}
