// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// rows runs tests at the same time.
func rows(t *testing.T, all map[string]func(*testing.T)) {
	t.Helper()
	t.Parallel()
	for name, row := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(t)
		})
	}
}

// scenarios runs tests at the same time, each in a namespace of its own that it begins.
func scenarios(t *testing.T, all map[string]func(*scenario)) {
	t.Helper()
	t.Parallel()
	for name, row := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(of(t))
		})
	}
}

// signedBy is a policy whose level L1 needs one person of each role to approve.
func signedBy(roles ...string) func(*v1alpha1.SafetyPolicy) {
	return asking("L1", approved(signoff, v1alpha1.ApprovalCriterion{Quorum: quorum(roles...)}))
}

func TestApprovals(t *testing.T) {
	scenarios(t, map[string]func(*scenario){
		"a quorum of two distinct people opens":                              quorumOpens,
		"one person in two roles is not two people":                          onePersonIsOne,
		"who is not in the groups of a role does not count":                  outsideTheGroups,
		"who has to be told before has to say so, and that is no vote":       noticeBefore,
		"authors and evaluators do not count where the policy says so":       othersThanAuthors,
		"an objection freezes, and its author may approve again":             objectionFreezes,
		"new artifacts void an approval":                                     newArtifactsVoid,
		"evidence that becomes weaker voids an approval":                     weakerEvidenceVoids,
		"an approval that ends lets the grant lapse":                         approvalEnds,
		"an approval counts no further than the exposure that it is for":     noFurtherThanItsExposure,
		"an approval of a release that does not exist waits for the release": releaseMissing,
	})
}

func quorumOpens(s *scenario) {
	s.begin(signedBy("rso", "ceo"))
	s.release(s.author())
	r := s.decided("", v1alpha1.ReasonApprovalMissing)
	if q := requirement(r, signoff); q.State != v1alpha1.RequirementMissing || !strings.Contains(q.Message, "rso") || !strings.Contains(q.Message, "ceo") {
		s.t.Errorf("nobody signed, and the requirement is %+v", q)
	}
	if !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionReconciling) {
		s.t.Errorf("a release that waits for people is not Reconciling: %+v", r.Status.Conditions)
	}
	s.told(v1alpha1.ReasonApprovalMissing, "ceo")

	first := s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove)
	s.recorded(first, v1alpha1.ReasonCounts)
	r = s.decided("", v1alpha1.ReasonApprovalMissing)
	if q := requirement(r, signoff); strings.Contains(q.Message, "rso") && !strings.Contains(q.Message, "ceo") {
		s.t.Errorf("only the ceo is lacking, and the requirement says %q", q.Message)
	}
	s.signer("carl", "ceos").says("ceo", v1alpha1.DecisionApprove)
	r = s.decided(general, v1alpha1.ReasonEvidenceComplete)
	if q := requirement(r, signoff); q.State != v1alpha1.RequirementMet || q.ExpiresTime == nil {
		s.t.Errorf("both signed, and the requirement is %+v", q)
	}
	if r.Status.EvidenceEndTime == nil || r.Status.EvidenceEndTime.After(time.Now().Add(31*24*time.Hour)) {
		s.t.Errorf("the grant rests on approvals that count for 30 days, and ends at %v", r.Status.EvidenceEndTime)
	}
}

func onePersonIsOne(s *scenario) {
	s.begin(signedBy("rso", "ceo"))
	s.release(s.author())
	both := s.signer("rita", "rsos", "ceos")
	both.says("rso", v1alpha1.DecisionApprove)
	second := both.says("ceo", v1alpha1.DecisionApprove)
	s.answered(second)
	r := s.decided("", v1alpha1.ReasonApprovalMissing)
	if q := requirement(r, signoff); q.State != v1alpha1.RequirementMissing {
		s.t.Errorf("one person signed in both roles, and the requirement is %+v", q)
	}
	s.signer("carl", "ceos").says("ceo", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func outsideTheGroups(s *scenario) {
	s.begin(signedBy("rso"))
	s.release(s.author())
	a := s.signer("otto", "ceos").says("rso", v1alpha1.DecisionApprove)
	s.recorded(a, v1alpha1.ReasonNotInRole)
	s.decided("", v1alpha1.ReasonApprovalMissing)
	s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func noticeBefore(s *scenario) {
	s.begin(asking("L1", approved(signoff, v1alpha1.ApprovalCriterion{Quorum: quorum("rso"), NotifyBefore: []string{"board"}})))
	s.release(s.author())
	s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove)
	bert := s.signer("bert")
	s.recorded(bert.says("board", v1alpha1.DecisionApprove), v1alpha1.ReasonNotInRole)
	r := s.decided("", v1alpha1.ReasonApprovalMissing)
	if q := requirement(r, signoff); !strings.Contains(q.Message, "board") {
		s.t.Errorf("the board was not told, and the requirement says %q", q.Message)
	}
	s.laterSecond()
	bert.says("board", v1alpha1.DecisionAcknowledge)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	// Who is only told cannot stop it.
	s.laterSecond()
	object := bert.says("board", v1alpha1.DecisionObject)
	s.answered(object)
	if r := s.shown(); requirement(r, signoff).State == v1alpha1.RequirementObjected {
		s.t.Errorf("a role that is only told blocks: %+v", requirement(r, signoff))
	}
}

func othersThanAuthors(s *scenario) {
	s.begin(asking("L1", evaluated(attack)),
		asking("L1", approved(signoff, v1alpha1.ApprovalCriterion{
			Quorum: quorum("rso"), DifferFrom: []v1alpha1.Party{v1alpha1.PartyAuthor, v1alpha1.PartyEvaluator},
		})))
	ada, eve := s.as("ada", modelTeam, signers, "rsos"), s.as("eve", evaluators, signers, "rsos")
	s.release(ada)
	eve.brings("attack-1", attack, 0.01)
	s.recorded(ada.says("rso", v1alpha1.DecisionApprove), v1alpha1.ReasonNotSeparate)
	s.recorded(eve.says("rso", v1alpha1.DecisionApprove), v1alpha1.ReasonNotSeparate)
	s.decided("", v1alpha1.ReasonApprovalMissing)
	s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	// Their objection does count.
	s.laterSecond()
	s.recorded(ada.says("rso", v1alpha1.DecisionObject, upTo(internal)), v1alpha1.ReasonCounts)
	s.decided("", v1alpha1.ReasonObjected)
}

func objectionFreezes(s *scenario) {
	s.begin(signedBy("rso", "ceo"))
	s.release(s.author())
	carl := s.signer("carl", "ceos")
	s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove)
	carl.says("ceo", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.deployment("chat", 2)
	s.serving("chat", 2)

	s.laterSecond()
	object := carl.says("ceo", v1alpha1.DecisionObject, upTo(internal), because("the red team found a way around the filter"))
	r := s.decided("", v1alpha1.ReasonObjected)
	if q := requirement(r, signoff); q.State != v1alpha1.RequirementObjected || q.Evidence != object.Name || !strings.Contains(q.Message, carl.name) {
		s.t.Errorf("the requirement is %+v", q)
	}
	if !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionStalled) {
		s.t.Errorf("a release that somebody objects to is not Stalled: %+v", r.Status.Conditions)
	}
	s.told(v1alpha1.ReasonObjected, carl.name, "the red team found a way around the filter")
	s.condition(r, v1alpha1.ConditionEnforced, v1alpha1.ReasonFrozen)
	s.serving("chat", 2)

	s.laterSecond()
	carl.says("ceo", v1alpha1.DecisionApprove, because("the filter was mended"))
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.recorded(object, v1alpha1.ReasonReplaced)
	s.serving("chat", 2)
}

func newArtifactsVoid(s *scenario) {
	s.begin(signedBy("rso"))
	ada := s.author()
	s.release(ada)
	a := s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	r := s.shown()
	before := r.DeepCopy()
	r.Spec.Artifacts[0].Digest = digest(s.ns + " other weights")
	s.must(ada.Patch(s.t.Context(), r, client.MergeFrom(before)))
	s.recorded(a, v1alpha1.ReasonOtherArtifacts)
	s.decided("", v1alpha1.ReasonApprovalMissing)
}

func weakerEvidenceVoids(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), signedBy("rso"))
	s.release(s.author())
	eve := s.evaluator()
	eve.brings("attack-1", attack, 0.01)
	s.decided("", v1alpha1.ReasonApprovalMissing)
	a := s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.laterSecond()
	eve.brings("attack-2", attack, 0.1)
	s.recorded(a, v1alpha1.ReasonWeakerEvidence)
	// What is clear again does not bring the approval back: it was given before the doubt.
	s.laterSecond()
	eve.brings("attack-3", attack, 0.01)
	s.decided("", v1alpha1.ReasonApprovalMissing)
	s.laterSecond()
	s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func approvalEnds(s *scenario) {
	s.begin(signedBy("rso"))
	s.release(s.author())
	s.deployment("chat", 1)
	a := s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove, func(a *v1alpha1.ReleaseApproval) {
		a.Spec.EndTime = new(metav1.NewTime(time.Now().Add(briefly)))
	})
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.serving("chat", 1)
	r := s.decided("", v1alpha1.ReasonEvidenceExpired)
	if q := requirement(r, signoff); q.State != v1alpha1.RequirementExpired {
		s.t.Errorf("the approval ended, and the requirement is %+v", q)
	}
	s.recorded(a, v1alpha1.ReasonEnded)
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(r), r); err != nil {
			return err
		}
		if w := r.Status.Withdrawal; w == nil || w.Cause != v1alpha1.WithdrawalLapsed {
			return fmt.Errorf("the withdrawal is %+v, want a lapse", w)
		}
		return nil
	})
	s.serving("chat", 1)
}

func noFurtherThanItsExposure(s *scenario) {
	s.begin(signedBy("rso"))
	s.release(s.author())
	rita := s.signer("rita", "rsos")
	rita.says("rso", v1alpha1.DecisionApprove, upTo(internal))
	s.decided(internal, v1alpha1.ReasonApprovalMissing)
	s.laterSecond()
	rita.says("rso", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.laterSecond()
	// An objection counts from its exposure on.
	rita.says("rso", v1alpha1.DecisionObject)
	s.decided(internal, v1alpha1.ReasonObjected)
}

func releaseMissing(s *scenario) {
	s.begin(signedBy("rso"))
	a := &v1alpha1.ReleaseApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "early"},
		Spec: v1alpha1.ReleaseApprovalSpec{
			Release: m1, Role: "rso", Decision: v1alpha1.DecisionApprove, SubjectDigest: string(digest("unknown")),
			PolicyRevision: "sha256:0123456789abcdef", Exposure: general, Rationale: "early",
		},
	}
	s.must(s.signer("rita", "rsos").Create(s.t.Context(), a))
	s.recorded(a, v1alpha1.ReasonReleaseNotFound)
	s.release(s.author())
	s.recorded(a, v1alpha1.ReasonOtherArtifacts)
}

// because sets the rationale of an approval.
func because(text string) func(*v1alpha1.ReleaseApproval) {
	return func(a *v1alpha1.ReleaseApproval) { a.Spec.Rationale = text }
}

// upTo sets the exposure of an approval; an objection counts from it on.
func upTo(exposure string) func(*v1alpha1.ReleaseApproval) {
	return func(a *v1alpha1.ReleaseApproval) { a.Spec.Exposure = exposure }
}
