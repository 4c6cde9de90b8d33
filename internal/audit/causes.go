// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// MaxInputs is how many objects a record names by digest. Where there are more, the last item stands for the rest.
const MaxInputs = 512

// Kinds of inputs that are no objects of the API.
const (
	inputInForce        = "SafetyPolicyInForce"
	inputSighting       = "Sighting"
	inputSafeguard      = "Safeguard"
	inputPriorRevisions = "PriorRevisions"
	inputOthers         = "Others"
)

// inputs are the digests of what a decision was made from: of each object what of it the decision depends on, and of a policy
// its text. A sighting of one of the evaluations follows from that, and only others are named, by where they are.
func (d *document) inputs() ([]v1alpha1.DecisionInput, error) {
	l := listing{namespace: ""}
	if d.Release != nil {
		l.namespace = d.Release.Namespace
		l.add("ModelRelease", "", d.Release.Name, d.Release)
	}
	l.policy("SafetyPolicy", d.Policy)
	l.policy(inputInForce, d.InForce)
	own := map[string]bool{}
	for i := range d.Evaluations {
		e := &d.Evaluations[i]
		own[string(e.UID)] = true
		l.add("SafetyEvaluation", e.Namespace, e.Name, e)
	}
	for i := range d.Findings {
		l.add("AdverseFinding", "", d.Findings[i].Name, &d.Findings[i])
	}
	for i := range d.Ancestors {
		l.add("ModelRelease", d.Ancestors[i].Namespace, d.Ancestors[i].Name, &d.Ancestors[i])
	}
	for i := range d.Revoked {
		l.add("ModelRelease", d.Revoked[i].Namespace, d.Revoked[i].Name, &d.Revoked[i])
	}
	for i := range d.Approvals {
		l.add("ReleaseApproval", d.Approvals[i].Namespace, d.Approvals[i].Name, &d.Approvals[i])
	}
	for i := range d.Waivers {
		l.add("ReleaseWaiver", d.Waivers[i].Namespace, d.Waivers[i].Name, &d.Waivers[i])
	}
	for i := range d.Determinations {
		l.add("ReleaseDetermination", d.Determinations[i].Namespace, d.Determinations[i].Name, &d.Determinations[i])
	}
	for i := range d.Safeguards {
		l.add(inputSafeguard, "", d.Safeguards[i].Requirement+"/"+string(d.Safeguards[i].Type), &d.Safeguards[i])
	}
	for i := range d.Sightings {
		if s := &d.Sightings[i]; !own[string(s.UID)] {
			l.add(inputSighting, s.Namespace, cmp.Or(string(s.UID), s.SHA256, s.RunID), s)
		}
	}
	if len(d.PriorRevisions) > 0 && d.Policy != nil {
		l.add(inputPriorRevisions, "", d.Policy.Name, d.PriorRevisions)
	}
	return l.cut(), l.err
}

// listing gathers digests.
type listing struct {
	// namespace of the release; what is in another is named with it.
	namespace string
	all       []v1alpha1.DecisionInput
	err       error
}

func (l *listing) add(kind, namespace, name string, value any) {
	data, err := gate.CanonicalJSON(value)
	if err != nil {
		l.err = fmt.Errorf("writing %s %s down: %w", kind, name, err)
		return
	}
	if namespace != "" && namespace != l.namespace {
		name = namespace + "/" + name
	}
	l.all = append(l.all, v1alpha1.DecisionInput{Kind: kind, Name: name, Digest: hexSum(data)})
}

func (l *listing) policy(kind string, p *policy) {
	if p != nil {
		l.all = append(l.all, v1alpha1.DecisionInput{Kind: kind, Name: p.Name, Digest: p.Digest})
	}
}

// cut lets one item stand for all that are too many.
func (l *listing) cut() []v1alpha1.DecisionInput {
	if len(l.all) <= MaxInputs {
		return l.all
	}
	var rest strings.Builder
	for _, input := range l.all[MaxInputs-1:] {
		fmt.Fprintf(&rest, "%s\x00%s\x00%s\n", input.Kind, input.Name, input.Digest)
	}
	return append(l.all[:MaxInputs-1:MaxInputs-1], v1alpha1.DecisionInput{
		Kind: inputOthers, Name: fmt.Sprintf("%d more", len(l.all)-MaxInputs+1), Digest: hexSum([]byte(rest.String())),
	})
}

// maxCauses and maxCause are how many sentences a record has, and how long one is.
const (
	maxCauses = 32
	maxCause  = 512
)

// Past is what a record says of the decision before.
type Past struct {
	// Record itself; nil where it is not there any more.
	Record *v1alpha1.GateDecision
	// Decision is what was decided, made again from its input; nil where that could not be done.
	Decision *gate.Decision
}

// Causes says in sentences what changed from one decision to the next, at most 32: objects that came, changed or went, and
// then what that made of requirements, thresholds and the grant. Nothing for the first decision but that it is.
func Causes(past Past, inputs []v1alpha1.DecisionInput, next *v1alpha1.GateDecisionSpec, d gate.Decision) []string {
	c := causes{}
	if past.Record == nil {
		c.add("the record of the decision before is not there")
		return c.all
	}
	before := &past.Record.Spec
	if before.ReleaseUID != next.ReleaseUID {
		c.add("ModelRelease %s was deleted and made anew", next.Release)
	}
	if before.Engine != next.Engine {
		c.add("Scalegate is now version %s; it was %s", cmp.Or(next.Engine, "unknown"), cmp.Or(before.Engine, "unknown"))
	}
	switch {
	case before.Policy != next.Policy:
		c.add("the release is now under SafetyPolicy %s; it was under %s", next.Policy, before.Policy)
	case before.PolicyRevision != next.PolicyRevision && next.PolicyRevision == "":
		c.add("SafetyPolicy %s is gone", next.Policy)
	case before.PolicyRevision != next.PolicyRevision:
		c.add("the policy is now revision %s; it was %s", next.PolicyRevision, cmp.Or(before.PolicyRevision, "none"))
	}
	if before.SubjectDigest != next.SubjectDigest {
		c.add("the release is now of other artifacts: %s", next.SubjectDigest)
	}
	c.objects(before.Inputs, inputs)
	external := len(c.all)
	if past.Decision != nil {
		c.outcomes(*past.Decision, d, external == 0)
	} else {
		c.summary(before, next)
	}
	return c.cut()
}

type causes struct{ all []string }

func (c *causes) add(format string, args ...any) {
	c.all = append(c.all, shorten(fmt.Sprintf(format, args...), maxCause))
}

// cut lets one sentence stand for all that are too many.
func (c *causes) cut() []string {
	if len(c.all) <= maxCauses {
		return c.all
	}
	return append(c.all[:maxCauses-1:maxCauses-1], fmt.Sprintf("and %d more", len(c.all)-maxCauses+1))
}

// objects compares digests. Which text a policy has, its revision says already.
func (c *causes) objects(before, after []v1alpha1.DecisionInput) {
	type object struct{ kind, name string }
	had := map[object]string{}
	for _, input := range before {
		had[object{input.Kind, input.Name}] = input.Digest
	}
	for _, input := range after {
		o := object{input.Kind, input.Name}
		digest, known := had[o]
		delete(had, o)
		switch {
		case input.Kind == "SafetyPolicy":
		case !known:
			c.add("%s appeared", noun(input))
		case digest != input.Digest:
			c.add("%s changed", noun(input))
		}
	}
	for _, input := range before {
		if _, gone := had[object{input.Kind, input.Name}]; gone && input.Kind != "SafetyPolicy" {
			c.add("%s is gone", noun(input))
		}
	}
}

// noun calls an input by what it is.
func noun(input v1alpha1.DecisionInput) string {
	switch input.Kind {
	case inputInForce:
		return "another revision of SafetyPolicy " + input.Name + " in force"
	case inputSighting:
		return "a submission of the same result file or run (" + input.Name + ")"
	case inputSafeguard:
		return "what was seen of safeguard " + input.Name
	case inputPriorRevisions:
		return "the list of revisions of SafetyPolicy " + input.Name + " that approvals may name"
	case inputOthers:
		return "something among the " + input.Name + " inputs that are not named"
	}
	return input.Kind + " " + input.Name
}

// outcomes compares what was decided. timely: nothing else changed, so that time did it.
func (c *causes) outcomes(before, after gate.Decision, timely bool) {
	had := states(before)
	for _, q := range after.Requirements {
		switch was := had[q.Name]; {
		case was == q.State:
		case was == v1alpha1.RequirementMet && q.State == v1alpha1.RequirementExpired, timely:
			c.add("time: requirement %s: %s -> %s", q.Name, cmp.Or(string(was), "not asked"), q.State)
		default:
			c.add("requirement %s: %s -> %s", q.Name, cmp.Or(string(was), "not asked"), q.State)
		}
	}
	thresholds := map[string]v1alpha1.ThresholdState{}
	for _, t := range before.Thresholds {
		thresholds[t.Name] = t.State
	}
	for _, t := range after.Thresholds {
		if was := thresholds[t.Name]; was != t.State {
			c.add("threshold %s: %s -> %s", t.Name, cmp.Or(string(was), "not asked"), t.State)
		}
	}
	c.records(before.Records, after.Records, timely)
	if before.GrantedExposure != after.GrantedExposure {
		c.add("granted: %s -> %s", cmp.Or(before.GrantedExposure, "nothing"), cmp.Or(after.GrantedExposure, "nothing"))
	}
	if before.Reason != after.Reason || len(c.all) == 0 {
		c.add("reason: %s -> %s", before.Reason, after.Reason)
	}
}

// records compares which approvals, waivers and determinations count.
func (c *causes) records(before, after []gate.RecordResult, timely bool) {
	type record struct{ kind, name string }
	had := map[record]string{}
	for _, r := range before {
		had[record{r.Kind, r.Name}] = r.Reason
	}
	for _, r := range after {
		was, known := had[record{r.Kind, r.Name}]
		switch {
		case !known || was == r.Reason:
		case timely:
			c.add("time: %s %s: %s -> %s", r.Kind, r.Name, was, r.Reason)
		default:
			c.add("%s %s: %s -> %s", r.Kind, r.Name, was, r.Reason)
		}
	}
}

// summary compares what the records themselves say, where the decision before could not be made again.
func (c *causes) summary(before, next *v1alpha1.GateDecisionSpec) {
	c.add("granted: %s -> %s", cmp.Or(before.GrantedExposure, "nothing"), cmp.Or(next.GrantedExposure, "nothing"))
	c.add("reason: %s -> %s", before.Reason, next.Reason)
}
