// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"slices"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Explanation is the answer to the question why a release is granted what it is.
type Explanation struct {
	Release Release `json:"release"`
	// Policy is nil when the one that the release names does not exist.
	Policy *Policy `json:"policy,omitempty"`
	// Time is that of the decision.
	Time    time.Time `json:"time"`
	Outcome Outcome   `json:"outcome"`
	// Reason and Message are those of the decision.
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Granted is the granted exposure; empty for none.
	Granted string `json:"granted,omitempty"`
	// Ceiling is the most pods that may serve the granted exposure; nil for no ceiling.
	Ceiling *int32 `json:"ceiling,omitempty"`
	// ClearedUntil is when the grant ends unless it is renewed; nil when nothing is granted.
	ClearedUntil *time.Time `json:"clearedUntil,omitempty"`
	// RequiredLevel is the level that the exposure asked for needs; empty when it is unknown.
	RequiredLevel string `json:"requiredLevel,omitempty"`
	// RaisedBy are the thresholds that raise the declared level to the required one.
	RaisedBy []string `json:"raisedBy,omitempty"`
	// Ancestors are the releases that it was made from, its parent first; Lost is the name of the first that is not known.
	Ancestors []Ancestor `json:"ancestors,omitempty"`
	Lost      string     `json:"lostAncestor,omitempty"`
	// Revoked is the revoked release because of which nothing is granted: this one, or one with the same weights; nil
	// without one.
	Revoked *RevokedRelease `json:"revoked,omitempty"`
	// Exposures, Thresholds and Requirements in the policy's order.
	Exposures    []gate.ExposureResult `json:"exposures,omitempty"`
	Thresholds   []Threshold           `json:"thresholds,omitempty"`
	Requirements []Requirement         `json:"requirements,omitempty"`
	// Levels are those up to the required one, the lowest first; all of them when that is unknown.
	Levels []Level `json:"levels,omitempty"`
	// Unasked are the requirements that neither these levels nor a threshold names.
	Unasked []string `json:"unasked,omitempty"`
	// Records are the waivers and the determinations of the release, and what people said about the release itself.
	Records []Record `json:"records,omitempty"`
	// PendingRevision is the revision of the policy while it is not in force; empty otherwise.
	PendingRevision string `json:"pendingRevision,omitempty"`
	// Workloads are those of the release's status.
	Workloads []v1alpha1.WorkloadStatus `json:"workloads,omitempty"`
	// Notes are sentences about what stands between the decision and the cluster.
	Notes []string `json:"notes,omitempty"`
	// Next are commands that would change the outcome, beside those of the requirements.
	Next []Step `json:"next,omitempty"`

	asked int
}

// Release is what was asked about.
type Release struct {
	Namespace     string `json:"namespace"`
	Name          string `json:"name"`
	Model         string `json:"model"`
	Generation    int64  `json:"generation,omitempty"`
	SubjectDigest string `json:"subjectDigest"`
	// Policy, Level and Exposure as the spec has them.
	Policy   string `json:"policy"`
	Level    string `json:"level"`
	Exposure string `json:"exposure"`
}

// Ancestor is a release that the one asked about was made from.
type Ancestor struct {
	Name  string `json:"name"`
	Level string `json:"level"`
}

// RevokedRelease is a release that was taken back.
type RevokedRelease struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	v1alpha1.Revocation
}

// Policy is what was decided under.
type Policy struct {
	Name     string `json:"name"`
	Revision string `json:"revision"`
	// Source is the published text behind the policy; nil when the policy names none.
	Source *v1alpha1.PolicySource `json:"source,omitempty"`
}

// Threshold is a capability threshold with its answer.
type Threshold struct {
	gate.ThresholdResult
	Domain string `json:"domain,omitempty"`
	// RuledOutBy are the requirements that rule it out together.
	RuledOutBy []string `json:"ruledOutBy"`
	// Requires are the requirements that gate while it counts.
	Requires []string `json:"requires,omitempty"`
	// Counts: it raises the level at the exposure asked for.
	Counts bool `json:"counts,omitempty"`
}

// Level is a level with what it requires itself.
type Level struct {
	Name      string   `json:"name"`
	Undefined bool     `json:"undefined,omitempty"`
	Requires  []string `json:"requires,omitempty"`
}

// Step is something to do.
type Step struct {
	// What it is, in words.
	What string `json:"what"`
	// Command that does it. Words in capitals are the caller's to replace.
	Command string `json:"command,omitempty"`
}

// Explain answers for a situation.
func Explain(s Situation) Explanation {
	spec, d := &s.Input.Release.Spec, &s.Decision
	x := Explanation{
		Release: Release{
			Namespace: s.Input.Release.Namespace, Name: s.Input.Release.Name,
			Model:      strings.TrimSpace(spec.Model.Name + " " + spec.Model.Version),
			Generation: s.Input.Release.Generation, SubjectDigest: d.SubjectDigest,
			Policy: spec.Policy, Level: spec.Level, Exposure: spec.Exposure,
		},
		Time: s.Input.Now.UTC(), Outcome: OutcomeOf(d.Reason), Reason: d.Reason, Message: d.Message,
		Granted: d.GrantedExposure, Ceiling: d.ReplicaCeiling, ClearedUntil: d.ClearedUntil,
		RequiredLevel: d.RequiredLevel, Exposures: d.Exposures,
		Workloads: s.Input.Release.Status.Workloads, asked: -1,
	}
	x.explainReleases(s)
	if s.Input.Policy != nil {
		x.explainPolicy(s)
	}
	x.Records = s.records()
	x.PendingRevision = s.Decision.PendingPolicyRevision
	x.Notes = notes(s)
	x.Next = s.steps()
	return x
}

func (x *Explanation) explainReleases(s Situation) {
	for i := range s.Input.Ancestors {
		a := &s.Input.Ancestors[i]
		x.Ancestors = append(x.Ancestors, Ancestor{Name: a.Name, Level: a.Spec.Level})
	}
	x.Lost = s.Input.LostAncestor
	if r := gate.Revoking(s.Input.Release, s.Input.Revoked); r != nil {
		x.Revoked = &RevokedRelease{Namespace: r.Namespace, Name: r.Name, Revocation: *r.Spec.Revocation}
	}
}

func (x *Explanation) explainPolicy(s Situation) {
	policy := s.Input.Policy
	x.Policy = &Policy{Name: policy.Name, Revision: s.Decision.PolicyRevision, Source: policy.Spec.Source}
	x.asked = exposure(policy, x.Release.Exposure)
	for i, result := range s.Decision.Thresholds {
		t := Threshold{ThresholdResult: result}
		if i < len(policy.Spec.Thresholds) {
			spec := &policy.Spec.Thresholds[i]
			t.Domain, t.RuledOutBy, t.Requires = spec.Domain, spec.RuledOutBy, spec.Requires
			t.Counts = counts(policy, spec, result.State, x.asked)
		}
		if t.Counts && t.RaisesTo == x.RequiredLevel && x.RequiredLevel != x.Release.Level {
			x.RaisedBy = append(x.RaisedBy, t.Name)
		}
		x.Thresholds = append(x.Thresholds, t)
	}
	used := map[string]bool{}
	for _, level := range policy.Spec.Levels {
		x.Levels = append(x.Levels, Level{
			Name: level.Name, Undefined: level.State == v1alpha1.LevelUndefined, Requires: level.Requires,
		})
		for _, name := range level.Requires {
			used[name] = true
		}
		if level.Name == x.RequiredLevel {
			break
		}
	}
	for _, t := range x.Thresholds {
		for _, name := range slices.Concat(t.RuledOutBy, t.Requires) {
			used[name] = true
		}
	}
	for i := range s.Decision.Requirements {
		result := &s.Decision.Requirements[i]
		x.Requirements = append(x.Requirements, s.requirement(result))
		if !used[result.Name] {
			x.Unasked = append(x.Unasked, result.Name)
		}
	}
}

// exposure is the index of the exposure of that name, or -1.
func exposure(policy *v1alpha1.SafetyPolicy, name string) int {
	return slices.IndexFunc(policy.Spec.Exposures, func(e v1alpha1.Exposure) bool { return e.Name == name })
}

// counts reports whether a threshold raises the level at an exposure: one that is open does from the lowest
// exposure on that needs one of its requirements.
func counts(policy *v1alpha1.SafetyPolicy, t *v1alpha1.CapabilityThreshold, state v1alpha1.ThresholdState, asked int) bool {
	switch state {
	case v1alpha1.ThresholdReached:
		return true
	case v1alpha1.ThresholdRuledOut:
		return false
	case v1alpha1.ThresholdOpen:
	}
	if asked < 0 {
		return true
	}
	from := -1
	for _, name := range t.RuledOutBy {
		at := 0
		if r := requirementSpec(policy, name); r != nil {
			at = max(0, exposure(policy, r.NeededFrom))
		}
		if from < 0 || at < from {
			from = at
		}
	}
	return from <= asked
}

func requirementSpec(policy *v1alpha1.SafetyPolicy, name string) *v1alpha1.Requirement {
	for i := range policy.Spec.Requirements {
		if policy.Spec.Requirements[i].Name == name {
			return &policy.Spec.Requirements[i]
		}
	}
	return nil
}

// steps are the acts that no single requirement stands for.
func (s *Situation) steps() []Step {
	release := s.Input.Release
	edit := editing(release.Namespace, release.Name)
	switch s.Decision.Reason {
	case v1alpha1.ReasonPolicyNotFound:
		return []Step{
			{What: "create the policy, or see which policies there are", Command: "kubectl get safetypolicies"},
			{What: "name another policy in spec.policy", Command: edit},
		}
	case v1alpha1.ReasonInvalidSpec:
		return []Step{{What: "name a level and an exposure that the policy has", Command: edit}}
	case v1alpha1.ReasonEvidenceNotRequired:
		return []Step{{
			What:    "have the policy require something for the exposure, or say withoutEvidence: Allowed there",
			Command: "kubectl edit safetypolicy " + release.Spec.Policy,
		}}
	case v1alpha1.ReasonRevoked:
		if r := gate.Revoking(release, s.Input.Revoked); r != nil {
			return []Step{{
				What:    "if it was a mistake, somebody with the verb resolve takes spec.revocation back",
				Command: editing(r.Namespace, r.Name),
			}}
		}
	case v1alpha1.ReasonPolicyRevisionPending:
		return []Step{
			{What: "see the revisions of the policy, and what the last one lacks", Command: "kubectl get policyrevisions --field-selector spec.policy=" + release.Spec.Policy},
			{What: "see item by item what it changes", Command: s.Program + " policy diff " + release.Spec.Policy},
		}
	case v1alpha1.ReasonParentNotFound:
		from := release.Name
		if n := len(s.Input.Ancestors); n > 0 {
			from = s.Input.Ancestors[n-1].Name
		}
		return []Step{
			{What: "create ModelRelease " + s.Input.LostAncestor + ", or see which releases there are", Command: "kubectl get modelreleases -n " + release.Namespace},
			{What: "correct spec.derivedFrom of " + from, Command: editing(release.Namespace, from)},
		}
	}
	return nil
}

func editing(namespace, release string) string {
	return "kubectl edit modelrelease " + release + " -n " + namespace
}
