// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

func evaluated(name, requirement, value string, modifiers ...func(*v1alpha1.SafetyEvaluation)) client.Object {
	e := fixture.Evaluation(name, requirement, value, modifiers...)
	return &e
}

// explainCase is a run of explain, and what it has to leave.
type explainCase struct {
	objects []client.Object
	refuse  refusal
	args    []string
	program string

	wantCode   int
	wantOut    []string
	wantErrors []string
}

func (tc explainCase) check(t *testing.T) {
	program := tc.program
	if program == "" {
		program = "scalegate"
	}
	got := runAs(t, cluster(t, tc.refuse, tc.objects...), program, tc.args...)
	if got.code != tc.wantCode {
		t.Errorf("code %d, want %d; errors: %s", got.code, tc.wantCode, got.errors)
	}
	contains(t, got.out, tc.wantOut)
	contains(t, got.errors, tc.wantErrors)
	if len(tc.wantErrors) == 0 && got.errors != "" {
		t.Errorf("errors: %s", got.errors)
	}
}

func TestExplainOutcomes(t *testing.T) {
	finding := fixture.Finding("bio-f", "bio", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil))
	for name, tc := range map[string]explainCase{
		"what is asked for is granted": {
			objects: world(evaluated("bio-1", "bio", "0.1")),
			args:    []string{"explain", "modelrelease", "m1", "-n", "serving"},
			wantOut: []string{"ModelRelease serving/m1: General is granted, as asked", "bio: Met, expires in 90 days", "evidence   SafetyEvaluation bio-1"},
		},
		"evidence is missing": {
			objects:  world(),
			args:     []string{"explain", "mrel", "m1", "--namespace=serving"},
			wantCode: 3,
			wantOut:  []string{"raised by CBRN-3", "scalegate evaluation import FILE --release m1 --requirement bio -n serving"},
		},
		"commands are those of the kubectl plugin": {
			objects:  world(),
			args:     []string{"explain", "modelreleases", "m1", "-n", "serving"},
			program:  "kubectl-scalegate",
			wantCode: 3,
			wantOut:  []string{"kubectl scalegate evaluation import FILE"},
		},
		"a finding stands": {
			objects:  world(evaluated("bio-1", "bio", "0.1"), &finding),
			args:     []string{"explain", "mrel", "m1", "-n", "serving"},
			wantCode: 2,
			wantOut:  []string{"AdverseFinding bio-f", "kubectl patch adversefinding bio-f"},
		},
		"a result shows neither one nor the other": {
			objects:  world(evaluated("bio-1", "bio", "0.1"), evaluated("card-2", "card", "0.3", fixture.At(fixture.Day(2)))),
			args:     []string{"explain", "mrel", "m1", "-n", "serving"},
			wantCode: 4,
			wantOut:  []string{"? card: Indeterminate"},
		},
		"the file was submitted in another namespace for other weights before": {
			objects: world(
				evaluated("bio-1", "bio", "0.1", fixture.At(fixture.Day(3))),
				evaluated("theirs", "bio", "0.1", fixture.About(fixture.Weights("other")), elsewhere, sameFileAs("bio-1")),
			),
			args:     []string{"explain", "mrel", "m1", "-n", "serving"},
			wantCode: 4,
			wantOut:  []string{"the same file was submitted for other artifacts"},
		},
		"weights that were revoked elsewhere": {
			objects: world(evaluated("bio-1", "bio", "0.1"), fixture.Release("m7", fixture.Of(fixture.Weights("m1")),
				fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachCluster), func(r *v1alpha1.ModelRelease) { r.Namespace = "lab" })),
			args:     []string{"explain", "mrel", "m1", "-n", "serving"},
			wantCode: 2,
			wantOut:  []string{"General is not granted (Revoked)", "Revoked    as lab/m7, which has the same weights; Critical, by", "kubectl edit modelrelease m7 -n lab"},
		},
		"evidence that was revoked": {
			objects:  world(evaluated("bio-1", "bio", "0.1", fixture.Revoked(v1alpha1.RevocationAdvisory)), evaluated("jail-1", "jailbreaks", "0.1")),
			args:     []string{"explain", "mrel", "m1", "-n", "serving"},
			wantCode: 2,
			wantOut:  []string{"✗ bio: Revoked", "revoked    Advisory, by rso@example.com: the judge was wrong"},
		},
		"what the release was made from asks for more": {
			objects: append(world(), fixture.Release("m2", fixture.DerivedFrom("m0"), fixture.Of(fixture.Weights("m1"))),
				fixture.Release("m0", fixture.Declared("ASL-3"))),
			args:     []string{"explain", "mrel", "m2", "-n", "serving"},
			wantCode: 3,
			wantOut:  []string{"Made from  m0 (ASL-3)", "ASL-3 required: raised by CBRN-3, release m0"},
		},
		"what it was made from does not exist": {
			objects:  append(world(), fixture.Release("m2", fixture.DerivedFrom("m0"))),
			args:     []string{"explain", "mrel", "m2", "-n", "serving"},
			wantCode: 3,
			wantOut:  []string{"General is not granted (ParentNotFound)", "Made from  m0, which is lost", "correct spec.derivedFrom of m2"},
		},
		"the policy does not exist": {
			objects:  append(world(), fixture.Release("m2", fixture.Governed("other"))),
			args:     []string{"explain", "mrel", "m2", "-n", "serving"},
			wantCode: 3,
			wantOut:  []string{"other, which does not exist"},
		},
	} {
		t.Run(name, tc.check)
	}
}

func TestExplainWithFewRights(t *testing.T) {
	for name, tc := range map[string]explainCase{
		"other namespaces may not be read": {
			objects: world(
				evaluated("bio-1", "bio", "0.1", fixture.At(fixture.Day(3))),
				evaluated("theirs", "bio", "0.1", fixture.About(fixture.Weights("other")), elsewhere, sameFileAs("bio-1")),
			),
			refuse: func(verb string, object any, namespace string) error {
				if _, ok := object.(*v1alpha1.SafetyEvaluationList); ok && namespace == "" {
					return forbidden(verb, "safetyevaluations")
				}
				return nil
			},
			args:    []string{"explain", "mrel", "m1", "-n", "serving"},
			wantOut: []string{"General is granted", "You may not list evaluations of other namespaces."},
		},
		"releases of other namespaces may not be read": {
			objects: world(evaluated("bio-1", "bio", "0.1"), fixture.Release("m7", fixture.Of(fixture.Weights("m1")),
				fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachCluster), func(r *v1alpha1.ModelRelease) { r.Namespace = "lab" })),
			refuse: func(verb string, object any, namespace string) error {
				if _, ok := object.(*v1alpha1.ModelReleaseList); ok && namespace == "" {
					return forbidden(verb, "modelreleases")
				}
				return nil
			},
			args:    []string{"explain", "mrel", "m1", "-n", "serving"},
			wantOut: []string{"General is granted", "You may not list releases of other namespaces."},
		},
		"the namespace may not be read": {
			objects: world(evaluated("bio-1", "bio", "0.1")),
			refuse: func(verb string, object any, _ string) error {
				if _, ok := object.(*metav1.PartialObjectMetadata); ok {
					return forbidden(verb, "namespaces")
				}
				return nil
			},
			args:    []string{"explain", "mrel", "m1", "-n", "serving"},
			wantOut: []string{"Whether namespace serving is governed is unknown"},
		},
		"findings may not be read, so nothing is decided": {
			objects: world(evaluated("bio-1", "bio", "0.1")),
			refuse: func(verb string, object any, _ string) error {
				if _, ok := object.(*v1alpha1.AdverseFindingList); ok {
					return forbidden(verb, "adversefindings")
				}
				return nil
			},
			args:       []string{"explain", "mrel", "m1", "-n", "serving"},
			wantCode:   1,
			wantErrors: []string{"Error: listing adverse findings: ", "ClusterRole scalegate-reader", "forbidden"},
		},
	} {
		t.Run(name, tc.check)
	}
}

func TestExplainErrors(t *testing.T) {
	for name, tc := range map[string]explainCase{
		"the release does not exist": {
			objects:    world(),
			args:       []string{"explain", "mrel", "m2", "-n", "serving"},
			wantCode:   1,
			wantErrors: []string{"Error: there is no ModelRelease m2 in namespace serving", "--namespace"},
		},
		"Scalegate is not installed": {
			objects: world(),
			refuse: func(_ string, object any, _ string) error {
				if _, ok := object.(*v1alpha1.ModelRelease); ok {
					return &meta.NoKindMatchError{GroupKind: schema.GroupKind{Group: v1alpha1.Group, Kind: "ModelRelease"}}
				}
				return nil
			},
			args:       []string{"explain", "mrel", "m1", "-n", "serving"},
			wantCode:   1,
			wantErrors: []string{"the cluster does not have Scalegate's kinds; install Scalegate"},
		},
		"the API server does not answer": {
			objects: world(),
			refuse: func(_ string, object any, _ string) error {
				if _, ok := object.(*v1alpha1.SafetyPolicy); ok {
					return errors.New("connection refused")
				}
				return nil
			},
			args:       []string{"explain", "mrel", "m1", "-n", "serving"},
			wantCode:   1,
			wantErrors: []string{"Error: reading SafetyPolicy rsp: connection refused"},
		},
		"no name is given": {
			args:       []string{"explain", "mrel"},
			wantCode:   1,
			wantErrors: []string{"accepts 1 arg"},
		},
		"the format is unknown": {
			args:       []string{"explain", "mrel", "m1", "-o", "xml"},
			wantCode:   1,
			wantErrors: []string{"-o, --output", "it must be one of text, json, yaml"},
		},
	} {
		t.Run(name, tc.check)
	}
}

func contains(t *testing.T, text string, wants []string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

func elsewhere(e *v1alpha1.SafetyEvaluation) { e.Namespace = "elsewhere" }

func sameFileAs(name string) func(*v1alpha1.SafetyEvaluation) {
	return fixture.Measuring(func(m *v1alpha1.Measurement) { m.SHA256 = fixture.SHA256("file " + name) })
}

func TestExplainForPrograms(t *testing.T) {
	c := cluster(t, nil, world(evaluated("bio-1", "bio", "0.1"))...)
	for format, decode := range map[string]func([]byte, *explanation.Explanation) error{
		"json": func(data []byte, x *explanation.Explanation) error { return json.Unmarshal(data, x) },
		"yaml": func(data []byte, x *explanation.Explanation) error { return yaml.Unmarshal(data, x) },
	} {
		t.Run(format, func(t *testing.T) {
			got := run(t, c, "explain", "mrel", "m1", "-n", "serving", "-o", format)
			if got.code != 0 {
				t.Fatal(got.errors)
			}
			var x explanation.Explanation
			if err := decode([]byte(got.out), &x); err != nil {
				t.Fatal(err)
			}
			if x.Outcome != explanation.Granted || x.Granted != "General" || len(x.Requirements) != 3 || x.Requirements[0].Name != "bio" {
				t.Errorf("got %+v", x)
			}
		})
	}
}

func TestEveryPageOfEvaluationsIsRead(t *testing.T) {
	objects := world(evaluated("bio-1", "bio", "0.1"))
	pages := 0
	c := cluster(t, nil, objects...)
	paged := pagedClient{WithWatch: c, pages: &pages}
	got := run(t, paged, "explain", "mrel", "m1", "-n", "serving")
	if got.code != 0 || pages != 2 {
		t.Errorf("code %d after %d pages: %s", got.code, pages, got.errors)
	}
}

func TestRoot(t *testing.T) {
	c := cluster(t, nil, world(fixture.Release("m2"))...)
	for name, tc := range map[string]struct {
		args     []string
		wantCode int
		wantOut  []string
	}{
		"the version":               {[]string{"--version"}, 0, []string{"scalegate version v1.2.3"}},
		"help lists the commands":   {[]string{"--help"}, 0, []string{"explain", "evaluation", "completion"}},
		"help has the exit codes":   {[]string{"explain", "modelrelease", "--help"}, 0, []string{"2  blocked", "4  inconclusive", "--kubeconfig", "--context", "--as "}},
		"completion of a shell":     {[]string{"completion", "bash"}, 0, []string{"__start_scalegate"}},
		"names of releases":         {[]string{"__complete", "explain", "mrel", "-n", "serving", ""}, 0, []string{"m1\nm2\n"}},
		"names of releases by flag": {[]string{"__complete", "evaluation", "import", "f", "-n", "serving", "--release", ""}, 0, []string{"m1\nm2\n"}},
		"words of a flag":           {[]string{"__complete", "evaluation", "import", "f", "--relation", ""}, 0, []string{"Exact\nHelpfulOnlyVariant"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, c, tc.args...)
			if got.code != tc.wantCode {
				t.Errorf("code %d: %s", got.code, got.errors)
			}
			contains(t, got.out, tc.wantOut)
		})
	}
	for _, args := range [][]string{{"nonsense"}, {"explain", "nonsense"}, {"evaluation", "nonsense"}} {
		if got := run(t, c, args...); got.code != 1 || !strings.Contains(got.errors, "unknown command") {
			t.Errorf("%v: %+v", args, got)
		}
	}
}
