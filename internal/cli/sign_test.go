// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// signedWorld is a governed namespace with the release m1, which an rso and a ceo have to approve; card may be waived.
func signedWorld(more ...client.Object) []client.Object {
	objects := world(more...)
	policy := policyAmong(objects)
	fixture.Roles("rso", "ceo")(policy)
	fixture.Defining("sign-off", fixture.Signing("rso", "ceo"))(policy)
	fixture.Requiring("ASL-2", "sign-off")(policy)
	fixture.Waiving("rso", "ceo")(policy)
	fixture.Determining("rso", "ceo")(policy)
	return objects
}

func shownTo(objects []client.Object) fixture.Shown {
	return fixture.Shown{Subject: gate.Digest(gate.Artifacts(fixture.Release("m1")), nil), Revision: gate.Revision(&policyAmong(objects).Spec)}
}

// policyAmong is the policy among objects; an empty one where there is none.
func policyAmong(objects []client.Object) *v1alpha1.SafetyPolicy {
	for _, o := range objects {
		if policy, is := o.(*v1alpha1.SafetyPolicy); is {
			return policy
		}
	}
	return &v1alpha1.SafetyPolicy{}
}

// answer runs the program with this typed into it.
func answer(t *testing.T, c client.WithWatch, typed string, args ...string) result {
	t.Helper()
	env := environment{
		now: func() time.Time { return fixture.Day(10) },
		connect: func(flags *genericclioptions.ConfigFlags, _ io.Writer) (connection, error) {
			return connection{Client: c, namespace: *flags.Namespace}, nil
		},
	}
	root := newRoot("scalegate", "v1.2.3", env)
	var out, errs bytes.Buffer
	root.SetIn(strings.NewReader(typed))
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(args)
	code := Execute(t.Context(), root)
	return result{code: code, out: out.String(), errors: errs.String()}
}

func approvals(t *testing.T, c client.Client) []v1alpha1.ReleaseApproval {
	t.Helper()
	var list v1alpha1.ReleaseApprovalList
	if err := c.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func TestApproveShowsAsksAndStores(t *testing.T) {
	objects := signedWorld()
	c := cluster(t, nil, objects...)
	args := []string{"approve", "m1", "--role", "rso", "--rationale", "I read the report", "--name", "mine", "-n", "serving"}
	for typed, code := range map[string]int{"n\n": 1, "": 1, "what?\n": 1} {
		if got := answer(t, c, typed, args...); got.code != code || len(approvals(t, c)) != 0 || !strings.Contains(got.errors, "not confirmed") {
			t.Errorf("answered %q, it ended with %d: %s", typed, got.code, got.errors)
		}
	}
	got := answer(t, c, "y\n", args...)
	if got.code != 0 || got.errors != "" {
		t.Fatalf("it ended with %d: %s", got.code, got.errors)
	}
	golden(t, "approve.txt", got.out)
	stored := approvals(t, c)
	want := v1alpha1.ReleaseApprovalSpec{
		Release: "m1", Role: "rso", Decision: v1alpha1.DecisionApprove, SubjectDigest: shownTo(objects).Subject,
		PolicyRevision: shownTo(objects).Revision, Exposure: "General", Rationale: "I read the report",
	}
	if len(stored) != 1 {
		t.Fatalf("stored are %+v", stored)
	}
	if diff := cmp.Diff(want, stored[0].Spec); diff != "" {
		t.Errorf("the approval (-want +got):\n%s", diff)
	}
}

func TestApprove(t *testing.T) {
	objects := signedWorld()
	w := fixture.Waiver("w", "card", shownTo(objects))
	d := fixture.Determination("d", "CBRN-3", v1alpha1.ConclusionRuledOut, shownTo(objects))
	objects = append(objects, &w, &d)
	base := []string{"approve", "m1", "--rationale", "because", "-n", "serving", "--yes"}
	for name, tc := range map[string]struct {
		args                []string
		code                int
		wantOut, wantErrors []string
		check               func(*testing.T, v1alpha1.ReleaseApprovalSpec)
	}{
		"an objection does not end": {
			args: []string{"--role", "ceo", "--decision", "object", "--for", "3d"}, code: 1, wantErrors: []string{"an objection does not end: leave --end and --for out"},
		},
		"an objection counts upwards": {
			args: []string{"--role", "ceo", "--decision", "object", "--exposure", "Internal"}, wantOut: []string{"You object to release m1, as ceo", "Internal and above"},
			check: func(t *testing.T, s v1alpha1.ReleaseApprovalSpec) {
				t.Helper()
				if s.Decision != v1alpha1.DecisionObject || s.Exposure != "Internal" {
					t.Errorf("stored %+v", s)
				}
			},
		},
		"an objection to a waiver is to all of it": {
			args: []string{"--role", "ceo", "--decision", "object", "--waiver", "w"}, wantOut: []string{"You object to ReleaseWaiver w of release m1, as ceo", "Evaluation and above"},
			check: func(t *testing.T, s v1alpha1.ReleaseApprovalSpec) {
				t.Helper()
				if s.Exposure != "Evaluation" {
					t.Errorf("stored %+v", s)
				}
			},
		},
		"a waiver is shown before it is signed": {
			args:    []string{"--role", "rso", "--waiver", "w", "--end", "2026-01-20T00:00:00Z"},
			wantOut: []string{"sets aside  card, which is Met", "instead     traffic limited to staff", "asked by    requester@example.com", "until       2026-01-20T00:00:00Z"},
			check: func(t *testing.T, s v1alpha1.ReleaseApprovalSpec) {
				t.Helper()
				want := &v1alpha1.RecordReference{Kind: v1alpha1.RecordWaiver, Name: "w", UID: string(fixture.UID("w"))}
				if diff := cmp.Diff(want, s.Regarding); diff != "" || s.EndTime == nil || !s.EndTime.Time.Equal(fixture.Day(19)) {
					t.Errorf("until %v, regarding (-want +got):\n%s", s.EndTime, diff)
				}
			},
		},
		"a determination is shown before it is signed": {
			args: []string{"--role", "rso", "--determination", "d", "--for", "36h"}, wantOut: []string{"concludes   CBRN-3 is ruled out", "because     experts probed the model for a week"},
			check: func(t *testing.T, s v1alpha1.ReleaseApprovalSpec) {
				t.Helper()
				if s.Regarding == nil || s.Regarding.Kind != v1alpha1.RecordDetermination || !s.EndTime.Time.Equal(fixture.Day(10).Add(36*time.Hour)) {
					t.Errorf("stored %+v", s)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, nil, objects...)
			got := answer(t, c, "", append(slices.Clip(base), tc.args...)...)
			if got.code != tc.code {
				t.Errorf("it ended with %d: %s", got.code, got.errors)
			}
			contains(t, got.out, tc.wantOut)
			contains(t, got.errors, tc.wantErrors)
			stored := approvals(t, c)
			if (len(stored) == 1) != (tc.code == 0) {
				t.Fatalf("stored are %+v", stored)
			}
			if tc.check != nil {
				tc.check(t, stored[0].Spec)
			}
		})
	}
}

func TestApproveRefuses(t *testing.T) {
	objects := signedWorld()
	w := fixture.Waiver("w", "card", shownTo(objects))
	d := fixture.Determination("d", "CBRN-3", v1alpha1.ConclusionRuledOut, shownTo(objects))
	objects = append(objects, &w, &d)
	for name, tc := range map[string]struct {
		args       []string
		code       int
		wantErrors []string
	}{
		"a role that the policy does not have":      {args: []string{"--role", "cfo"}, code: 1, wantErrors: []string{"--role cfo is none of SafetyPolicy rsp; it has: rso, ceo"}},
		"an exposure that the policy does not have": {args: []string{"--role", "rso", "--exposure", "Public"}, code: 1, wantErrors: []string{"--exposure Public is none of SafetyPolicy rsp; it has: Evaluation, Internal, General"}},
		"a waiver that does not exist":              {args: []string{"--role", "rso", "--waiver", "v"}, code: 1, wantErrors: []string{"--waiver v is no ReleaseWaiver of release m1; it has: w"}},
		"a determination that does not exist":       {args: []string{"--role", "rso", "--determination", "e"}, code: 1, wantErrors: []string{"--determination e is no ReleaseDetermination of release m1; it has: d"}},
		"an end that is over":                       {args: []string{"--role", "rso", "--end", "2026-01-02T00:00:00Z"}, code: 1, wantErrors: []string{"--end 2026-01-02T00:00:00Z is over"}},
		"an end that is no time":                    {args: []string{"--role", "rso", "--end", "tomorrow"}, code: 1, wantErrors: []string{`--end "tomorrow" is no time`}},
		"a length that is none":                     {args: []string{"--role", "rso", "--for", "-3d"}, code: 1, wantErrors: []string{`--for "-3d" is no length of time`}},
		"a name that cannot be one":                 {args: []string{"--role", "rso", "--name", "A B"}, code: 1, wantErrors: []string{`--name "A B" cannot name an object`}},
		"a waiver and a determination":              {args: []string{"--role", "rso", "--waiver", "w", "--determination", "d"}, code: 1, wantErrors: []string{"[determination waiver]"}},
		"no role":                                   {code: 1, wantErrors: []string{`required flag(s) "role" not set`}},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, nil, objects...)
			got := answer(t, c, "", append([]string{"approve", "m1", "--rationale", "because", "-n", "serving", "--yes"}, tc.args...)...)
			if got.code != tc.code || len(approvals(t, c)) != 0 {
				t.Errorf("it ended with %d, and stored are %+v", got.code, approvals(t, c))
			}
			contains(t, got.errors, tc.wantErrors)
		})
	}
}

// What is printed for a program is the object alone, and can be created.
func TestSigningPrintsTheObject(t *testing.T) {
	c := cluster(t, nil, signedWorld()...)
	got := answer(t, c, "", "approve", "m1", "--role", "rso", "--rationale", "because", "-n", "serving", "--dry-run=client", "-o", "yaml")
	var a v1alpha1.ReleaseApproval
	if err := yaml.UnmarshalStrict([]byte(got.out), &a); err != nil || got.code != 0 {
		t.Fatalf("it ended with %d: %v\n%s%s", got.code, err, got.out, got.errors)
	}
	if a.Kind != "ReleaseApproval" || a.GenerateName != "m1-rso-" || a.Namespace != "serving" || a.Spec.Role != "rso" || len(approvals(t, c)) != 0 {
		t.Errorf("printed %+v", a)
	}
	contains(t, got.errors, []string{"You approve release m1, as rso"})
	got = answer(t, c, "", "waive", "m1", "--requirement", "card", "--reason", "r", "--control", "c", "--disclosure", "d", "--for", "3d", "-n", "serving", "--dry-run=client", "-o", "json")
	var w v1alpha1.ReleaseWaiver
	if err := yaml.UnmarshalStrict([]byte(got.out), &w); err != nil || got.code != 0 || w.Kind != "ReleaseWaiver" || !w.Spec.EndTime.Time.Equal(fixture.Day(13)) {
		t.Errorf("it ended with %d: %v\n%s%s", got.code, err, got.out, got.errors)
	}
}

func TestWaive(t *testing.T) {
	base := []string{"waive", "m1", "--reason", "the judge model is being replaced", "--control", "traffic limited to staff", "--disclosure", "record 7", "-n", "serving", "--yes"}
	failed := evaluated("card-2", "card", "0.9", fixture.At(fixture.Day(2)))
	for name, tc := range map[string]struct {
		objects             []client.Object
		args                []string
		code                int
		wantOut, wantErrors []string
	}{
		"a waiver is asked for": {
			objects: signedWorld(), args: []string{"--requirement", "card", "--for", "14d", "--name", "w"},
			wantOut: []string{
				"sets aside  card, which is Met", "releasewaiver.scalegate.dev/w created",
				"1 of role rso: scalegate approve m1 --role rso --waiver w --rationale TEXT -n serving",
				"1 of role ceo: scalegate approve m1 --role ceo --waiver w --rationale TEXT -n serving",
			},
		},
		"one for an emergency needs fewer people": {
			objects: signedWorld(), args: []string{"--requirement", "card", "--for", "4h", "--name", "w", "--break-glass"},
			wantOut: []string{"break-glass, for an emergency: a review is owed afterwards", "1 of role rso: scalegate approve"},
		},
		"of what failed it is said that it cannot count": {
			objects: signedWorld(failed), args: []string{"--requirement", "card", "--for", "4h"}, wantOut: []string{"card failed, and the policy lets no waiver set that aside"},
		},
		"longer than the policy lets it":              {objects: signedWorld(), args: []string{"--requirement", "card", "--for", "31d"}, code: 1, wantErrors: []string{"waivers.maxDays of SafetyPolicy rsp lets a waiver live for 720h0m0s"}},
		"an emergency that is longer":                 {objects: signedWorld(), args: []string{"--requirement", "card", "--for", "5h", "--break-glass"}, code: 1, wantErrors: []string{"waivers.breakGlass.maxSeconds of SafetyPolicy rsp", "4h0m0s"}},
		"a requirement that the policy does not have": {objects: signedWorld(), args: []string{"--requirement", "cart", "--for", "1d"}, code: 1, wantErrors: []string{"--requirement cart is not a requirement of SafetyPolicy rsp; it has: bio, card, sign-off"}},
		"a requirement twice":                         {objects: signedWorld(), args: []string{"--requirement", "card", "--requirement", "card", "--for", "1d"}, code: 1, wantErrors: []string{"--requirement card is named twice"}},
		"a policy without waivers":                    {objects: world(), args: []string{"--requirement", "card", "--for", "1d"}, code: 1, wantErrors: []string{"SafetyPolicy rsp allows no waivers"}},
		"no end":                                      {objects: signedWorld(), args: []string{"--requirement", "card"}, code: 1, wantErrors: []string{"[end for]"}},
		"a release that does not exist":               {objects: signedWorld()[:1], args: []string{"--requirement", "card", "--for", "1d"}, code: 1, wantErrors: []string{"there is no ModelRelease m1"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, nil, tc.objects...)
			got := answer(t, c, "", append(slices.Clip(base), tc.args...)...)
			if got.code != tc.code {
				t.Errorf("it ended with %d: %s", got.code, got.errors)
			}
			contains(t, got.out, tc.wantOut)
			contains(t, got.errors, tc.wantErrors)
			var list v1alpha1.ReleaseWaiverList
			if err := c.List(t.Context(), &list); err != nil || (len(list.Items) == 1) != (tc.code == 0) {
				t.Errorf("stored are %+v, %v", list.Items, err)
			}
		})
	}
}

func TestElicitationIsStatedOrRefused(t *testing.T) {
	for text, want := range map[string]string{
		"variant=HelpfulOnly": "", "trials=10": "", "aggregation=MaxOfN": "", "budget=100000 tokens": "", "red-team-hours=80": "", "scaffold=react": "",
		"variant=Helpful": "must be one of AsDeployed, HelpfulOnly, FineTuned, FewestMitigations", "trials=0": "must be a number from 1 to 1000000",
		"red-team-hours=x": "must be a number from 1 to 1000000", "tries=4": "one of the keys variant, trials", "budget=": "must be KEY=VALUE", "aggregation=Best": "must be one of Mean",
	} {
		_, err := parseElicitation([]string{text})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := parseElicitation([]string{"trials=1", "trials=2"}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("stated twice: %v", err)
	}
	got, err := parseElicitation([]string{"variant=HelpfulOnly", "trials=10", "budget=100000 tokens"})
	want := &v1alpha1.Elicitation{Variant: v1alpha1.VariantHelpfulOnly, Trials: new(int32(10)), Budget: "100000 tokens"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := parseElicitation(nil); got != nil || err != nil {
		t.Errorf("nothing stated: %v, %v", got, err)
	}
}

func TestImportRefusesARequirementThatAsksForNoEvaluation(t *testing.T) {
	c := cluster(t, nil, signedWorld()...)
	path := written(t, "bio.json", inspectLog("success", "bio", "0.1", "?"))
	got := run(t, c, importing(path, "--requirement", "sign-off")...)
	if got.code != 1 {
		t.Errorf("code %d: %s", got.code, got.out)
	}
	contains(t, got.errors, []string{"--requirement sign-off of SafetyPolicy rsp asks for no evaluation", "scalegate explain modelrelease m1"})
	nothingStored(t, c)
}
