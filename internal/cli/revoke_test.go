// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// attesting answers the question whether the caller holds the verb attest.
type attesting struct {
	client.WithWatch
	allowed bool
}

func (a attesting) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	if review, ok := o.(*authorizationv1.SelfSubjectAccessReview); ok {
		at := review.Spec.ResourceAttributes
		review.Status.Allowed = a.allowed && at.Group == v1alpha1.Group && at.Resource == "safetypolicies" && at.Verb == v1alpha1.VerbAttest
		return nil
	}
	return a.WithWatch.Create(ctx, o, opts...)
}

// sisters are m1 with pods, and releases of the same weights here and elsewhere.
func sisters(modifiers ...func(*v1alpha1.ModelRelease)) []client.Object {
	same := fixture.Release("m2", fixture.Of(fixture.Weights("m1"), fixture.Server("other")))
	elsewhere := fixture.Release("m1", fixture.Of(fixture.Weights("m1")), func(r *v1alpha1.ModelRelease) { r.Namespace = "research" })
	m1 := fixture.Release("m1", append([]func(*v1alpha1.ModelRelease){fixture.Of(fixture.Weights("m1")), with("Deployment", "chat", "General", "", 3, 2, 1)}, modifiers...)...)
	return []client.Object{
		m1, same, elsewhere, fixture.Release("else", fixture.Of(fixture.Weights("else"))), fixture.Policy("rsp", func(p *v1alpha1.SafetyPolicy) {
			p.Spec.Lapse = &v1alpha1.Lapse{AdvisoryGraceSeconds: new(int32(7200))}
			p.Spec.Removals = &v1alpha1.Removals{MaxUnavailablePercent: new(int32(50)), EvictSeconds: new(int32(60)), MaxPercentPerHour: new(int32(10))}
		}),
		claimant("aaaaa", false), claimant("bbbbb", false), claimant("ccccc", true),
	}
}

func revocationOf(t *testing.T, c client.Client) *v1alpha1.Revocation {
	t.Helper()
	r := &v1alpha1.ModelRelease{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "serving", Name: "m1"}, r); err != nil {
		t.Fatal(err)
	}
	return r.Spec.Revocation
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	advisory, critical := fixture.Recalled(v1alpha1.RevocationAdvisory, v1alpha1.ReachNamespace), fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachNamespace)
	noPods := func(verb string, object any, _ string) error {
		switch object.(type) {
		case *corev1.PodList, *v1alpha1.SafetyPolicy, *v1alpha1.ModelReleaseList:
			return forbidden(verb, "these")
		}
		return nil
	}
	for name, tc := range map[string]struct {
		modify  []func(*v1alpha1.ModelRelease)
		refuse  refusal
		attests bool
		args    []string
		want    *v1alpha1.Revocation
	}{
		"revoke":          {args: []string{"--yes"}, want: &v1alpha1.Revocation{Severity: "Advisory", Reason: "the judge was wrong"}},
		"revoke-critical": {args: []string{"--yes", "--critical"}, attests: true, want: &v1alpha1.Revocation{Severity: "Critical", Reason: "the judge was wrong"}},
		"revoke-dry":      {args: []string{"--dry-run=client"}},
		"revoke-yaml":     {args: []string{"--dry-run=client", "-o", "yaml"}},
		"revoke-name":     {args: []string{"--yes", "-o", "name"}, want: &v1alpha1.Revocation{Severity: "Advisory", Reason: "the judge was wrong"}},
		"revoke-unread":   {args: []string{"--yes"}, refuse: noPods, want: &v1alpha1.Revocation{Severity: "Advisory", Reason: "the judge was wrong"}},
		"revoke-again":    {modify: []func(*v1alpha1.ModelRelease){critical}, want: fixture.Release("x", critical).Spec.Revocation},
		"revoke-graver": {modify: []func(*v1alpha1.ModelRelease){advisory}, args: []string{"--yes", "--critical"}, want: &v1alpha1.Revocation{
			Severity: "Critical", Reason: "the judge was wrong", RevokedBy: "rso@example.com", Reach: v1alpha1.ReachNamespace,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := attesting{cluster(t, tc.refuse, sisters(tc.modify...)...), tc.attests}
			got := run(t, c, append([]string{"revoke", "m1", "-n", "serving", "--reason", "the judge was wrong"}, tc.args...)...)
			if got.code != codePass {
				t.Fatalf("code %d: %s", got.code, got.errors)
			}
			golden(t, name+".txt", got.out+"--- errors\n"+got.errors)
			if diff := cmp.Diff(tc.want, revocationOf(t, c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRevokeRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"a release that does not exist": {[]string{"m9", "--reason", "x", "--yes"}, "there is no ModelRelease m9 in namespace serving"},
		"no reason":                     {[]string{"m1", "--reason", " ", "--yes"}, "--reason must say in 1 to 2048 bytes"},
		"no reason at all":              {[]string{"m1", "--yes"}, `required flag(s) "reason" not set`},
		"who does not confirm":          {[]string{"m1", "--reason", "x"}, "not confirmed, so nothing was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			c := attesting{cluster(t, nil, sisters()...), false}
			got := run(t, c, append([]string{"revoke", "-n", "serving"}, tc.args...)...)
			if got.code != codeError || !strings.Contains(got.errors, tc.want) || revocationOf(t, c) != nil {
				t.Errorf("got %+v, want %q", got, tc.want)
			}
		})
	}
}

func TestRevokeAnEvaluation(t *testing.T) {
	t.Parallel()
	bio, jailbreaks := fixture.Evaluation("bio-1", "bio", "0.05"), fixture.Evaluation("jailbreaks-1", "jailbreaks", "0.05")
	for name, args := range map[string][]string{
		"revoke-evaluation":       {"--critical", "--yes"},
		"revoke-evaluation-dry":   {"--dry-run=client"},
		"revoke-evaluation-again": {"--yes"},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, nil, world(&bio, &jailbreaks)...)
			if name == "revoke-evaluation-again" {
				run(t, c, "evaluation", "revoke", "card-1", "-n", "serving", "--reason", "before", "--yes")
			}
			got := run(t, c, append([]string{"evaluation", "revoke", "card-1", "-n", "serving", "--reason", "the judge was wrong"}, args...)...)
			if got.code != codePass {
				t.Fatalf("code %d: %s", got.code, got.errors)
			}
			golden(t, name+".txt", got.out)
			e := &v1alpha1.SafetyEvaluation{}
			if err := c.Get(t.Context(), client.ObjectKey{Namespace: "serving", Name: "card-1"}, e); err != nil {
				t.Fatal(err)
			}
			if revoked := e.Spec.Revocation != nil; revoked == strings.HasSuffix(name, "-dry") {
				t.Errorf("the revocation is %+v", e.Spec.Revocation)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	critical := fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachNamespace)
	t.Run("a release", func(t *testing.T) {
		c := cluster(t, nil, sisters(critical)...)
		got := run(t, c, "resolve", "modelrelease", "m1", "-n", "serving", "--yes")
		if got.code != codePass || revocationOf(t, c) != nil {
			t.Fatalf("got %+v", got)
		}
		golden(t, "resolve-release.txt", got.out)
	})
	t.Run("a release, and nobody confirms", func(t *testing.T) {
		c := cluster(t, nil, sisters(critical)...)
		if got := run(t, c, "resolve", "modelrelease", "m1", "-n", "serving"); got.code != codeError || revocationOf(t, c) == nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a release that is not revoked", func(t *testing.T) {
		got := run(t, cluster(t, nil, sisters()...), "resolve", "modelrelease", "m1", "-n", "serving")
		if got != (result{out: "ModelRelease m1 is not revoked. Nothing was changed.\n"}) {
			t.Errorf("got %+v", got)
		}
	})
	finding := fixture.Finding("bio-0123", "bio", "0123")
	t.Run("a finding", func(t *testing.T) {
		c := cluster(t, nil, &finding)
		got := run(t, c, "resolve", "finding", "bio-0123", "-n", "serving", "--evaluation", "bio-2", "--reason", "the prompt was wrong", "--yes")
		golden(t, "resolve-finding.txt", got.out+got.errors)
		f := &v1alpha1.AdverseFinding{}
		if err := c.Get(t.Context(), client.ObjectKey{Name: "bio-0123"}, f); err != nil {
			t.Fatal(err)
		}
		want := &v1alpha1.FindingResolution{Namespace: "serving", Evaluation: "bio-2", Reason: "the prompt was wrong"}
		if diff := cmp.Diff(want, f.Spec.Resolution); diff != "" || got.code != codePass {
			t.Errorf("code %d: %s", got.code, diff)
		}
	})
	t.Run("a finding that does not exist", func(t *testing.T) {
		got := run(t, cluster(t, nil), "resolve", "finding", "bio-9", "-n", "serving", "--evaluation", "a/b", "--reason", "x", "--yes")
		if got.code != codeError || !strings.Contains(got.errors, "there is no AdverseFinding bio-9") {
			t.Errorf("got %+v", got)
		}
	})
}
