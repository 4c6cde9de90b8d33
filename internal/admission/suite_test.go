// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// rewritten replaces a text in the Job template of a suite.
func rewritten(old, with string) func(*v1alpha1.EvaluationSuite) {
	return func(s *v1alpha1.EvaluationSuite) {
		s.Spec.JobTemplate.Raw = []byte(strings.Replace(string(s.Spec.JobTemplate.Raw), old, with, 1))
	}
}

func TestSuites(t *testing.T) {
	suite := func(old, object *v1alpha1.EvaluationSuite) sent {
		if old == nil {
			return send(t, v1alpha1.Group, "evaluationsuites", nil, object)
		}
		return send(t, v1alpha1.Group, "evaluationsuites", old, object)
	}
	pinned := rewritten("attack:1", "attack@"+string(fixture.Digest("attack")))
	sound, unpinned := fixture.Suite("s", pinned, fixture.Serving()), fixture.Suite("s")
	byVariable := fixture.Suite("s", rewritten("registry.example/attack:1", "$(SCALEGATE_ARTIFACT_SERVER_PINNED)"))
	tagged := fixture.Suite("s", pinned, fixture.Serving(), func(s *v1alpha1.EvaluationSuite) {
		s.Spec.Server.PodTemplate.Raw = []byte(`{"spec": {"containers": [{"name": "server", "image": "registry.example/server:1"}]}}`)
	})
	misspelt := fixture.Suite("s", pinned, rewritten(`"containers"`, `"contaners"`))
	also := misspelt.DeepCopy()
	also.Labels = map[string]string{"team": "red"}
	checkKinds(t, options(t, false, world()...), map[string]answered{
		"a suite that can be run":              {request: suite(nil, sound)},
		"a field that there is not":            {request: suite(nil, misspelt), rejects: []string{"spec.jobTemplate", "contaners"}},
		"what was wrong before does not block": {request: suite(misspelt, also), warns: []string{"spec.jobTemplate"}},
		"an image without a digest":            {request: suite(nil, unpinned), warns: []string{"spec.jobTemplate.spec.template.spec.containers[attack].image", `"registry.example/attack:1" names no digest`}},
		"a server's image without a digest":    {request: suite(nil, tagged), warns: []string{"spec.server.podTemplate.spec.containers[server].image"}},
		"an image that the release pins":       {request: suite(nil, byVariable)},
	})
}

func TestTheSampleOfASuiteCanBeRun(t *testing.T) {
	text, err := os.ReadFile("../../config/samples/scalegate_v1alpha1_evaluationsuite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sample := &v1alpha1.EvaluationSuite{}
	if err := yaml.UnmarshalStrict(text, sample); err != nil {
		t.Fatal(err)
	}
	checkKinds(t, options(t, false, world()...), map[string]answered{
		"nothing is said about it": {request: send(t, v1alpha1.Group, "evaluationsuites", nil, sample)},
	})
}

func TestRuns(t *testing.T) {
	evaluation := func(change ...func(*v1alpha1.SafetyEvaluation)) sent {
		all := append([]func(*v1alpha1.SafetyEvaluation){fixture.Run(fixture.Day(1)), fixture.For("good"), fixture.About(fixture.Weights("good"), fixture.Server("good"))}, change...)
		return send(t, v1alpha1.Group, "safetyevaluations", nil, fixture.Evaluation("e", "uplift", "0.1", all...))
	}
	by := func(suite string) []client.Object {
		objects := world()
		for _, o := range objects {
			if p, ok := o.(*v1alpha1.SafetyPolicy); ok {
				p.Spec.Requirements[0].Evaluation.Suite = suite
			}
		}
		return append(objects, fixture.Suite("attack-suite"))
	}
	checkKinds(t, options(t, false, by("")...), map[string]answered{
		"any suite where none is named":     {request: evaluation()},
		"a suite that is not there":         {request: evaluation(func(e *v1alpha1.SafetyEvaluation) { e.Spec.Job.Suite = "later" }), warns: []string{"EvaluationSuite later does not exist yet"}},
		"artifacts that are others":         {request: evaluation(fixture.About(fixture.Weights("bad"))), rejects: []string{"spec.subject.artifacts[0]", "it is no artifact of ModelRelease good"}},
		"some of the release's artifacts":   {request: evaluation(fixture.About(fixture.Server("good"))), warns: []string{"are not all those of ModelRelease good"}},
		"a release that is not there":       {request: evaluation(fixture.For("later")), warns: []string{"ModelRelease later does not exist"}},
		"those within the scope are enough": {request: evaluation(fixture.About(fixture.Weights("good")))},
	})
	checkKinds(t, options(t, false, by("attack-suite")...), map[string]answered{
		"the suite that the requirement names":   {request: evaluation()},
		"another than the requirement names":     {request: evaluation(func(e *v1alpha1.SafetyEvaluation) { e.Spec.Job.Suite = "mine" }), rejects: []string{"spec.job.suite", "is evaluated by suite attack-suite: name that"}},
		"a result that was measured by somebody": {request: send(t, v1alpha1.Group, "safetyevaluations", nil, fixture.Evaluation("e", "uplift", "0.1", fixture.For("good"), fixture.About(fixture.Weights("good"), fixture.Server("good"))))},
	})
}

func TestSuitesThatAreNamed(t *testing.T) {
	naming := func(suite string) *v1alpha1.SafetyPolicy {
		return sound(func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[0].Evaluation.Suite = suite })
	}
	policy := func(p *v1alpha1.SafetyPolicy) sent { return send(t, v1alpha1.Group, "safetypolicies", nil, p) }
	automatic := fixture.Release("m1", func(r *v1alpha1.ModelRelease) { r.Spec.Evaluations = v1alpha1.EvaluationsAutomatic })
	release := send(t, v1alpha1.Group, "modelreleases", nil, automatic)
	with := append(world(), fixture.Suite("attack-suite"))
	checkKinds(t, options(t, false, with...), map[string]answered{
		"a suite that is there":                      {request: policy(naming("attack-suite"))},
		"a suite that is not there":                  {request: policy(naming("later")), warns: []string{"uplift is evaluated by EvaluationSuite later, which does not exist yet"}},
		"automatic evaluations and no suite":         {request: release, warns: []string{"spec.evaluations is Automatic, and no requirement of SafetyPolicy rsp names a suite"}},
		"automatic evaluations and no policy either": {request: send(t, v1alpha1.Group, "modelreleases", nil, fixture.Release("m1", fixture.Governed("later"), func(r *v1alpha1.ModelRelease) { r.Spec.Evaluations = v1alpha1.EvaluationsAutomatic })), warns: []string{"SafetyPolicy later does not exist yet"}},
	})
	named := options(t, false, append(with[:2:2], naming("attack-suite"))...)
	checkKinds(t, named, map[string]answered{"automatic evaluations by a suite": {request: release}})
	checkKinds(t, options(t, true, with...), map[string]answered{
		"nothing is let through unseen": {request: policy(naming("attack-suite")), rejects: []string{"could not look at other objects, send it again"}},
	})
}
