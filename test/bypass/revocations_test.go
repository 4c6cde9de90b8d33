// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// writes are the rights to write a kind of Scalegate's.
func writes(resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{
		APIGroups: []string{"scalegate.dev"}, Resources: resources, Verbs: []string{"create", "get", "update", "patch", "delete"},
	}
}

// may is a virtual verb of Scalegate's.
func may(verb, resource string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{"scalegate.dev"}, Resources: []string{resource}, Verbs: []string{verb}}
}

// revokers are the users of these tests: writers of releases and evaluations without and with the verbs attest and resolve.
type revokers struct {
	team, attestor, resolver client.Client
}

func beginRevoking(t *testing.T) revokers {
	t.Helper()
	own := writes("modelreleases", "safetyevaluations")
	return revokers{
		team:     userWith(t, "team", own),
		attestor: userWith(t, "attestor", own, may(v1alpha1.VerbAttest, "safetypolicies")),
		resolver: userWith(t, "resolver", own, may(v1alpha1.VerbResolve, "modelreleases")),
	}
}

// nameOf is the name of such a user.
func nameOf(t *testing.T, short string) string {
	t.Helper()
	return short + "-" + namespaceName(t, "u")
}

func revocation(severity v1alpha1.RevocationSeverity, reason string) *v1alpha1.Revocation {
	return &v1alpha1.Revocation{
		Severity: severity, Reason: reason, RevokedBy: "somebody-else", Reach: v1alpha1.ReachCluster,
	}
}

func bareRelease(ns, name string, revoked *v1alpha1.Revocation) *v1alpha1.ModelRelease {
	r := fixture.Release(name)
	r.ObjectMeta = metav1.ObjectMeta{Namespace: ns, Name: name}
	r.Status, r.Spec.Revocation = v1alpha1.ModelReleaseStatus{}, revoked
	return r
}

func TestHowFarEvidenceReachesIsStamped(t *testing.T) {
	t.Parallel()
	ns, who := leaveAlone(t), beginRevoking(t)
	rows := map[string]struct {
		as          client.Client
		typed, want v1alpha1.Reach
	}{
		"without the verb, typed Cluster": {who.team, v1alpha1.ReachCluster, v1alpha1.ReachNamespace},
		"without the verb, typed nothing": {who.team, "", v1alpha1.ReachNamespace},
		"with another verb":               {who.resolver, v1alpha1.ReachCluster, v1alpha1.ReachNamespace},
		"with the verb, typed nothing":    {who.attestor, "", v1alpha1.ReachCluster},
		"with the verb, typed Namespace":  {who.attestor, v1alpha1.ReachNamespace, v1alpha1.ReachCluster},
		"by whoever has every right":      {shared.Client, "", v1alpha1.ReachCluster},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			e := evaluation(ns, "reach-"+fixture.SHA256(name)[:8])
			e.Spec.Reach = row.typed
			must(t, row.as.Create(t.Context(), e))
			if e.Spec.Reach != row.want {
				t.Errorf("it reaches %q, want %q", e.Spec.Reach, row.want)
			}
			// Whoever writes it later changes nothing of that.
			e.Spec.Reach = ""
			e.Labels = map[string]string{"team": "red"}
			must(t, who.team.Update(t.Context(), e))
			if e.Spec.Reach != row.want {
				t.Errorf("after an update it reaches %q, want %q", e.Spec.Reach, row.want)
			}
		})
	}
}

func TestWhoRevokedWhatIsStamped(t *testing.T) {
	t.Parallel()
	ns, who := leaveAlone(t), beginRevoking(t)
	team, attestor := nameOf(t, "team"), nameOf(t, "attestor")
	want := func(severity v1alpha1.RevocationSeverity, reason, by string, reach v1alpha1.Reach) *v1alpha1.Revocation {
		return &v1alpha1.Revocation{Severity: severity, Reason: reason, RevokedBy: by, Reach: reach}
	}
	stands := func(what string, got, want *v1alpha1.Revocation) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	r := bareRelease(ns, "born-revoked", revocation(v1alpha1.RevocationAdvisory, "wrong weights"))
	must(t, who.team.Create(t.Context(), r))
	stands("a release that is born revoked", r.Spec.Revocation, want(v1alpha1.RevocationAdvisory, "wrong weights", team, v1alpha1.ReachNamespace))

	must(t, who.attestor.Patch(t.Context(), r, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"team":"red"}}}`))))
	stands("another label, by somebody else", r.Spec.Revocation, want(v1alpha1.RevocationAdvisory, "wrong weights", team, v1alpha1.ReachNamespace))
	r.Spec.Revocation.RevokedBy, r.Spec.Revocation.Reach = "", v1alpha1.ReachCluster
	must(t, who.attestor.Update(t.Context(), r))
	stands("other stamps, typed by hand", r.Spec.Revocation, want(v1alpha1.RevocationAdvisory, "wrong weights", team, v1alpha1.ReachNamespace))

	r.Spec.Revocation.Severity = v1alpha1.RevocationCritical
	must(t, who.attestor.Update(t.Context(), r))
	stands("a graver severity", r.Spec.Revocation, want(v1alpha1.RevocationCritical, "wrong weights", attestor, v1alpha1.ReachCluster))

	e := evaluation(ns, "revoked")
	must(t, who.team.Create(t.Context(), e))
	e.Spec.Revocation = revocation(v1alpha1.RevocationAdvisory, "contaminated")
	must(t, who.attestor.Update(t.Context(), e))
	stands("an evaluation", e.Spec.Revocation, want(v1alpha1.RevocationAdvisory, "contaminated", attestor, ""))
	e.Spec.Revocation = revocation(v1alpha1.RevocationAdvisory, "contaminated")
	must(t, who.team.Update(t.Context(), e))
	stands("an evaluation that is sent again", e.Spec.Revocation, want(v1alpha1.RevocationAdvisory, "contaminated", attestor, ""))
	e.Spec.Revocation = revocation(v1alpha1.RevocationCritical, "contaminated by design")
	must(t, who.team.Update(t.Context(), e))
	stands("an evaluation, graver", e.Spec.Revocation, want(v1alpha1.RevocationCritical, "contaminated by design", team, ""))
}

func TestARevocationIsNotTakenBackWithoutTheVerb(t *testing.T) {
	t.Parallel()
	ns, who := leaveAlone(t), beginRevoking(t)
	const refusal = "needs the verb resolve on modelreleases"
	critical := bareRelease(ns, "critical", revocation(v1alpha1.RevocationCritical, "wrong weights"))
	must(t, who.attestor.Create(t.Context(), critical))
	for name, change := range map[string]func(*v1alpha1.ModelRelease){
		"taking it back":     func(r *v1alpha1.ModelRelease) { r.Spec.Revocation = nil },
		"a lower severity":   func(r *v1alpha1.ModelRelease) { r.Spec.Revocation.Severity = v1alpha1.RevocationAdvisory },
		"other words":        func(r *v1alpha1.ModelRelease) { r.Spec.Revocation.Reason = "nothing really" },
		"another digest":     func(r *v1alpha1.ModelRelease) { r.Spec.Artifacts[0].Digest = fixture.Digest("other") },
		"one artifact fewer": func(r *v1alpha1.ModelRelease) { r.Spec.Artifacts = r.Spec.Artifacts[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			changed := critical.DeepCopy()
			change(changed)
			refused(t, who.team.Update(t.Context(), changed.DeepCopy(), client.DryRunAll), refusal)
			must(t, who.resolver.Update(t.Context(), changed.DeepCopy(), client.DryRunAll))
		})
	}
	refused(t, who.team.Delete(t.Context(), critical, client.DryRunAll), "its revocation goes with it")
	must(t, who.resolver.Delete(t.Context(), critical, client.DryRunAll))
}
