// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/manifest"
	"github.com/scalegate/scalegate/internal/offline"
	"github.com/scalegate/scalegate/internal/policylint"
	"github.com/scalegate/scalegate/internal/schema"
	"github.com/scalegate/scalegate/internal/verdict"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// tools are the definitions and the admission policies.
type tools struct {
	known *schema.Kinds
	law   *offline.Law
}

func newTools(tb testing.TB) tools {
	tb.Helper()
	definitions, err := config.Kinds()
	if err != nil {
		tb.Fatal(err)
	}
	known, err := schema.Read(definitions)
	if err != nil {
		tb.Fatal(err)
	}
	policies, err := config.Admission()
	if err != nil {
		tb.Fatal(err)
	}
	law, err := offline.NewLaw(policies)
	if err != nil {
		tb.Fatal(err)
	}
	return tools{known, law}
}

func base(tb testing.TB) string {
	tb.Helper()
	data, err := os.ReadFile("testdata/base.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func (x tools) judge(tb testing.TB, text string, now time.Time, options offline.Options, stored ...client.Object) verdict.Report {
	tb.Helper()
	objects, unread := manifest.Read("base.yaml", []byte(text))
	set := offline.Load(tb.Context(), x.known, objects, unread, options)
	set.Adopt(stored...)
	r, err := set.Judge(tb.Context(), x.law, now)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func caseOf(t *testing.T, r *verdict.Report, name string) verdict.Case {
	t.Helper()
	for _, c := range r.Cases {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no case %s among %+v", name, r.Cases)
	return verdict.Case{}
}

// lineOf is the line on which a text first stands.
func lineOf(text, wanted string) int {
	return strings.Count(text[:strings.Index(text, wanted)], "\n") + 1
}

const deployment, release = "Deployment serving/assistant", "ModelRelease serving/m1"

func TestEverythingPassesWhereEverythingIsThere(t *testing.T) {
	r := newTools(t).judge(t, base(t), day, offline.Options{})
	for _, c := range r.Cases {
		if c.Outcome != verdict.Pass || len(c.Findings) > 0 {
			t.Errorf("%+v", c)
		}
	}
	if r.Worst().ExitCode() != 0 {
		t.Errorf("exit code %d", r.Worst().ExitCode())
	}
}

func TestOneChangeOfTheManifests(t *testing.T) {
	x, whole := newTools(t), base(t)
	for name, test := range map[string]struct {
		from, to string
		of       string
		outcome  verdict.Outcome
		rule     string
		// at is on the line of the finding; says is in its message or remedy.
		at, says string
	}{
		"a field that does not exist":                {"  level: L1\n", "  levels: L1\n", release, verdict.Error, "UnknownField", "levels: L1", `there is no field "levels"`},
		"a value of another type":                    {"maxReplicas: 4", `maxReplicas: "4"`, "SafetyPolicy rsp", verdict.Error, "Invalid", `maxReplicas: "4"`, "must be of type integer"},
		"a rule of the kind":                         {`requires: [uplift]`, `requires: [uplifts]`, "SafetyPolicy rsp", verdict.Error, "Invalid", "spec:\n  exposures", "names a requirement that spec.requirements"},
		"a policy that contradicts itself":           {"raisesTo: L2", "raisesTo: L1", "SafetyPolicy rsp", verdict.Error, "RaisesToLowestLevel", "raisesTo: L1", "the lowest level"},
		"a version that does not exist":              {"apiVersion: scalegate.dev/v1alpha1\nkind: SafetyPolicy", "apiVersion: scalegate.dev/v1\nkind: SafetyPolicy", "SafetyPolicy rsp", verdict.Error, "Invalid", "apiVersion: scalegate.dev/v1", "write scalegate.dev/v1alpha1"},
		"a kind that does not exist":                 {"kind: ModelRelease\n", "kind: ModelReleases\n", "ModelReleases serving/m1", verdict.Error, "Invalid", "kind: ModelReleases", "no kind ModelReleases"},
		"a gate that is none":                        {"scalegate.dev/gate: enforced", "scalegate.dev/gate: on1", "Namespace serving", verdict.Error, "Invalid", "scalegate.dev/gate", `"on1" is no gate`},
		"an exposure that the policy does not have":  {"exposure: General", "exposure: Public", release, verdict.Blocked, "InvalidSpec", "exposure: Public", "Public"},
		"a policy that is not there":                 {"policy: rsp\n", "policy: other\n", release, verdict.Pending, "PolicyNotFound", "policy: other", "--from-cluster"},
		"evidence that is missing":                   {"    requirement: uplift\n", "    requirement: uplift-expert\n", release, verdict.Pending, "EvidenceMissing", "apiVersion: scalegate.dev/v1alpha1\nkind: ModelRelease", "requirement uplift is Missing"},
		"evidence that fails":                        {`"value": "0.06", "low95": "0.03", "high95": "0.1"`, `"value": "0.8", "low95": "0.7", "high95": "0.9"`, release, verdict.Blocked, "AdverseFinding", "apiVersion: scalegate.dev/v1alpha1\nkind: ModelRelease", "requirement uplift is Failed"},
		"evidence between the bounds":                {`"value": "0.06", "low95": "0.03", "high95": "0.1"`, `"value": "0.3", "low95": "0.25", "high95": "0.4"`, release, verdict.Inconclusive, "EvidenceIndeterminate", "apiVersion: scalegate.dev/v1alpha1\nkind: ModelRelease", "requirement uplift is Indeterminate"},
		"a result file that cannot be read":          {`{"apiVersion": "results.scalegate.dev/v1"`, `{"apiVersion": "results.scalegate.dev/v9"`, "SafetyEvaluation serving/uplift", verdict.Inconclusive, "Unreadable", "report: {configMap", ""},
		"a metric that the file does not have":       {`"metrics": [{"name": "uplift"`, `"metrics": [{"name": "downlift"`, "SafetyEvaluation serving/uplift", verdict.Inconclusive, "MetricNotFound", "report: {configMap", "uplift"},
		"a file that is not among the manifests":     {"configMap: {name: result, key: result.json}}", "configMap: {name: other, key: result.json}}", "SafetyEvaluation serving/uplift", verdict.Pass, "ReportNotFound", "configMap: {name: other", "ConfigMap other"},
		"a level that people have to sign for":       {"level: L1\n", "level: L2\n", release, verdict.Pending, "ApprovalMissing", "apiVersion: scalegate.dev/v1alpha1\nkind: ModelRelease", "under names that the API server stamps"},
		"an evaluator who has to be independent":     {"neededFrom: General\n  - name: uplift-expert", "neededFrom: General\n    independence: Internal\n  - name: uplift-expert", release, verdict.Pending, "IdentityUnknown", "apiVersion: scalegate.dev/v1alpha1\nkind: ModelRelease", "is stamped by the API server"},
		"a revocation":                               {"  level: L1\n", "  level: L1\n  revocation: {severity: Critical, reason: The weights leaked.}\n", release, verdict.Blocked, "Revoked", "revocation: {severity", "is revoked (Critical)"},
		"a release that is not there":                {"scalegate.dev/release: m1", "scalegate.dev/release: m2", deployment, verdict.Blocked, "ReleaseNotFound", "scalegate.dev/release: m2", "claims ModelRelease m2"},
		"another argument":                           {`        args: ["--model=/models"]`, `        args: ["--model=/other"]`, deployment, verdict.Blocked, "WorkloadMismatch", `args: ["--model=/other"]`, "args[0]"},
		"an image without a digest":                  {"image: registry.example/server@sha256:" + strings.Repeat("b", 64), "image: registry.example/server:latest", deployment, verdict.Blocked, "WorkloadMismatch", "registry.example/server:latest", "spec.template.spec.containers[server].image"},
		"service links":                              {"      enableServiceLinks: false\n", "", deployment, verdict.Blocked, "WorkloadMismatch", "    spec:\n      automount", "enableServiceLinks"},
		"no claim and an accelerator":                {"        scalegate.dev/release: m1\n", "", deployment, verdict.Blocked, "ClaimMissing", "  template:", "label it scalegate.dev/release=NAME"},
		"no claim where everything has to claim":     {"        scalegate.dev/release: m1\n", "", deployment, verdict.Blocked, "ClaimMissing", "  template:", "claims no release"},
		"an exposure that the release does not have": {"scalegate.dev/release: m1\n", "scalegate.dev/release: m1\n        scalegate.dev/exposure: Public\n", deployment, verdict.Blocked, "ExposureNotGranted", "scalegate.dev/exposure: Public", "has no exposure Public"},
		"more than the release asks for":             {"exposure: General\n", "exposure: Internal\n", release, verdict.Pass, "", "", ""},
		"the same object twice":                      {"metadata: {name: uplift-expert, namespace: serving}", "metadata: {name: uplift, namespace: serving}", "SafetyEvaluation serving/uplift", verdict.Pass, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(whole, test.from) {
				t.Fatalf("the manifests do not have %q", test.from)
			}
			text := strings.Replace(whole, test.from, test.to, 1)
			r := x.judge(t, text, day, offline.Options{})
			c := caseOf(t, &r, test.of)
			if c.Outcome != test.outcome {
				t.Fatalf("outcome %s, want %s: %+v", c.Outcome, test.outcome, c)
			}
			if test.rule == "" {
				return
			}
			for _, f := range c.Findings {
				if f.Rule == test.rule && strings.Contains(f.Field+" "+f.Message+" "+f.Remedy, test.says) {
					if want := lineOf(text, test.at); f.Line != want {
						t.Errorf("line %d, want %d: %+v", f.Line, want, f)
					}
					return
				}
			}
			t.Errorf("no %s that says %q: %+v", test.rule, test.says, c)
		})
	}
}

func TestADuplicateIsAnError(t *testing.T) {
	x, whole := newTools(t), base(t)
	r := x.judge(t, strings.Replace(whole, "metadata: {name: uplift-expert,", "metadata: {name: uplift,", 1), day, offline.Options{})
	if r.Count(verdict.Error) != 1 || r.Worst().ExitCode() != 1 {
		t.Errorf("%+v", r)
	}
}

func TestWhatHeldWouldBe(t *testing.T) {
	x, whole := newTools(t), base(t)
	uncleared := strings.Replace(whole, "    requirement: uplift\n", "    requirement: uplift-expert\n", 1)
	for name, test := range map[string]struct {
		text    string
		options offline.Options
		outcome verdict.Outcome
		summary string
	}{
		"held":                             {uncleared, offline.Options{}, verdict.Pending, "it would be held"},
		"refused where the policy says so": {strings.Replace(uncleared, "spec:\n  exposures", "spec:\n  onUncleared: Deny\n  exposures", 1), offline.Options{}, verdict.Pending, "it would be refused"},
		"told where it is audited":         {strings.Replace(uncleared, "gate: enforced", "gate: audited", 1), offline.Options{}, verdict.Pass, "it would be admitted: it claims m1"},
		"admitted where there is no gate":  {strings.Replace(uncleared, ", labels: {scalegate.dev/gate: enforced}", "", 1), offline.Options{}, verdict.Pass, "it would be admitted: namespace serving has no gate"},
		"taken for enforced": {
			strings.Replace(uncleared, "metadata: {name: serving, labels", "metadata: {name: other, labels", 1), offline.Options{}, verdict.Pending, "it would be held",
		},
		"taken for none where that is said": {
			strings.Replace(uncleared, "metadata: {name: serving, labels", "metadata: {name: other, labels", 1), offline.Options{Gate: "none"}, verdict.Pass, "it would be admitted: namespace serving has no gate",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := x.judge(t, test.text, day, test.options)
			if c := caseOf(t, &r, deployment); c.Outcome != test.outcome || c.Summary != test.summary {
				t.Errorf("%s, %q, want %s, %q", c.Outcome, c.Summary, test.outcome, test.summary)
			}
		})
	}
}

// Nobody can say in a manifest who they are, what was measured, or what Scalegate found: it is taken away.
func TestStampsThatAreTypedCountForNothing(t *testing.T) {
	x := newTools(t)
	text := strings.Replace(base(t), "level: L1\n", "level: L2\n  authors: [somebody@lab.example]\n", 1) + `
---
apiVersion: scalegate.dev/v1alpha1
kind: ReleaseApproval
metadata: {name: yes, namespace: serving}
spec:
  release: m1
  role: officer
  decision: Approve
  exposure: General
  subjectDigest: "sha256:33e071f747fc57a9853d228de016850dc2d21e9c5b0d048b057d33fde63c966b"
  policyRevision: "sha256:f621d26a052f1a4c"
  rationale: All is well.
  approver: officer@lab.example
  approverGroups: [officers]
`
	r := x.judge(t, text, day, offline.Options{})
	if c := caseOf(t, &r, release); c.Outcome != verdict.Pending {
		t.Errorf("a typed approver let the release pass: %+v", c)
	}
	forged := strings.Replace(base(t), "    requirement: uplift\n    report: {configMap: {name: result, key: result.json}}\n",
		"    requirement: uplift\n    report: {configMap: {name: none, key: result.json}}\n  status: {measurement: {metric: uplift, value: \"0.01\", judged: 500, planned: 500, unjudged: 0, errored: 0, low95: \"0.0\", high95: \"0.02\", endMarker: typed, sha256: "+strings.Repeat("c", 64)+"}}\n", 1)
	if forged == base(t) {
		t.Fatal("nothing was forged")
	}
	r = x.judge(t, forged, day, offline.Options{})
	if c := caseOf(t, &r, release); c.Outcome == verdict.Pass {
		t.Errorf("a typed measurement let the release pass: %+v", c)
	}
}

func TestTimeIsAsItIsSaid(t *testing.T) {
	x := newTools(t)
	r := x.judge(t, base(t), time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), offline.Options{})
	c := caseOf(t, &r, release)
	if c.Outcome != verdict.Pending || c.Findings[0].Rule != "EvidenceExpired" {
		t.Errorf("%+v", c)
	}
}

// What a cluster has beside the manifests counts with its stamps, and what the manifests have takes the place of its policy.
func TestWhatTheClusterHasCounts(t *testing.T) {
	x := newTools(t)
	text := strings.Replace(base(t), "    requirement: uplift\n    report", "    requirement: other\n    report", 1)
	stored := func() *v1alpha1.SafetyEvaluation {
		e := &v1alpha1.SafetyEvaluation{ObjectMeta: metav1.ObjectMeta{Name: "stored", Namespace: "serving", UID: "1", CreationTimestamp: metav1.NewTime(day)}}
		e.Spec.Subject = v1alpha1.EvaluationSubject{Release: "m1", Artifacts: []v1alpha1.SubjectArtifact{
			{Type: v1alpha1.ArtifactWeights, Digest: v1alpha1.Digest("sha256:" + strings.Repeat("a", 64))}, {Type: v1alpha1.ArtifactServer, Digest: v1alpha1.Digest("sha256:" + strings.Repeat("b", 64))},
		}}
		e.Spec.Requirement = "uplift"
		e.Status.Measurement = &v1alpha1.Measurement{
			Metric: "uplift", Value: "0.05", IntervalLow: "0.01", IntervalHigh: "0.1", Judged: new(int64(500)), Planned: new(int64(500)), Unjudged: new(int64(0)),
			Errored: new(int64(0)), EndMarker: "stored", SHA256: fixture.SHA256("stored"),
		}
		return e
	}
	r := x.judge(t, text, day, offline.Options{})
	if c := caseOf(t, &r, release); c.Outcome != verdict.Pending {
		t.Fatalf("without it: %+v", c)
	}
	r = x.judge(t, text, day, offline.Options{}, stored())
	if c := caseOf(t, &r, release); c.Outcome != verdict.Pass {
		t.Errorf("with it: %+v", c)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "elsewhere"}}
	r = x.judge(t, strings.ReplaceAll(text, "namespace: serving", "namespace: elsewhere"), day, offline.Options{}, ns)
	if c := caseOf(t, &r, "Deployment elsewhere/assistant"); c.Summary != "it would be admitted: namespace elsewhere has no gate" {
		t.Errorf("%+v", c)
	}
}

func TestWhatCannotBeReadIsToldWithItsPlace(t *testing.T) {
	x := newTools(t)
	r := x.judge(t, "a: [\n---\nkind: ModelRelease\n---\n- 1\n", day, offline.Options{})
	var got []int
	for _, c := range r.Cases {
		if rule := c.Findings[0].Rule; c.Outcome != verdict.Error || rule != "Unreadable" && rule != "NoManifest" {
			t.Errorf("%+v", c)
		}
		got = append(got, c.Line)
	}
	if diff := cmp.Diff([]int{1, 3, 5}, got); diff != "" {
		t.Errorf("lines (-want +got)\n%s", diff)
	}
}

// Each kind of workload that claims nothing and asks for an accelerator is refused by its admission policy's own expression.
func TestEachKindHasAPolicyThatAsksForClaims(t *testing.T) {
	x := newTools(t)
	for _, kind := range kinds.All() {
		t.Run(kind.Kind+"."+kind.Group, func(t *testing.T) {
			object := map[string]any{}
			if len(kind.Templates) == 0 {
				t.Skip("another object has its template")
			}
			message, err := x.law.Refusal(&kind, object, map[string]string{})
			if message != "" {
				t.Errorf("an empty object is refused: %s", message)
			}
			if kind.Custom() && err != nil {
				t.Errorf("an empty object cannot be judged: %v", err)
			}
		})
	}
}

func FuzzLoadAndJudge(f *testing.F) {
	x := newTools(f)
	f.Add(base(f))
	for _, glob := range []string{"../../config/samples/*.yaml", "../../policies/*/policy.yaml"} {
		names, err := filepath.Glob(glob)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data))
		}
	}
	f.Add("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: 3}}}")
	f.Add("apiVersion: v1\nkind: Pod\nmetadata: {labels: {scalegate.dev/release: [m1]}}\nspec: null")
	f.Fuzz(func(t *testing.T, text string) {
		objects, unread := manifest.Read("f.yaml", []byte(text))
		set := offline.Load(t.Context(), x.known, objects, unread, offline.Options{})
		r, err := set.Judge(t.Context(), x.law, day)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(text, "\n") + 1
		for _, c := range r.Cases {
			if c.Outcome == "" || c.Line > lines {
				t.Errorf("%+v of %d lines", c, lines)
			}
			for _, found := range c.Findings {
				if found.Line > lines || found.Rule == "" {
					t.Errorf("%+v of %d lines", found, lines)
				}
			}
		}
	})
}

// The page says what every rule and every lint is about.
func TestThePageHasEveryRuleAndLint(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/check.md")
	if err != nil {
		t.Fatal(err)
	}
	for rule, text := range offline.Rules() {
		if !strings.Contains(string(page), "| `"+rule+"` | "+text) {
			t.Errorf("docs/reference/check.md lacks | `%s` | %s |", rule, text)
		}
	}
	for _, l := range policylint.Descriptions() {
		if row := "| `" + l.Name + "` | " + string(l.Severity) + " | " + l.Text + " |"; !strings.Contains(string(page), row) {
			t.Errorf("docs/reference/check.md lacks %s", row)
		}
	}
}
