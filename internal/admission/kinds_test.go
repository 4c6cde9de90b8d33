// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"strings"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

func checkKinds(t *testing.T, o Options, rows map[string]answered) {
	t.Helper()
	handler := NewKinds(o)
	for claim, row := range rows {
		t.Run(claim, func(t *testing.T) {
			response := handler.Handle(t.Context(), row.request.Request)
			if response.Allowed != (row.rejects == nil) {
				t.Fatalf("allowed: %v, %+v", response.Allowed, response.Result)
			}
			if len(row.warns) == 0 && len(response.Warnings) > 0 {
				t.Errorf("warned: %q", response.Warnings)
			}
			holds(t, strings.Join(response.Warnings, "\n"), row.warns)
			if row.rejects != nil {
				holds(t, response.Result.Message, row.rejects)
			}
		})
	}
}

// sound is a policy without anything to say about.
func sound(change ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	return fixture.Policy("rsp", append([]func(*v1alpha1.SafetyPolicy){
		fixture.Requiring("ASL-2", "uplift"), fixture.Defining("uplift", fixture.NeededFrom("Internal")),
		fixture.Requiring("ASL-3", "jailbreak"), fixture.Defining("jailbreak", fixture.NeededFrom("Internal")),
		fixture.Raising("CBRN-3", "ASL-3", "bio"), fixture.Defining("bio", fixture.NeededFrom("Internal")),
	}, change...)...)
}

func TestPolicies(t *testing.T) {
	policy := func(old, object *v1alpha1.SafetyPolicy) sent {
		if old == nil {
			return send(t, v1alpha1.Group, "safetypolicies", nil, object)
		}
		return send(t, v1alpha1.Group, "safetypolicies", old, object)
	}
	lowest := fixture.Raising("CBRN-2", "ASL-2", "bio")
	withdraw := func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Levels[0].Name, p.Spec.Exposures[2].Name, p.Spec.Requirements[0].Name = "ASL-1", "Public", "uplift-2"
		p.Spec.Levels[0].Requires = []string{"uplift-2"}
	}
	evidenceFree := fixture.Policy("rsp")
	levelFree := sound(func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Levels = append([]v1alpha1.Level{{Name: "ASL-1"}}, p.Spec.Levels...)
		p.Spec.Thresholds = nil
	})
	checkKinds(t, options(t, false, world()...), map[string]answered{
		"a sound policy": {request: policy(nil, sound())},
		"a threshold that raises to the lowest level":  {request: policy(nil, sound(lowest)), rejects: []string{"spec.thresholds[1].raisesTo", "it is the lowest level, which every release has"}},
		"what was there before does not stop a change": {request: policy(sound(lowest), sound(lowest, fixture.Undefined("ASL-4"))), warns: []string{"spec.thresholds[1].raisesTo"}},
		"exposures that nothing is required of":        {request: policy(nil, evidenceFree), rejects: []string{"spec.exposures[1].withoutEvidence", "spec.exposures[2].withoutEvidence", "so it is never granted"}},
		"a level at which nothing is required":         {request: policy(nil, levelFree), warns: []string{"at ASL-1 nothing is required of Internal", "at ASL-1 nothing is required of General", "nothing refers to bio"}},
		"a requirement without use":                    {request: policy(nil, sound(fixture.Defining("idle"))), warns: []string{"nothing refers to idle"}},
		"a level above an undefined one":               {request: policy(nil, sound(fixture.Undefined("ASL-4"), fixture.Requiring("ASL-5", "uplift"))), warns: []string{"ASL-5 is defined and lies above ASL-4"}},
		"a level nobody reaches who raises to it":      {request: policy(nil, sound(fixture.Requiring("ASL-3", "bio"))), warns: []string{"CBRN-3 is ruled out by bio, which ASL-3 requires too"}},
		"names are taken away that are used": {request: policy(sound(), sound(withdraw)), warns: []string{
			"level ASL-2 is removed, and used by 2 releases: serving/bad, serving/good",
			"exposure General is removed, and used by 2 releases", "requirement uplift is removed, and used by 1 releases: serving/good",
		}},
		"the status": {request: policy(sound(), sound(lowest)).through("status")},
	})
	checkKinds(t, options(t, true, world()...), map[string]answered{
		"a policy alone needs no other object": {request: policy(nil, sound())},
	})
}

func TestReleases(t *testing.T) {
	release := func(old, object *v1alpha1.ModelRelease) sent {
		if old == nil {
			return send(t, v1alpha1.Group, "modelreleases", nil, object)
		}
		return send(t, v1alpha1.Group, "modelreleases", old, object)
	}
	lost := fixture.Release("m1", fixture.Declared("ASL-9"))
	undefined := fixture.Policy("undefined", fixture.Undefined("ASL-4"))
	relabelled := lost.DeepCopy()
	relabelled.Labels = map[string]string{"team": "red"}
	checkKinds(t, options(t, false, append(world(), undefined)...), map[string]answered{
		"a release of an existing policy":            {request: release(nil, fixture.Release("m1"))},
		"a policy that does not exist yet":           {request: release(nil, fixture.Release("m1", fixture.Governed("later"))), warns: []string{"SafetyPolicy later does not exist yet"}},
		"a level that the policy does not have":      {request: release(nil, lost), rejects: []string{`spec.level: Unsupported value: "ASL-9"`, "SafetyPolicy rsp has no such name", `"ASL-2", "ASL-3"`}},
		"an exposure that the policy does not have":  {request: release(nil, fixture.Release("m1", fixture.Asking("Public"))), rejects: []string{"spec.exposure", "Evaluation"}},
		"a level without safeguards":                 {request: release(nil, fixture.Release("m1", fixture.Governed("undefined"), fixture.Declared("ASL-4"))), warns: []string{"defines no safeguards for ASL-4"}},
		"a level that the policy lost, and a label":  {request: release(lost, relabelled), warns: []string{"SafetyPolicy rsp no longer has ASL-9"}},
		"another level that it does not have":        {request: release(fixture.Release("m1"), lost), rejects: []string{"spec.level"}},
		"another policy that does not have the name": {request: release(fixture.Release("m1", fixture.Governed("later"), fixture.Declared("ASL-9")), lost), rejects: []string{"spec.level"}},
	})
	checkKinds(t, options(t, true, world()...), map[string]answered{
		"nothing is let through unseen": {request: release(nil, lost), rejects: []string{"could not look at other objects, send it again"}},
	})
}

func TestEvidence(t *testing.T) {
	evaluation := func(e v1alpha1.SafetyEvaluation) sent { return send(t, v1alpha1.Group, "safetyevaluations", nil, e) }
	about := fixture.About(fixture.Weights("good"), fixture.Server("good"))
	checkKinds(t, options(t, false, append(world(), fixture.Release("orphan", fixture.Governed("later")))...), map[string]answered{
		"evidence about a release":                  {request: evaluation(fixture.Evaluation("e", "uplift", "0.1", fixture.For("good"), about))},
		"evidence about no release":                 {request: evaluation(fixture.Evaluation("e", "uplift", "0.1", fixture.For("later"))), warns: []string{"ModelRelease later does not exist in namespace serving yet"}},
		"evidence about a release without a policy": {request: evaluation(fixture.Evaluation("e", "uplift", "0.1", fixture.For("orphan")))},
		"evidence for no requirement":               {request: evaluation(fixture.Evaluation("e", "uplit", "0.1", fixture.For("good"), about)), warns: []string{"SafetyPolicy rsp has no requirement uplit"}},
		"evidence about other weights":              {request: evaluation(fixture.Evaluation("e", "uplift", "0.1", fixture.For("good"))), warns: []string{"are not those of ModelRelease good that requirement uplift is about"}},
		"evidence about what is out of scope":       {request: evaluation(fixture.Evaluation("e", "uplift", "0.1", fixture.For("good"), fixture.About(fixture.Weights("good"))))},
	})
}

func TestResolutions(t *testing.T) {
	earlier := fixture.Evaluation("earlier", "uplift", "0.1", fixture.At(fixture.Day(9)), fixture.Ended(fixture.Day(-1)))
	other := fixture.Evaluation("other", "jailbreak", "0.1", fixture.At(fixture.Day(9)))
	later := fixture.Evaluation("later", "uplift", "0.1", fixture.At(fixture.Day(9)))
	finding := func(evaluation string) v1alpha1.AdverseFinding {
		return fixture.Finding("f", "uplift", string(fixture.Digest("scope")), fixture.ResolvedBy(fixture.Namespace, evaluation))
	}
	standing := fixture.Finding("f", "uplift", string(fixture.Digest("scope")))
	update := func(old, object v1alpha1.AdverseFinding) sent {
		return send(t, v1alpha1.Group, "adversefindings", old, object)
	}
	checkKinds(t, options(t, false, append(world(), &earlier, &other, &later)...), map[string]answered{
		"a later evaluation":             {request: update(standing, finding("later"))},
		"one that does not exist":        {request: update(standing, finding("none")), warns: []string{"SafetyEvaluation serving/none does not exist"}},
		"one whose run ended before":     {request: update(standing, finding("earlier")), warns: []string{"serving/earlier is not later than the result that failed (2026-01-01T00:00:00Z)"}},
		"one for another requirement":    {request: update(standing, finding("other")), warns: []string{"is for requirement jailbreak and not for uplift"}},
		"a resolution that is as it was": {request: update(finding("none"), finding("none"))},
		"a finding without a resolution": {request: update(standing, standing)},
	})
}
