// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// Names in every scenario: the release, and the requirements that its policy has.
const (
	m1 = "m1"
	// attack is an evaluation that the release is held to.
	attack = "attack"
	// bio is an evaluation that rules the threshold CBRN-3 out, which raises the level to L2.
	bio = "bio"
	// cbrn is that threshold.
	cbrn = "CBRN-3"
	// signoff is an approval.
	signoff = "sign-off"
)

// Exposures of every policy, from least to most.
const (
	internal = "Internal"
	general  = "General"
)

// scenario is a governed namespace with a policy of its own under its name. What the test does it does as cluster admin
// unless it says as whom.
type scenario struct {
	t  *testing.T
	ns string
	client.Client
}

// of is the scenario of a test, of which nothing is made yet.
func of(t *testing.T) *scenario {
	t.Helper()
	return &scenario{t: t, ns: nameOf(t.Name()), Client: shared.Client}
}

// begin makes a scenario, as its method does.
func begin(t *testing.T, change ...func(*v1alpha1.SafetyPolicy)) *scenario {
	t.Helper()
	s := of(t)
	s.begin(change...)
	return s
}

// begin makes the namespace, and the policy, which asks for nothing but what change adds.
func (s *scenario) begin(change ...func(*v1alpha1.SafetyPolicy)) {
	s.t.Helper()
	s.t.Cleanup(s.explainFailure)
	s.must(shared.Govern(s.t.Context(), s.ns))
	s.must(s.Create(s.t.Context(), s.policy(change...)))
}

// nameOf is a name for the namespace and the policy of a test.
func nameOf(test string) string {
	sum := sha256.Sum256([]byte(test))
	words := strings.FieldsFunc(strings.ToLower(test[strings.LastIndex(test, "/")+1:]), func(r rune) bool { return r < 'a' || r > 'z' })
	name := strings.Join(words, "-")
	return strings.Trim(name[:min(len(name), 40)], "-") + "-" + hex.EncodeToString(sum[:3])
}

// policy has the levels L1, which needs nothing of its own, L2 and the undefined L3, and people in the roles that the test
// has rights for.
func (s *scenario) policy(change ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	p := &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: s.ns},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{
				{Name: internal, WithoutEvidence: v1alpha1.WithoutEvidenceAllowed},
				{Name: general, WithoutEvidence: v1alpha1.WithoutEvidenceAllowed},
			},
			Levels: []v1alpha1.Level{{Name: "L1"}, {Name: "L2"}, {Name: "L3", State: v1alpha1.LevelUndefined}},
			Roles: []v1alpha1.Role{
				{Name: "rso", Groups: []string{"rsos"}}, {Name: "ceo", Groups: []string{"ceos"}}, {Name: "board"}, {Name: "reviewer"},
			},
		},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

// asking adds a requirement to the policy, and to what a level requires; level "" is none.
func asking(level string, r v1alpha1.Requirement) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Requirements = append(p.Spec.Requirements, r)
		for i := range p.Spec.Levels {
			if p.Spec.Levels[i].Name == level {
				p.Spec.Levels[i].Requires = append(p.Spec.Levels[i].Requires, r.Name)
			}
		}
	}
}

// evaluated is a requirement of an evaluation: met below 0.05, failed above 0.2.
func evaluated(name string, change ...func(*v1alpha1.Requirement)) v1alpha1.Requirement {
	r := v1alpha1.Requirement{
		Name: name, ValidForDays: 30, Scope: []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights},
		Evaluation: &v1alpha1.EvaluationCriterion{
			Metric: "attack/accuracy", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.05", TripAt: "0.2",
			Bound: v1alpha1.BoundPoint, MinSamples: 100, MaxUnjudgedPercent: new(int32(1)),
		},
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

// approved is a requirement of an approval.
func approved(name string, criterion v1alpha1.ApprovalCriterion) v1alpha1.Requirement {
	return v1alpha1.Requirement{Name: name, ValidForDays: 30, Approval: &criterion}
}

// quorum is one person of each role; a role that is named twice needs two.
func quorum(roles ...string) []v1alpha1.RoleQuorum {
	var all []v1alpha1.RoleQuorum
	for _, role := range roles {
		if i := slices.IndexFunc(all, func(q v1alpha1.RoleQuorum) bool { return q.Role == role }); i >= 0 {
			all[i].Count++
			continue
		}
		all = append(all, v1alpha1.RoleQuorum{Role: role, Count: 1})
	}
	return all
}

// person is a user who acts.
type person struct {
	s    *scenario
	name string
	client.Client
}

// as makes a user of a name, in groups.
func (s *scenario) as(name string, groups ...string) *person {
	s.t.Helper()
	c, err := shared.UserClient(name+"@example.com", groups...)
	s.must(err)
	return &person{s: s, name: name + "@example.com", Client: c}
}

// signer is somebody who signs, in the groups of roles, such as "rsos".
func (s *scenario) signer(name string, groups ...string) *person {
	s.t.Helper()
	return s.as(name, append([]string{signers}, groups...)...)
}

func digest(label string) v1alpha1.Digest {
	sum := sha256.Sum256([]byte(label))
	return v1alpha1.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

func (s *scenario) weights() v1alpha1.Digest { return digest(s.ns + " weights") }

// release has a person make m1, whose server is run by its image alone.
func (s *scenario) release(by *person) {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: m1},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: s.ns, Model: v1alpha1.Model{Name: m1}, Level: "L1", Exposure: general,
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: s.weights()},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: s.server()},
			},
		},
	}
	s.must(by.Create(s.t.Context(), r))
}

// author is somebody of the model team.
func (s *scenario) author() *person {
	s.t.Helper()
	return s.as("ada", modelTeam)
}

// evaluator is somebody who brings evidence.
func (s *scenario) evaluator() *person {
	s.t.Helper()
	return s.as("eve", evaluators)
}

// brings has a person bring a result for a requirement about the release.
func (p *person) brings(name, requirement string, rate float64, change ...func(*v1alpha1.SafetyEvaluation)) {
	p.s.t.Helper()
	ctx := p.s.t.Context()
	cm := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.s.ns, Name: name},
		Data:       map[string]string{"report.json": inspectLog(p.s.ns+"/"+name, rate, time.Now())},
	}
	p.s.must(p.Create(ctx, cm))
	e := &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.s.ns, Name: name},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject: v1alpha1.EvaluationSubject{
				Release: m1, Artifacts: []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: p.s.weights()}},
			},
			Requirement: requirement,
			Report:      &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report.json"}},
		},
	}
	for _, c := range change {
		c(e)
	}
	p.s.must(p.Create(ctx, e))
}

func inspectLog(id string, rate float64, ended time.Time) string {
	at := ended.UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"version": 2, "status": "success",
 "eval": {"eval_id": %q, "run_id": %q, "created": %q, "task": "attack", "model": "example/model", "dataset": {"samples": 1000},
  "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3.140"}},
 "plan": {"steps": []},
 "results": {"total_samples": 1000, "completed_samples": 1000, "scores": [
  {"name": "attack", "scorer": "attack", "reducer": null, "scored_samples": 1000, "unscored_samples": 0, "params": {},
   "metrics": {"accuracy": {"name": "accuracy", "value": %v}}}]},
 "stats": {"started_at": %q, "completed_at": %q}}`, id, id, at, rate, at, at)
}

// shown is the release as everybody sees it, once the manager has looked at it as it is.
func (s *scenario) shown() *v1alpha1.ModelRelease {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{}
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: m1}, r); err != nil {
			return err
		}
		if r.Status.SubjectDigest == "" || r.Status.ObservedGeneration == nil || *r.Status.ObservedGeneration != r.Generation {
			return fmt.Errorf("the manager has not looked at the release as it is: %+v", r.Status)
		}
		return nil
	})
	return r
}

// approval is what a person says about the release, or what regards says, in a role; change adjusts it before it is made.
func (p *person) approval(role string, decision v1alpha1.ApprovalDecision, change ...func(*v1alpha1.ReleaseApproval)) *v1alpha1.ReleaseApproval {
	p.s.t.Helper()
	r := p.s.shown()
	a := &v1alpha1.ReleaseApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.s.ns, GenerateName: role + "-"},
		Spec: v1alpha1.ReleaseApprovalSpec{
			Release: m1, Role: role, Decision: decision, SubjectDigest: r.Status.SubjectDigest,
			PolicyRevision: r.Status.PolicyRevision, Exposure: general, Rationale: "I read what there is",
		},
	}
	for _, c := range change {
		c(a)
	}
	return a
}

// says makes an approval, and returns it as it is stored.
func (p *person) says(role string, decision v1alpha1.ApprovalDecision, change ...func(*v1alpha1.ReleaseApproval)) *v1alpha1.ReleaseApproval {
	p.s.t.Helper()
	a := p.approval(role, decision, change...)
	p.s.must(p.Create(p.s.t.Context(), a))
	if a.Spec.Approver != p.name {
		p.s.t.Fatalf("the API server says %q approved, want %q", a.Spec.Approver, p.name)
	}
	return a
}

// about makes an approval one of a waiver or a determination.
func about(record client.Object) func(*v1alpha1.ReleaseApproval) {
	return func(a *v1alpha1.ReleaseApproval) {
		kind := v1alpha1.RecordDetermination
		if _, is := record.(*v1alpha1.ReleaseWaiver); is {
			kind = v1alpha1.RecordWaiver
		}
		a.Spec.Regarding = &v1alpha1.RecordReference{Kind: kind, Name: record.GetName(), UID: string(record.GetUID())}
	}
}

// asksToWaive has a person ask that a requirement is set aside for a time from now.
func (p *person) asksToWaive(requirement string, life time.Duration, change ...func(*v1alpha1.ReleaseWaiver)) *v1alpha1.ReleaseWaiver {
	p.s.t.Helper()
	r := p.s.shown()
	w := &v1alpha1.ReleaseWaiver{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.s.ns, GenerateName: "waiver-"},
		Spec: v1alpha1.ReleaseWaiverSpec{
			Release: m1, Requirements: []string{requirement}, SubjectDigest: r.Status.SubjectDigest, PolicyRevision: r.Status.PolicyRevision,
			Exposure: general, Reason: "the judge model is being replaced", CompensatingControls: []string{"traffic limited to staff"},
			Disclosure: "record 7", EndTime: metav1.NewTime(time.Now().Add(life)),
		},
	}
	for _, c := range change {
		c(w)
	}
	p.s.must(p.Create(p.s.t.Context(), w))
	if w.Spec.Requester != p.name {
		p.s.t.Fatalf("the API server says %q asks for the waiver, want %q", w.Spec.Requester, p.name)
	}
	return w
}

// judges has a person conclude about the threshold CBRN-3.
func (p *person) judges(conclusion v1alpha1.Conclusion) *v1alpha1.ReleaseDetermination {
	p.s.t.Helper()
	r := p.s.shown()
	d := &v1alpha1.ReleaseDetermination{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.s.ns, GenerateName: "determination-"},
		Spec: v1alpha1.ReleaseDeterminationSpec{
			Release: m1, Thresholds: []v1alpha1.DeterminedThreshold{{Name: cbrn, Conclusion: conclusion}},
			SubjectDigest: r.Status.SubjectDigest, PolicyRevision: r.Status.PolicyRevision, Rationale: "experts probed the model for a week", Disclosure: "record 9",
		},
	}
	p.s.must(p.Create(p.s.t.Context(), d))
	return d
}

// laterSecond waits until what is made from now on has a later creation time than what was made before: the API server
// counts whole seconds.
func (s *scenario) laterSecond() {
	s.t.Helper()
	first := s.serverTime()
	s.eventually(func(context.Context) error {
		if now := s.serverTime(); !now.After(first) {
			return fmt.Errorf("it is still %s", now)
		}
		return nil
	})
}

// serverTime is the API server's time, as it would stamp an object.
func (s *scenario) serverTime() time.Time {
	s.t.Helper()
	probe := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, GenerateName: "clock-"}}
	s.must(s.Create(s.t.Context(), probe, client.DryRunAll))
	return probe.CreationTimestamp.Time
}

func (s *scenario) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// eventually polls until check returns nil, and fails with its last error.
func (s *scenario) eventually(check func(context.Context) error) {
	s.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(s.t.Context(), 100*time.Millisecond, 90*time.Second, true, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		if last == nil || ctx.Err() == nil {
			// What the end of the time itself brings about says nothing.
			last = err
		}
		return err == nil, nil
	})
	if err != nil {
		s.t.Fatal(errors.Join(err, last))
	}
}

// explainFailure shows what stood in the cluster when a test failed.
func (s *scenario) explainFailure() {
	if !s.t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "modelreleases,safetyevaluations,releaseapprovals,releasewaivers,releasedeterminations", "-o", "yaml"}, {"get", "events"},
		{"get", "safetypolicy", s.ns, "-o", "yaml"},
	} {
		out, err := shared.Kubectl(context.Background(), shared.Admin(), append(args, "-n", s.ns)...)
		s.t.Logf("kubectl %v: %s %v", args, out, err)
	}
	if log, err := os.ReadFile(shared.LogPath(installation.Manager)); err == nil {
		s.t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-8000):])
	}
}
