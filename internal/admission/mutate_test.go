// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// What the mutating handler makes of workloads is compared with the policies on an API server, in test/webhook. Here is
// what there is no namespace for.
func TestHolds(t *testing.T) {
	annotated := func(key, value string) *corev1.Pod {
		t := template("bad")
		t.Annotations = map[string]string{key: value}
		return &corev1.Pod{ObjectMeta: t.ObjectMeta, Spec: t.Spec}
	}
	pod := func(release string) *corev1.Pod {
		t := template(release)
		return &corev1.Pod{ObjectMeta: t.ObjectMeta, Spec: t.Spec}
	}
	const note = `"NotLookedAt: Scalegate has not looked at this pod of release bad yet; see kubectl describe modelrelease bad"`
	tryAll(t, map[string]mutationRow{
		"a pod in a namespace without a gate":   {send(t, "", "pods", nil, pod("bad")).in("free"), ""},
		"a pod in a namespace nobody knows":     {send(t, "", "pods", nil, pod("bad")).by(replicaSet).in("new"), `[{"op":"add","path":"/spec/schedulingGates","value":[{"name":"scalegate.dev/hold"}]},{"op":"add","path":"/metadata/annotations","value":{"scalegate.dev/hold-reason":` + note + `}}]`},
		"a pod that says itself why it is held": {send(t, "", "pods", nil, annotated(v1alpha1.AnnotationHoldReason, "because")), `[{"op":"replace","path":"/metadata/annotations/scalegate.dev~1hold-reason","value":` + note + `},{"op":"add","path":"/spec/schedulingGates","value":[{"name":"scalegate.dev/hold"}]}]`},
		"a pod without room for a note":         {send(t, "", "pods", nil, annotated("example.com/text", strings.Repeat("x", 261000))), `[{"op":"add","path":"/spec/schedulingGates","value":[{"name":"scalegate.dev/hold"}]}]`},
		"a pod that changes":                    {send(t, "", "pods", pod("bad"), pod("bad")), ""},
		"the controller lifts a hold":           {send(t, "apps", "deployments", deployment("bad", 1, marked), deployment("bad", 1)).by(controller), ""},
		"the status of a Deployment":            {send(t, "apps", "deployments", deployment("bad", 1), deployment("good", 1)).through("status"), ""},
		"a DaemonSet":                           {send(t, "apps", "daemonsets", nil, &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: template("bad")}}), ""},
	})
}

// The stamps are put on in every namespace.
func TestStamps(t *testing.T) {
	finding := func(by string) v1alpha1.AdverseFinding {
		return fixture.Finding("f", "uplift", "sha256:0", fixture.ResolvedBy("n", "e"), func(f *v1alpha1.AdverseFinding) { f.Spec.Resolution.ResolvedBy = by })
	}
	evaluation := func(by string) v1alpha1.SafetyEvaluation {
		return fixture.Evaluation("e", "uplift", "0.1", func(e *v1alpha1.SafetyEvaluation) { e.Spec.Evaluator = by })
	}
	cluster := func(e v1alpha1.SafetyEvaluation) v1alpha1.SafetyEvaluation {
		e.Spec.Reach = v1alpha1.ReachCluster
		return e
	}
	revoked := func(e v1alpha1.SafetyEvaluation, by string, reach v1alpha1.Reach) v1alpha1.SafetyEvaluation {
		e.Spec.Revocation = &v1alpha1.Revocation{Severity: v1alpha1.RevocationAdvisory, Reason: "leaked", RevokedBy: by, Reach: reach}
		return e
	}
	release := func(severity v1alpha1.RevocationSeverity, by string, reach v1alpha1.Reach) *v1alpha1.ModelRelease {
		return fixture.Release("m1", func(r *v1alpha1.ModelRelease) {
			r.TypeMeta = metav1.TypeMeta{APIVersion: "scalegate.dev/v1alpha1", Kind: "ModelRelease"}
			if severity != "" {
				r.Spec.Revocation = &v1alpha1.Revocation{Severity: severity, Reason: "leaked", RevokedBy: by, Reach: reach}
			}
		})
	}
	standing := fixture.Finding("f", "uplift", "sha256:0")
	tryAll(t, map[string]mutationRow{
		"evidence is stamped with its sender": {
			send(t, v1alpha1.Group, "safetyevaluations", nil, cluster(evaluation("somebody"))),
			`[{"op":"replace","path":"/spec/evaluator","value":"jane"},{"op":"replace","path":"/spec/reach","value":"Namespace"}]`,
		},
		"evidence of an attestor reaches the cluster": {
			send(t, v1alpha1.Group, "safetyevaluations", nil, evaluation("attestor")).by("attestor"),
			`[{"op":"add","path":"/spec/reach","value":"Cluster"}]`,
		},
		"evidence of somebody whose rights cannot be asked for": {
			send(t, v1alpha1.Group, "safetyevaluations", nil, evaluation("unasked")).by("unasked"),
			`[{"op":"add","path":"/spec/reach","value":"Namespace"}]`,
		},
		"a stamp stays": {send(t, v1alpha1.Group, "safetyevaluations", evaluation("john"), evaluation("jane")), `[{"op":"replace","path":"/spec/evaluator","value":"john"}]`},
		"a reach stays": {
			send(t, v1alpha1.Group, "safetyevaluations", cluster(evaluation("john")), evaluation("john")),
			`[{"op":"add","path":"/spec/reach","value":"Cluster"}]`,
		},
		"the revocation of an evaluation is stamped, and has no reach": {
			send(t, v1alpha1.Group, "safetyevaluations", evaluation("john"), revoked(evaluation("john"), "somebody", v1alpha1.ReachCluster)).by("attestor"),
			`[{"op":"replace","path":"/spec/revocation/revokedBy","value":"attestor"},{"op":"remove","path":"/spec/revocation/reach"}]`,
		},
		"the revocation of an evaluation that stays keeps its stamp": {
			send(t, v1alpha1.Group, "safetyevaluations", revoked(evaluation("john"), "john", ""), revoked(evaluation("john"), "", v1alpha1.ReachCluster)),
			`[{"op":"add","path":"/spec/revocation/revokedBy","value":"john"},{"op":"remove","path":"/spec/revocation/reach"}]`,
		},
		"a release that is born revoked": {
			send(t, v1alpha1.Group, "modelreleases", nil, release("Critical", "somebody", v1alpha1.ReachCluster)),
			`[{"op":"replace","path":"/spec/revocation/revokedBy","value":"jane"},{"op":"replace","path":"/spec/revocation/reach","value":"Namespace"},{"op":"add","path":"/spec/authors","value":["jane"]}]`,
		},
		"a release that an attestor revokes": {
			send(t, v1alpha1.Group, "modelreleases", release("", "", ""), release("Critical", "attestor", "")).by("attestor"),
			`[{"op":"add","path":"/spec/revocation/reach","value":"Cluster"}]`,
		},
		"a revocation that is made graver": {
			send(t, v1alpha1.Group, "modelreleases", release("Advisory", "john", v1alpha1.ReachNamespace), release("Critical", "john", v1alpha1.ReachNamespace)),
			`[{"op":"replace","path":"/spec/revocation/revokedBy","value":"jane"}]`,
		},
		"a revocation that stays, sent without its stamps": {
			send(t, v1alpha1.Group, "modelreleases", release("Critical", "john", v1alpha1.ReachCluster), release("Critical", "", "")),
			`[{"op":"add","path":"/spec/revocation/revokedBy","value":"john"},{"op":"add","path":"/spec/revocation/reach","value":"Cluster"}]`,
		},
		"a release that is not revoked":          {send(t, v1alpha1.Group, "modelreleases", nil, release("", "", "")), `[{"op":"add","path":"/spec/authors","value":["jane"]}]`},
		"a resolution is stamped":                {send(t, v1alpha1.Group, "adversefindings", standing, finding("somebody")), `[{"op":"replace","path":"/spec/resolution/resolvedBy","value":"jane"}]`},
		"a resolution that stays keeps its name": {send(t, v1alpha1.Group, "adversefindings", finding("john"), finding("jane")), `[{"op":"replace","path":"/spec/resolution/resolvedBy","value":"john"}]`},
		"a finding without a resolution":         {send(t, v1alpha1.Group, "adversefindings", standing, standing), ""},
	})
}

// mutationRow is a request, and the patch that answers it; empty for none.
type mutationRow struct {
	request sent
	want    string
}

// tryAll sends the requests to the mutating handler. The user "attestor" holds the verb attest, and the rights of "unasked"
// cannot be asked for.
func tryAll(t *testing.T, rows map[string]mutationRow) {
	t.Helper()
	o := options(t, false, world()...)
	o.Attests = func(_ context.Context, user authenticationv1.UserInfo) (bool, error) {
		if user.Username == "unasked" {
			return true, errors.New("the API server does not answer")
		}
		return user.Username == "attestor", nil
	}
	handler := NewHolds(o)
	for claim, row := range rows {
		t.Run(claim, func(t *testing.T) {
			response := handler.Handle(t.Context(), row.request.Request)
			if !response.Allowed {
				t.Fatalf("%+v", response.Result)
			}
			if diff := gocmp.Diff(operations(t, row.want), operations(t, patchOf(t, response))); diff != "" {
				t.Errorf("the patch (-want +got):\n%s", diff)
			}
		})
	}
}

func patchOf(t *testing.T, response admission.Response) string {
	t.Helper()
	if len(response.Patches) == 0 {
		return ""
	}
	text, err := json.Marshal(response.Patches)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// operations are those of a patch, in an order of their own: the library that compares two objects has none.
func operations(t *testing.T, patch string) []map[string]any {
	t.Helper()
	if patch == "" {
		return nil
	}
	var all []map[string]any
	if err := json.Unmarshal([]byte(patch), &all); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(one, other map[string]any) int {
		return cmp.Compare(textAt(one, "path"), textAt(other, "path"))
	})
	return all
}
