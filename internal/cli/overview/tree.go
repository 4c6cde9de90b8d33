// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Facts are what a tree is made of. Nothing in them is changed.
type Facts struct {
	At
	Policies       []*v1alpha1.SafetyPolicy
	Releases       []*v1alpha1.ModelRelease
	Evaluations    []*v1alpha1.SafetyEvaluation
	Approvals      []*v1alpha1.ReleaseApproval
	Waivers        []*v1alpha1.ReleaseWaiver
	Determinations []*v1alpha1.ReleaseDetermination
	// Pods are those that claim a release.
	Pods []*corev1.Pod
	// MostPods is how many pods of a workload are shown, those in trouble first.
	MostPods int
}

// Sign is what stands before the name of a node.
type Sign string

// The signs are those of an explanation.
const (
	SignNone    Sign = ""
	SignGood    Sign = "✓"
	SignBad     Sign = "✗"
	SignMissing Sign = "○"
	SignDoubt   Sign = "?"
	SignTime    Sign = "!"
	SignNeutral Sign = "·"
)

// Node is a line of the tree, with those below it.
type Node struct {
	Sign Sign `json:"sign,omitempty"`
	// Name says what it is: its kind, and its name.
	Name string `json:"name"`
	// State says how it is in a word, and Age since when.
	State string `json:"state,omitempty"`
	Age   string `json:"age,omitempty"`
	// Info is what else there is to say.
	Info     string `json:"info,omitempty"`
	Children []Node `json:"children,omitempty"`
}

// Tree is the tree from policies down to pods, one node for each policy. Releases of a policy that does not exist, or that
// may not be read, stand below its name all the same, and so do pods of a release that does not exist.
func Tree(f Facts) []Node {
	f = f.sorted()
	var nodes []Node
	releases := map[string][]*v1alpha1.ModelRelease{}
	for _, r := range f.Releases {
		releases[r.Spec.Policy] = append(releases[r.Spec.Policy], r)
	}
	known := map[string]bool{}
	for _, p := range f.Policies {
		known[p.Name] = true
		n := f.policy(p)
		for _, r := range releases[p.Name] {
			n.Children = append(n.Children, f.release(r, p))
		}
		nodes = append(nodes, n)
	}
	for _, r := range f.Releases {
		if known[r.Spec.Policy] {
			continue
		}
		known[r.Spec.Policy] = true
		n := Node{Sign: SignDoubt, Name: "SafetyPolicy " + r.Spec.Policy, State: "Unknown", Info: "it does not exist, or you may not read it"}
		for _, other := range releases[r.Spec.Policy] {
			n.Children = append(n.Children, f.release(other, nil))
		}
		nodes = append(nodes, n)
	}
	return append(nodes, f.orphans()...)
}

// sorted orders everything, on copies of the lists.
func (f Facts) sorted() Facts {
	f.Policies = inOrder(f.Policies)
	f.Releases = inOrder(f.Releases)
	f.Evaluations = inOrder(f.Evaluations)
	f.Approvals = inOrder(f.Approvals)
	f.Waivers = inOrder(f.Waivers)
	f.Determinations = inOrder(f.Determinations)
	f.Pods = inOrder(f.Pods)
	return f
}

func inOrder[T metav1.Object](objects []T) []T {
	objects = slices.Clone(objects)
	slices.SortFunc(objects, func(a, b T) int {
		return cmp.Or(strings.Compare(a.GetNamespace(), b.GetNamespace()), strings.Compare(a.GetName(), b.GetName()))
	})
	return objects
}

func (f Facts) policy(p *v1alpha1.SafetyPolicy) Node {
	status, reason, _ := condition(p.Status.Conditions, v1alpha1.ConditionReady)
	n := Node{Sign: SignGood, Name: "SafetyPolicy " + p.Name, State: reason, Age: f.age(p), Info: "revision " + shortened(p.Status.Revision)}
	switch {
	case reason == "":
		n.Sign, n.State, n.Info = SignDoubt, string(Unobserved), ""
	case status != string(metav1.ConditionTrue):
		n.Sign = SignTime
	}
	if p.Status.PendingRevision != "" {
		n.Info += ", and " + shortened(p.Status.PendingRevision) + " is not in force yet"
	}
	for _, kind := range []string{v1alpha1.ConditionGuarded, v1alpha1.ConditionCovered} {
		if status, reason, _ := condition(p.Status.Conditions, kind); status == string(metav1.ConditionFalse) {
			n.Sign, n.State = SignBad, reason
		}
	}
	return n
}

// shortened is a digest as people tell it from another.
func shortened(digest string) string {
	if at := strings.Index(digest, ":"); at >= 0 && len(digest) > at+9 {
		return digest[:at+9]
	}
	return digest
}

// signOf is the sign of a release's state.
func signOf(s Standing) Sign {
	switch s.State {
	case Released:
		return SignGood
	case Held, Revoked, Removing:
		return SignBad
	case Pending:
		if s.Inconclusive {
			return SignDoubt
		}
		return SignMissing
	case Frozen, Partial, Audited:
		return SignTime
	case Ungoverned, Deleting:
		return SignNeutral
	case Unobserved:
	}
	return SignDoubt
}

func (f Facts) release(r *v1alpha1.ModelRelease, p *v1alpha1.SafetyPolicy) Node {
	s := Of(r)
	n := Node{Sign: signOf(s), Name: "ModelRelease " + r.Namespace + "/" + r.Name, State: string(s.State), Age: f.ago(s.Since)}
	granted := r.Status.GrantedExposure
	level := cmp.Or(r.Status.RequiredLevel, r.Spec.Level)
	switch granted {
	case r.Spec.Exposure:
		n.Info = fmt.Sprintf("%s at %s", granted, level)
	case "":
		n.Info = fmt.Sprintf("%s asked for, nothing granted, at %s", r.Spec.Exposure, level)
	default:
		n.Info = fmt.Sprintf("%s granted of %s, at %s", granted, r.Spec.Exposure, level)
	}
	if s.Reason != "" && s.State != Released {
		n.Info = s.Reason + ": " + n.Info
	}
	if r.Spec.Revocation != nil {
		n.Info = fmt.Sprintf("%s, by %s: %s", r.Spec.Revocation.Severity, r.Spec.Revocation.RevokedBy, r.Spec.Revocation.Reason)
	}
	n.Children = slices.Concat(f.thresholds(r), f.requirements(r, p), f.people(r), f.workloads(r))
	return n
}

// thresholds are those that are not ruled out.
func (f Facts) thresholds(r *v1alpha1.ModelRelease) []Node {
	var nodes []Node
	for i := range r.Status.Thresholds {
		t := &r.Status.Thresholds[i]
		n := Node{Sign: SignMissing, Name: "threshold " + t.Name, State: string(t.State), Info: t.Message}
		switch t.State {
		case v1alpha1.ThresholdRuledOut:
			continue
		case v1alpha1.ThresholdReached:
			n.Sign = SignBad
		case v1alpha1.ThresholdOpen:
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// requirements are those that the release's level asks for, or that rule a threshold out; all where the policy is not known.
func (f Facts) requirements(r *v1alpha1.ModelRelease, p *v1alpha1.SafetyPolicy) []Node {
	asked := askedFor(r, p)
	var nodes []Node
	for i := range r.Status.Requirements {
		q := &r.Status.Requirements[i]
		underWay := f.underWay(r, q.Name)
		if asked != nil && !asked[q.Name] && len(underWay) == 0 {
			continue
		}
		n := Node{Sign: f.requirementSign(q), Name: "requirement " + q.Name, State: string(q.State), Info: q.Evidence, Children: underWay}
		if q.Alert == v1alpha1.AlertReached {
			n.State += "+alert"
		}
		if left := f.left(q.ExpiresTime); left != "" {
			n.Info = strings.TrimPrefix(n.Info+", "+left, ", ")
		}
		if q.State != v1alpha1.RequirementMet && q.Message != "" {
			n.Info = strings.TrimPrefix(n.Info+": "+q.Message, ": ")
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// askedFor are the requirements that have a say in what the release is granted; nil where that is not known.
func askedFor(r *v1alpha1.ModelRelease, p *v1alpha1.SafetyPolicy) map[string]bool {
	if p == nil || r.Status.RequiredLevel == "" {
		return nil
	}
	asked := map[string]bool{}
	for _, level := range p.Spec.Levels {
		for _, name := range level.Requires {
			asked[name] = true
		}
		if level.Name == r.Status.RequiredLevel {
			break
		}
	}
	for i := range p.Spec.Thresholds {
		for _, name := range p.Spec.Thresholds[i].RuledOutBy {
			asked[name] = true
		}
		for _, name := range p.Spec.Thresholds[i].Requires {
			asked[name] = asked[name] || stateOf(r, p.Spec.Thresholds[i].Name) != v1alpha1.ThresholdRuledOut
		}
	}
	return asked
}

func stateOf(r *v1alpha1.ModelRelease, threshold string) v1alpha1.ThresholdState {
	for i := range r.Status.Thresholds {
		if r.Status.Thresholds[i].Name == threshold {
			return r.Status.Thresholds[i].State
		}
	}
	return ""
}

// soon is how long before its end evidence is shown as ending.
const soon = 14 * 24 * time.Hour

func (f Facts) requirementSign(q *v1alpha1.RequirementStatus) Sign {
	switch q.State {
	case v1alpha1.RequirementMet:
		if q.Alert == v1alpha1.AlertReached || q.ExpiresTime != nil && q.ExpiresTime.Sub(f.Now) <= soon {
			return SignTime
		}
		return SignGood
	case v1alpha1.RequirementFailed, v1alpha1.RequirementRevoked, v1alpha1.RequirementObjected, v1alpha1.RequirementBroken:
		return SignBad
	case v1alpha1.RequirementMissing:
		return SignMissing
	case v1alpha1.RequirementExpired, v1alpha1.RequirementWaived:
		return SignTime
	case v1alpha1.RequirementIndeterminate:
	}
	return SignDoubt
}

// left is how long something still counts, or since when it does not; empty where it does not end.
func (f Facts) left(end *metav1.Time) string {
	switch {
	case end.IsZero():
		return ""
	case end.After(f.Now):
		return "counts " + At{Now: end.Time}.ago(f.Now) + " more"
	}
	return "ended " + f.ago(end.Time) + " ago"
}

// underWay are the evaluations of a requirement whose result may still come.
func (f Facts) underWay(r *v1alpha1.ModelRelease, requirement string) []Node {
	var nodes []Node
	for _, e := range f.Evaluations {
		state := EvaluationState(e)
		if e.Namespace != r.Namespace || e.Spec.Subject.Release != r.Name || e.Spec.Requirement != requirement ||
			state != EvaluationWaiting && state != EvaluationUnobserved {
			continue
		}
		_, reason, message := condition(e.Status.Conditions, v1alpha1.ConditionReady)
		n := Node{Sign: SignMissing, Name: "SafetyEvaluation " + e.Name, State: cmp.Or(reason, string(state)), Age: f.age(e), Info: message}
		for _, pod := range f.Pods {
			if pod.Namespace == r.Namespace && pod.Labels[v1alpha1.LabelEvaluation] == e.Name {
				n.Children = append(n.Children, f.pod(pod))
			}
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// people are what people made about the release.
func (f Facts) people(r *v1alpha1.ModelRelease) []Node {
	var nodes []Node
	for _, w := range f.Waivers {
		if w.Namespace == r.Namespace && w.Spec.Release == r.Name {
			n := f.record("ReleaseWaiver", w, w.Status, fmt.Sprintf("%s asks to set %s aside, up to %s, %s", w.Spec.Requester,
				strings.Join(w.Spec.Requirements, ", "), w.Spec.Exposure, f.left(&w.Spec.EndTime)))
			n.Children = f.approvals(r, v1alpha1.RecordWaiver, w.Name)
			nodes = append(nodes, n)
		}
	}
	for _, d := range f.Determinations {
		if d.Namespace == r.Namespace && d.Spec.Release == r.Name {
			var all []string
			for _, t := range d.Spec.Thresholds {
				all = append(all, t.Name+" is "+string(t.Conclusion))
			}
			n := f.record("ReleaseDetermination", d, d.Status, d.Spec.Author+" judges: "+strings.Join(all, ", "))
			n.Children = f.approvals(r, v1alpha1.RecordDetermination, d.Name)
			nodes = append(nodes, n)
		}
	}
	return append(nodes, f.approvals(r, "", "")...)
}

// approvals are those of a record, or with no kind of the release itself.
func (f Facts) approvals(r *v1alpha1.ModelRelease, kind v1alpha1.RecordKind, name string) []Node {
	var nodes []Node
	for _, a := range f.Approvals {
		about := v1alpha1.RecordReference{}
		if a.Spec.Regarding != nil {
			about = *a.Spec.Regarding
		}
		if a.Namespace != r.Namespace || a.Spec.Release != r.Name || about.Kind != kind || about.Name != name {
			continue
		}
		n := f.record("ReleaseApproval", a, a.Status, fmt.Sprintf("%s as %s, up to %s", a.Spec.Approver, a.Spec.Role, a.Spec.Exposure))
		if a.Spec.Decision == v1alpha1.DecisionObject {
			n.Sign = SignBad
			n.Info = fmt.Sprintf("%s as %s, from %s on", a.Spec.Approver, a.Spec.Role, a.Spec.Exposure)
		}
		if n.Sign != SignNeutral {
			n.State = string(a.Spec.Decision)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// record is a node for something that a person made; where it does not count, that is its state.
func (f Facts) record(kind string, o metav1.Object, status v1alpha1.RecordStatus, info string) Node {
	n := Node{Sign: SignGood, Name: kind + " " + o.GetName(), Age: f.ago(o.GetCreationTimestamp().Time), Info: info}
	counts, reason, _ := condition(status.Conditions, v1alpha1.ConditionReady)
	n.State = cmp.Or(reason, string(Unobserved))
	if counts != string(metav1.ConditionTrue) {
		n.Sign = SignNeutral
	}
	return n
}
