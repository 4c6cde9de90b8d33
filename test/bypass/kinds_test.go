// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// finding is an AdverseFinding as the controller makes it.
func finding(name string) *v1alpha1.AdverseFinding {
	f := fixture.Finding(name, "bio-uplift", string(fixture.Digest("scope")))
	f.ObjectMeta = metav1.ObjectMeta{Name: name}
	return &f
}

// standing is a finding that stands; it is resolved and deleted when the test ends.
func standing(t *testing.T) *v1alpha1.AdverseFinding {
	t.Helper()
	f := finding("bio-uplift-" + namespaceName(t, "f"))
	must(t, shared.controller.Create(t.Context(), f))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(f), f); err != nil {
			t.Error(err)
		}
		if f.Spec.Resolution == nil {
			f.Spec.Resolution = resolution("")
			if err := shared.Client.Update(ctx, f); err != nil {
				t.Error(err)
			}
		}
		f.Status.ResolvedTime = new(metav1.Now())
		if err := shared.controller.Status().Update(ctx, f); err != nil {
			t.Error(err)
		}
		if err := shared.Client.Delete(ctx, f); err != nil {
			t.Errorf("a resolved finding cannot be deleted: %v", err)
		}
	})
	return f
}

func resolution(by string) *v1alpha1.FindingResolution {
	return &v1alpha1.FindingResolution{
		Namespace: fixture.Namespace, Evaluation: "later", ResolvedBy: by,
		Reason: "The range was misconfigured: the target answered every exploit. Run 41 has it repaired.",
	}
}

// evaluation is one that says nothing of who brought it.
func evaluation(ns, name string) *v1alpha1.SafetyEvaluation {
	e := fixture.Evaluation(name, "bio-uplift", "0.1")
	e.ObjectMeta = metav1.ObjectMeta{Namespace: ns, Name: name}
	e.Spec.Evaluator = ""
	e.Status = v1alpha1.SafetyEvaluationStatus{}
	return &e
}

func TestAnEvaluationCarriesWhoBroughtIt(t *testing.T) {
	t.Parallel()
	ns := leaveAlone(t)
	bindEdit(t, ns, "eva", rbacUser)
	cfg, err := shared.User("eva")
	must(t, err)
	eva := clientFor(t, cfg)
	for name, typed := range map[string]string{"nothing typed": "", "oneself": "eva", "somebody else": "bob", "Scalegate": "system:serviceaccount:scalegate-system:scalegate-controller-manager"} {
		t.Run(name, func(t *testing.T) {
			for how, send := range map[string]func(e *v1alpha1.SafetyEvaluation) error{
				"create": func(e *v1alpha1.SafetyEvaluation) error { return eva.Create(t.Context(), e) },
				"apply": func(e *v1alpha1.SafetyEvaluation) error {
					content, err := bare(e)
					if err != nil {
						return err
					}
					return apply(t.Context(), eva, e, content)
				},
			} {
				e := evaluation(ns, how+"-"+fixture.SHA256(name)[:8])
				e.Spec.Evaluator = typed
				must(t, send(e))
				if e.Spec.Evaluator != "eva" {
					t.Errorf("%s: the evaluator is %q, want eva", how, e.Spec.Evaluator)
				}
			}
		})
	}
	t.Run("the stamp stays, whoever writes afterwards", func(t *testing.T) {
		e := evaluation(ns, "stays")
		must(t, eva.Create(t.Context(), e))
		for _, typed := range []string{"", "bob", "eva"} {
			replaced := evaluation(ns, "stays")
			replaced.ResourceVersion, replaced.Spec.Evaluator = e.ResourceVersion, typed
			replaced.Labels = map[string]string{"typed": typed}
			must(t, shared.Client.Update(t.Context(), replaced))
			must(t, shared.Client.Patch(t.Context(), replaced, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"evaluator":"bob"}}`))))
			content, err := bare(evaluation(ns, "stays"))
			must(t, err)
			must(t, apply(t.Context(), shared.Client, replaced, content))
			if replaced.Spec.Evaluator != "eva" {
				t.Errorf("the evaluator is %q, want eva", replaced.Spec.Evaluator)
			}
			e = replaced
		}
	})
}

func TestAFindingStandsUntilItIsResolved(t *testing.T) {
	t.Parallel()
	f := standing(t)
	refused(t, shared.Client.Create(t.Context(), finding("typed")), "made by Scalegate alone")
	resolved := finding("resolved")
	resolved.Spec.Resolution = resolution("x")
	refused(t, shared.controller.Create(t.Context(), resolved), "without a resolution")
	for who, as := range map[string]client.Client{
		"a cluster admin": shared.Client, "the garbage collector": identity(t, "system:serviceaccount:kube-system:generic-garbage-collector", "system:masters"),
		"Scalegate's controller": identity(t, "system:serviceaccount:scalegate-system:scalegate-controller-manager", "system:masters"),
	} {
		t.Run("deleted by "+who, func(t *testing.T) {
			refused(t, as.Delete(t.Context(), f), "that stands is not deleted")
			refused(t, as.DeleteAllOf(t.Context(), f, client.MatchingFields{"metadata.name": f.Name}), "that stands is not deleted")
			refused(t, as.Delete(t.Context(), f, client.GracePeriodSeconds(0), client.PropagationPolicy(metav1.DeletePropagationBackground)), "that stands is not deleted")
		})
	}
	owned := `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"00000000-0000-0000-0000-000000000000"}]}}`
	must(t, shared.Client.Patch(t.Context(), f, client.RawPatch(types.MergePatchType, []byte(owned)), client.DryRunAll))
}

func TestResolvingNeedsTheVerbAndIsStamped(t *testing.T) {
	t.Parallel()
	edits := rbacv1.PolicyRule{APIGroups: []string{"scalegate.dev"}, Resources: []string{"adversefindings"}, Verbs: []string{"get", "update", "patch"}}
	resolves := rbacv1.PolicyRule{APIGroups: []string{"scalegate.dev"}, Resources: []string{"adversefindings"}, Verbs: []string{"resolve"}}
	editor, resolver := userWith(t, "editor", edits), userWith(t, "resolver", edits, resolves)
	f := standing(t)
	give := func(as client.Client, by string) (*v1alpha1.AdverseFinding, error) {
		o := f.DeepCopy()
		o.Spec.Resolution = resolution(by)
		return o, as.Update(t.Context(), o)
	}
	_, err := give(editor, "")
	refused(t, err, "needs the verb resolve")
	_, err = give(shared.replicaSets, "")
	if err == nil {
		t.Error("the replicaset controller resolves findings")
	}
	got, err := give(resolver, "the-safety-board")
	must(t, err)
	name := "resolver-" + namespaceName(t, "u")
	if by := got.Spec.Resolution.ResolvedBy; by != name {
		t.Errorf("resolved by %q, want %q", by, name)
	}
	// Another person's write keeps it; a changed reason is theirs, and needs the verb again.
	for how, patch := range map[string]string{"a label": `{"metadata":{"labels":{"a":"b"}}}`, "the resolver's name": `{"spec":{"resolution":{"resolvedBy":"bob"}}}`} {
		must(t, editor.Patch(t.Context(), got, client.RawPatch(types.MergePatchType, []byte(patch))))
		if by := got.Spec.Resolution.ResolvedBy; by != name {
			t.Errorf("after %s is written it is resolved by %q, want %q", how, by, name)
		}
	}
	reason := []byte(`{"spec":{"resolution":{"reason":"Another reason that is long enough to say something about it."}}}`)
	refused(t, editor.Patch(t.Context(), got.DeepCopy(), client.RawPatch(types.MergePatchType, reason)), "needs the verb resolve")
	refused(t, editor.Patch(t.Context(), got.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"spec":{"resolution":null}}`))), "needs the verb resolve")
	must(t, shared.Client.Patch(t.Context(), got, client.RawPatch(types.MergePatchType, reason)))
	if by := got.Spec.Resolution.ResolvedBy; by == name || by == "" {
		t.Errorf("a reason of somebody else is %q's", by)
	}
}

func TestOnlyScalegateWritesWhatItObserved(t *testing.T) {
	t.Parallel()
	ns := leaveAlone(t)
	policy := fixture.Policy("observed-" + fixture.SHA256(ns)[:8])
	policy.ObjectMeta = metav1.ObjectMeta{Name: policy.Name}
	model := fixture.Release("m1")
	model.ObjectMeta = metav1.ObjectMeta{Namespace: ns, Name: "m1"}
	observed := evaluation(ns, "observed")
	for _, o := range []client.Object{policy, model, observed} {
		must(t, shared.Client.Create(t.Context(), o))
	}
	status := map[string]string{
		"SafetyPolicy":     `{"status":{"observedGeneration":7}}`,
		"ModelRelease":     `{"status":{"observedGeneration":7}}`,
		"SafetyEvaluation": `{"status":{"observedGeneration":7}}`,
		"AdverseFinding":   `{"status":{"resolvedTime":"` + time.Now().UTC().Format(time.RFC3339) + `"}}`,
	}
	for kind, o := range map[string]client.Object{"SafetyPolicy": policy, "ModelRelease": model, "SafetyEvaluation": observed, "AdverseFinding": standing(t)} {
		t.Run(kind, func(t *testing.T) {
			for _, way := range []types.PatchType{types.MergePatchType, types.ApplyPatchType} {
				raw := []byte(status[kind])
				var opts []client.SubResourcePatchOption
				if way == types.ApplyPatchType {
					raw = append([]byte(`{"apiVersion":"scalegate.dev/v1alpha1","kind":"`+kind+`",`), raw[1:]...)
					opts = append(opts, client.ForceOwnership, client.FieldOwner("attacker"))
				}
				patch := client.RawPatch(way, raw)
				refused(t, shared.Client.Status().Patch(t.Context(), copyOf(o), patch, opts...), "written by Scalegate alone")
				if kind != "AdverseFinding" {
					must(t, shared.controller.Status().Patch(t.Context(), copyOf(o), patch, opts...))
				}
			}
			must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(o), o))
			refused(t, shared.Client.Status().Update(t.Context(), o), "written by Scalegate alone")
		})
	}
}
