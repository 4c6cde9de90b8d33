// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/revision"
)

type (
	spec    = v1alpha1.SafetyPolicySpec
	effects = v1alpha1.RevisionEffect
)

const (
	neutral  = v1alpha1.EffectNeutral
	stricter = v1alpha1.EffectStrengthening
	weaker   = v1alpha1.EffectWeakening
)

// rich is a policy with something of everything.
func rich() *spec {
	p := fixture.Policy("p",
		fixture.Defining("bio", fixture.NeededFrom("Internal")), fixture.Defining("card"), fixture.Defining("jail"),
		fixture.Requiring("ASL-2", "card", "signed"), fixture.Requiring("ASL-3", "jail"), fixture.Raising("CBRN-3", "ASL-3", "bio", "card"))
	s := &p.Spec
	s.Requirements = append(s.Requirements,
		v1alpha1.Requirement{Name: "signed", ValidForDays: 30, Approval: &v1alpha1.ApprovalCriterion{
			Quorum:       []v1alpha1.RoleQuorum{{Role: "rso", Count: 2}, {Role: "ceo", Count: 1}},
			NotifyBefore: []string{"board"}, DifferFrom: []v1alpha1.Party{v1alpha1.PartyAuthor},
		}},
		v1alpha1.Requirement{Name: "caged", Check: &v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardRuntimeClass, RuntimeClasses: []string{"gvisor", "kata"}}},
		v1alpha1.Requirement{Name: "slow", Check: &v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardEgressBandwidthLimited, MaxEgressBandwidth: "10M"}})
	s.Roles = []v1alpha1.Role{{Name: "rso", Groups: []string{"safety"}}, {Name: "ceo"}, {Name: "board"}}
	s.TrustedMutators, s.Companions = []string{"mesh"}, []v1alpha1.Companion{{Name: "proxy", Image: "a@sha256:1"}}
	s.Waivers = &v1alpha1.WaiverRules{Quorum: []v1alpha1.RoleQuorum{{Role: "rso", Count: 2}}, MaxDays: 30, BreakGlass: &v1alpha1.BreakGlassRules{
		Quorum: []v1alpha1.RoleQuorum{{Role: "ceo", Count: 1}}, MaxSeconds: 3600, ReviewRole: "rso", ReviewDays: 7,
	}}
	s.Determinations = &v1alpha1.DeterminationRules{Quorum: []v1alpha1.RoleQuorum{{Role: "rso", Count: 1}}, MaxDays: 90}
	s.Revisions = &v1alpha1.RevisionRules{Quorum: []v1alpha1.RoleQuorum{{Role: "rso", Count: 1}}, CoolOffSeconds: new(int32(3600))}
	s.IndependentEvaluators = &v1alpha1.IndependentEvaluators{Groups: []string{"institutes"}}
	s.Fallback = &v1alpha1.PolicyFallback{Release: "last-known-good"}
	return s
}

// bio is the requirement that rules CBRN-3 out.
func bio(s *spec) *v1alpha1.Requirement { return &s.Requirements[0] }

// bar is its criterion.
func bar(s *spec) *v1alpha1.EvaluationCriterion { return bio(s).Evaluation }

func approval(s *spec) *v1alpha1.ApprovalCriterion { return s.Requirements[3].Approval }

// changeCase is a change of the rich policy: which item it is, and what it and its opposite do.
type changeCase struct {
	change func(*spec)
	item   string
	there  effects
	back   effects
}

func (tc changeCase) check(t *testing.T) {
	before, after := rich(), rich()
	tc.change(after)
	for _, way := range []struct {
		from, to *spec
		want     effects
	}{{before, after, tc.there}, {after, before, tc.back}} {
		changes, effect := revision.Compare(way.from, way.to)
		checkChanges(t, changes, effect)
		if len(changes) == 0 || effect != way.want {
			t.Errorf("%s, want %s: %+v", effect, way.want, changes)
			continue
		}
		for _, c := range changes {
			if c.Item == tc.item && c.Effect == way.want {
				return
			}
		}
		t.Errorf("no item %s of effect %s in %+v", tc.item, way.want, changes)
	}
}

func TestWhatChangesOfTheStructureDo(t *testing.T) {
	for name, tc := range map[string]changeCase{
		"a title":                      {func(s *spec) { s.Source = &v1alpha1.PolicySource{Title: "t"} }, "spec.source.title", neutral, neutral},
		"a highest exposure":           {func(s *spec) { s.Exposures = append(s.Exposures, v1alpha1.Exposure{Name: "World"}) }, "spec.exposures[World]", weaker, stricter},
		"without a lower exposure":     {func(s *spec) { s.Exposures = s.Exposures[1:] }, "spec.exposures[Evaluation]", weaker, weaker},
		"another order of exposures":   {func(s *spec) { s.Exposures[0], s.Exposures[1] = s.Exposures[1], s.Exposures[0] }, "spec.exposures", weaker, weaker},
		"a ceiling where there is one": {func(s *spec) { s.Exposures[1].MaxReplicas = new(int32(8)) }, "spec.exposures[Internal].maxReplicas", stricter, weaker},
		"a ceiling where there was none": {
			func(s *spec) { s.Exposures[2].MaxReplicas = new(int32(100)) }, "spec.exposures[General].maxReplicas", stricter, weaker,
		},
		"evidence where none was needed": {
			func(s *spec) { s.Exposures[0].WithoutEvidence = "" }, "spec.exposures[Evaluation].withoutEvidence", stricter, weaker,
		},
		"a preset in words": {
			func(s *spec) { s.Exposures[1].WithoutEvidence = v1alpha1.WithoutEvidenceRefused }, "spec.exposures[Internal].withoutEvidence", neutral, neutral,
		},
		"another level": {func(s *spec) { s.Levels = append(s.Levels, v1alpha1.Level{Name: "ASL-4"}) }, "spec.levels[ASL-4]", weaker, stricter},
		"another level that is undefined": {
			func(s *spec) {
				s.Levels = append(s.Levels, v1alpha1.Level{Name: "ASL-4", State: v1alpha1.LevelUndefined})
			}, "spec.levels[ASL-4]", stricter, weaker,
		},
		"a level of which nothing is known": {func(s *spec) { s.Levels[1].State = v1alpha1.LevelUndefined }, "spec.levels[ASL-3].state", stricter, weaker},
		"another order of levels":           {func(s *spec) { s.Levels[0], s.Levels[1] = s.Levels[1], s.Levels[0] }, "spec.levels", weaker, weaker},
		"a level that requires more":        {func(s *spec) { s.Levels[1].Requires = append(s.Levels[1].Requires, "bio") }, "spec.levels[ASL-3].requires", stricter, weaker},
		"a requirement of a lower level already": {
			func(s *spec) { s.Levels[0].Requires = append(s.Levels[0].Requires, "jail") }, "spec.levels[ASL-2].requires", stricter, weaker,
		},
		"what a lower level requires, once more": {
			func(s *spec) { s.Levels[1].Requires = append(s.Levels[1].Requires, "card") }, "spec.levels[ASL-3].requires", neutral, neutral,
		},
		"another threshold": {
			func(s *spec) {
				s.Thresholds = append(s.Thresholds, v1alpha1.CapabilityThreshold{Name: "Cyber", RaisesTo: "ASL-3", RuledOutBy: []string{"card"}})
			}, "spec.thresholds[Cyber]", stricter, weaker,
		},
		"a threshold that raises less":         {func(s *spec) { s.Thresholds[0].RaisesTo = "ASL-2" }, "spec.thresholds[CBRN-3].raisesTo", weaker, stricter},
		"a threshold that needs less":          {func(s *spec) { s.Thresholds[0].RuledOutBy = []string{"bio"} }, "spec.thresholds[CBRN-3].ruledOutBy", weaker, stricter},
		"a threshold that asks for safeguards": {func(s *spec) { s.Thresholds[0].Requires = []string{"caged"} }, "spec.thresholds[CBRN-3].requires", stricter, weaker},
		"a threshold of another domain":        {func(s *spec) { s.Thresholds[0].Domain = "bio" }, "spec.thresholds[CBRN-3].domain", neutral, neutral},
		"a requirement that nothing refers to": {
			func(s *spec) {
				s.Requirements = append(s.Requirements, v1alpha1.Requirement{Name: "spare", ValidForDays: 1, Evaluation: bar(s)})
			},
			"spec.requirements[spare]", neutral, weaker,
		},
		"another order of requirements": {func(s *spec) { s.Requirements[0], s.Requirements[1] = s.Requirements[1], s.Requirements[0] }, "spec.requirements", neutral, neutral},
		"companions":                    {func(s *spec) { s.Companions = nil }, "spec.companions[proxy]", stricter, weaker},
		"another image of a companion":  {func(s *spec) { s.Companions[0].Image = "a@sha256:2" }, "spec.companions[proxy].image", weaker, weaker},
		"one more mutator":              {func(s *spec) { s.TrustedMutators = append(s.TrustedMutators, "other") }, "spec.trustedMutators", weaker, stricter},
		"rejecting":                     {func(s *spec) { s.OnUncleared = v1alpha1.DenyUncleared }, "spec.onUncleared", stricter, weaker},
		"a day of enforcement":          {func(s *spec) { s.EnforceAfter = new(metav1.Unix(1, 0)) }, "spec.enforceAfter", stricter, weaker},
		"shorter clearances":            {func(s *spec) { s.ClearanceSeconds = new(int32(60)) }, "spec.clearanceSeconds", stricter, weaker},
		"retention":                     {func(s *spec) { s.Retention = &v1alpha1.Retention{EvaluationDays: 1} }, "spec.retention", neutral, neutral},
		"a longer grace":                {func(s *spec) { s.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(15))} }, "spec.lapse.graceDays", weaker, stricter},
		"the preset of the grace":       {func(s *spec) { s.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(14))} }, "spec.lapse.graceDays", neutral, neutral},
		"a lapse of presets":            {func(s *spec) { s.Lapse = &v1alpha1.Lapse{} }, "spec.lapse", neutral, neutral},
		"a longer grace after an advisory revocation": {
			func(s *spec) { s.Lapse = &v1alpha1.Lapse{AdvisoryGraceSeconds: new(int32(90000))} }, "spec.lapse.advisoryGraceSeconds", weaker, stricter,
		},
		"keeping what lapsed":  {func(s *spec) { s.Lapse = &v1alpha1.Lapse{Then: v1alpha1.LapseKeep} }, "spec.lapse.then", weaker, stricter},
		"slower removals":      {func(s *spec) { s.Removals = &v1alpha1.Removals{MaxUnavailablePercent: new(int32(10))} }, "spec.removals.maxUnavailablePercent", weaker, stricter},
		"later deletions":      {func(s *spec) { s.Removals = &v1alpha1.Removals{EvictSeconds: new(int32(3600))} }, "spec.removals.evictSeconds", weaker, stricter},
		"a limit for an hour":  {func(s *spec) { s.Removals = &v1alpha1.Removals{MaxPercentPerHour: new(int32(10))} }, "spec.removals.maxPercentPerHour", weaker, stricter},
		"no fallback":          {func(s *spec) { s.Fallback = nil }, "spec.fallback.release", stricter, weaker},
		"another fallback":     {func(s *spec) { s.Fallback.Release = "other" }, "spec.fallback.release", weaker, weaker},
		"a longer wait for it": {func(s *spec) { s.Fallback.WaitSeconds = new(int32(900)) }, "spec.fallback.waitSeconds", weaker, stricter},
	} {
		t.Run(name, tc.check)
	}
}

func TestWhatChangesOfARequirementDo(t *testing.T) {
	for name, tc := range map[string]changeCase{
		"a higher bar":                    {func(s *spec) { bar(s).ClearAt = "0.1" }, "spec.requirements[bio].evaluation.clearAt", stricter, weaker},
		"an earlier trip":                 {func(s *spec) { bar(s).TripAt = "0.3" }, "spec.requirements[bio].evaluation.tripAt", stricter, weaker},
		"a trip where it clears":          {func(s *spec) { bar(s).TripAt = "" }, "spec.requirements[bio].evaluation.tripAt", stricter, weaker},
		"the same number in other digits": {func(s *spec) { bar(s).ClearAt = "0.20" }, "spec.requirements[bio].evaluation.clearAt", neutral, neutral},
		"an alert":                        {func(s *spec) { bar(s).AlertAt = "0.1" }, "spec.requirements[bio].evaluation.alertAt", stricter, weaker},
		"a shorter life with an alert":    {func(s *spec) { bar(s).AlertValidForDays = new(int32(7)) }, "spec.requirements[bio].evaluation.alertValidForDays", stricter, weaker},
		"another metric":                  {func(s *spec) { bar(s).Metric = "other/accuracy" }, "spec.requirements[bio].evaluation.metric", weaker, weaker},
		"another direction":               {func(s *spec) { bar(s).Direction = v1alpha1.HigherIsSafer }, "spec.requirements[bio].evaluation.direction", weaker, weaker},
		"another bound":                   {func(s *spec) { bar(s).Bound = v1alpha1.BoundWilson95 }, "spec.requirements[bio].evaluation.bound", weaker, weaker},
		"more samples":                    {func(s *spec) { bar(s).MinSamples = 1000 }, "spec.requirements[bio].evaluation.minSamples", weaker, weaker},
		"fewer lost samples":              {func(s *spec) { bar(s).MaxUnjudgedPercent = new(int32(0)) }, "spec.requirements[bio].evaluation.maxUnjudgedPercent", weaker, weaker},
		"a suite":                         {func(s *spec) { bar(s).Suite = "x" }, "spec.requirements[bio].evaluation.suite", stricter, weaker},
		"another scope":                   {func(s *spec) { bio(s).Scope = nil }, "spec.requirements[bio].scope", weaker, weaker},
		"one more relation": {func(s *spec) {
			bio(s).AcceptRelations = []v1alpha1.SubjectRelation{v1alpha1.RelationHelpfulOnlyVariant}
		}, "spec.requirements[bio].acceptRelations", weaker, weaker},
		"independence":                     {func(s *spec) { bio(s).Independence = v1alpha1.IndependenceIndependent }, "spec.requirements[bio].independence", weaker, weaker},
		"elicitation":                      {func(s *spec) { bio(s).Elicitation = &v1alpha1.ElicitationCriterion{MinTrials: new(int32(3))} }, "spec.requirements[bio].elicitation", weaker, weaker},
		"a saturated evaluation":           {func(s *spec) { bio(s).Standing = v1alpha1.StandingSaturated }, "spec.requirements[bio].standing", stricter, weaker},
		"a shorter life":                   {func(s *spec) { bio(s).ValidForDays = 10 }, "spec.requirements[bio].validForDays", stricter, weaker},
		"needed from a lower exposure":     {func(s *spec) { bio(s).NeededFrom = "Evaluation" }, "spec.requirements[bio].neededFrom", stricter, weaker},
		"needed from the lowest, in words": {func(s *spec) { s.Requirements[1].NeededFrom = "Evaluation" }, "spec.requirements[card].neededFrom", neutral, neutral},
		"people in place of numbers":       {func(s *spec) { bio(s).Evaluation, bio(s).Scope, bio(s).Approval = nil, nil, approval(s) }, "spec.requirements[bio]", weaker, weaker},
		"more people":                      {func(s *spec) { approval(s).Quorum[0].Count = 3 }, "spec.requirements[signed].approval.quorum[rso].count", stricter, weaker},
		"without one of the roles":         {func(s *spec) { approval(s).Quorum = approval(s).Quorum[:1] }, "spec.requirements[signed].approval.quorum[ceo]", weaker, stricter},
		"nobody has to be told":            {func(s *spec) { approval(s).NotifyBefore = nil }, "spec.requirements[signed].approval.notifyBefore", weaker, stricter},
		"evaluators may not approve":       {func(s *spec) { approval(s).DifferFrom = append(approval(s).DifferFrom, v1alpha1.PartyEvaluator) }, "spec.requirements[signed].approval.differFrom", stricter, weaker},
		"one runtime class less":           {func(s *spec) { s.Requirements[4].Check.RuntimeClasses = []string{"kata"} }, "spec.requirements[caged].check.runtimeClasses", stricter, weaker},
		"less bandwidth":                   {func(s *spec) { s.Requirements[5].Check.MaxEgressBandwidth = "1M" }, "spec.requirements[slow].check.maxEgressBandwidth", stricter, weaker},
		"another check": {func(s *spec) {
			s.Requirements[4].Check = &v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardImagesPinned}
		}, "spec.requirements[caged].check.type", weaker, weaker},
	} {
		t.Run(name, tc.check)
	}
}

func TestWhatChangesOfWhoMaySignDo(t *testing.T) {
	for name, tc := range map[string]changeCase{
		"a role that nothing asks":           {func(s *spec) { s.Roles = append(s.Roles, v1alpha1.Role{Name: "cto"}) }, "spec.roles[cto]", neutral, neutral},
		"another group in a role":            {func(s *spec) { s.Roles[0].Groups = append(s.Roles[0].Groups, "sales") }, "spec.roles[rso].groups", weaker, weaker},
		"anybody in a role":                  {func(s *spec) { s.Roles[0].Groups = nil }, "spec.roles[rso].groups", weaker, weaker},
		"another independent evaluator":      {func(s *spec) { s.IndependentEvaluators.Users = []string{"ann"} }, "spec.independentEvaluators.users", weaker, weaker},
		"no waivers":                         {func(s *spec) { s.Waivers = nil }, "spec.waivers", stricter, weaker},
		"longer waivers":                     {func(s *spec) { s.Waivers.MaxDays = 60 }, "spec.waivers.maxDays", weaker, stricter},
		"waivers over what failed":           {func(s *spec) { s.Waivers.OverAdverse = v1alpha1.OverAdverseAllowed }, "spec.waivers.overAdverse", weaker, stricter},
		"no shorter path":                    {func(s *spec) { s.Waivers.BreakGlass = nil }, "spec.waivers.breakGlass", stricter, weaker},
		"a longer emergency":                 {func(s *spec) { s.Waivers.BreakGlass.MaxSeconds = 7200 }, "spec.waivers.breakGlass.maxSeconds", weaker, stricter},
		"a later review":                     {func(s *spec) { s.Waivers.BreakGlass.ReviewDays = 8 }, "spec.waivers.breakGlass.reviewDays", weaker, stricter},
		"another reviewer":                   {func(s *spec) { s.Waivers.BreakGlass.ReviewRole = "ceo" }, "spec.waivers.breakGlass.reviewRole", weaker, weaker},
		"fewer people for a waiver":          {func(s *spec) { s.Waivers.Quorum[0].Count = 1 }, "spec.waivers.quorum[rso].count", weaker, stricter},
		"no determinations":                  {func(s *spec) { s.Determinations = nil }, "spec.determinations", stricter, weaker},
		"longer determinations":              {func(s *spec) { s.Determinations.MaxDays = 91 }, "spec.determinations.maxDays", weaker, stricter},
		"changes of the policy need nothing": {func(s *spec) { s.Revisions = nil }, "spec.revisions", weaker, stricter},
		"a shorter cool-off":                 {func(s *spec) { s.Revisions.CoolOffSeconds = new(int32(0)) }, "spec.revisions.coolOffSeconds", weaker, stricter},
		"the preset of the cool-off":         {func(s *spec) { s.Revisions.CoolOffSeconds = nil }, "spec.revisions.coolOffSeconds", stricter, weaker},
		"another role for changes beside one": {func(s *spec) {
			s.Revisions.Quorum = append(s.Revisions.Quorum, v1alpha1.RoleQuorum{Role: "ceo", Count: 1})
		}, "spec.revisions.quorum[ceo]", stricter, weaker},
	} {
		t.Run(name, tc.check)
	}
}

func TestRequiringSomethingWhereNothingWasOpensWhatWasRefused(t *testing.T) {
	before := &fixture.Policy("p", fixture.Defining("card")).Spec
	after := &fixture.Policy("p", fixture.Defining("card"), fixture.Requiring("ASL-2", "card")).Spec
	changes, effect := revision.Compare(before, after)
	if effect != weaker {
		t.Errorf("a release of which nothing was required was refused, and can now be granted: %s, %+v", effect, changes)
	}
	for i := range before.Exposures {
		before.Exposures[i].WithoutEvidence, after.Exposures[i].WithoutEvidence = v1alpha1.WithoutEvidenceAllowed, v1alpha1.WithoutEvidenceAllowed
	}
	if changes, effect := revision.Compare(before, after); effect != stricter {
		t.Errorf("where it was granted: %s, %+v", effect, changes)
	}
}

func TestARecordKeepsTheWeakeningsOfTooManyChanges(t *testing.T) {
	before, after := rich(), rich()
	for i := range 300 {
		name := "m" + string(rune('a'+i%26)) + string(rune('a'+i/26))
		after.Roles = append(after.Roles, v1alpha1.Role{Name: name})
	}
	after.Waivers.MaxDays = 60
	changes, _ := revision.Compare(before, after)
	kept := revision.Kept(changes)
	if len(kept) != 256 || kept[0].Item != "spec.waivers.maxDays" {
		t.Errorf("%d are kept, the first is %+v", len(kept), kept[0])
	}
}
