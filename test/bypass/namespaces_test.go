// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// resetting makes a namespace as a row wants it before each attempt: as the controller and as a
// cluster admin.
func resetting(clearance string, labels map[string]string) func(*testing.T, string) client.Object {
	return func(t *testing.T, name string) client.Object {
		t.Helper()
		ns := namespace(name, nil)
		must(t, client.IgnoreAlreadyExists(shared.Client.Create(t.Context(), ns)))
		value := `null`
		if clearance != "" {
			value = fmt.Sprintf("%q", clearance)
		}
		must(t, shared.controller.Patch(t.Context(), ns, client.RawPatch(types.MergePatchType,
			fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%s,"clearance.scalegate.dev/m2":null}}}`, clearanceKey, value))))
		must(t, update(t, ns, func(ns *corev1.Namespace) {
			maps.DeleteFunc(ns.Labels, func(k, _ string) bool { return k != corev1.LabelMetadataName })
			maps.Copy(ns.Labels, labels)
			ns.OwnerReferences, ns.Finalizers = nil, nil
			ns.Annotations = map[string]string{clearanceKey: ns.Annotations[clearanceKey], "note": "x"}
			if clearance == "" {
				delete(ns.Annotations, clearanceKey)
			}
		}))
		return ns
	}
}

func clearancesChanged(before, after client.Object) bool {
	of := func(o client.Object) string {
		return fmt.Sprint(o.GetAnnotations()[clearanceKey], " ", o.GetAnnotations()["clearance.scalegate.dev/m2"])
	}
	return of(before) != of(after)
}

// A Namespace has three doors; only the controller brings a clearance through any of them.
func TestOnlyTheControllerWritesClearances(t *testing.T) {
	t.Parallel()
	good := granted(cleared).String()
	patcher := identity(t, "system:serviceaccount:scalegate-system:scalegate-controller-manager", "system:masters")
	for name, row := range map[string]struct {
		present string
		edit    func(client.Object)
	}{
		"writing one":     {edit: annotate(clearanceKey, good)},
		"writing another": {present: good, edit: annotate("clearance.scalegate.dev/m2", good)},
		"renewing one":    {present: good, edit: annotate(clearanceKey, granted(cleared, "x").String())},
		"emptying one":    {present: good, edit: annotate(clearanceKey, "")},
		"taking one away": {present: good, edit: func(o client.Object) { dropAnnotation(o, clearanceKey) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{
				make: resetting(row.present, nil), edit: row.edit, changed: clearancesChanged,
				subresources: []string{"status", "finalize"}, refusal: "written by Scalegate alone",
			}.fails(t, shared.Client, namespaceName(t, "a"), attempt{as: patcher, ns: namespaceName(t, "c")})
		})
	}
	t.Run("taking every annotation away", func(t *testing.T) {
		ns := as[*corev1.Namespace](resetting(good, nil)(t, namespaceName(t, "a")))
		refused(t, update(t, ns, func(ns *corev1.Namespace) { ns.Annotations = nil }), "written by Scalegate alone")
	})
	t.Run("with a new namespace", func(t *testing.T) {
		forged := map[string]string{clearanceKey: good}
		for who, as := range map[string]client.Client{"a cluster admin": shared.Client, "the controller, which makes no namespaces": patcher} {
			if err := as.Create(t.Context(), namespace("forged", forged), client.DryRunAll); !apierrors.IsForbidden(err) {
				t.Errorf("%s: want a refusal, got: %v", who, err)
			}
		}
		generated := namespace("", forged)
		generated.GenerateName = "forged-"
		refused(t, shared.Client.Create(t.Context(), generated, client.DryRunAll), "written by Scalegate alone")
	})
}

func TestTheControllerWritesNothingElseOnANamespace(t *testing.T) {
	t.Parallel()
	owner := namespace("default", nil)
	must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(owner), owner))
	patcher := identity(t, "system:serviceaccount:scalegate-system:scalegate-controller-manager", "system:masters")
	for name, row := range map[string]struct {
		edit    func(client.Object)
		changed func(before, after client.Object) bool
	}{
		"the gate":              {edit: label(v1alpha1.LabelGate, v1alpha1.GateAudited), changed: labelsChanged},
		"a label of others":     {edit: label("pod-security.kubernetes.io/enforce", "privileged"), changed: labelsChanged},
		"an annotation":         {edit: annotate("note", "y"), changed: noteChanged},
		"a further annotation":  {edit: annotate("other", "y"), changed: func(_, after client.Object) bool { return after.GetAnnotations()["other"] != "" }},
		"less of an annotation": {edit: func(o client.Object) { dropAnnotation(o, "note") }, changed: noteChanged},
		"an owner, with which it would go": {
			edit: func(o client.Object) {
				o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "Namespace", Name: "default", UID: owner.UID}})
			},
			changed: func(_, after client.Object) bool { return len(after.GetOwnerReferences()) > 0 },
		},
		"a finalizer, with which it would stay": {
			edit:    func(o client.Object) { o.SetFinalizers([]string{"example.com/stay"}) },
			changed: func(_, after client.Object) bool { return len(after.GetFinalizers()) > 0 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{
				make: resetting("", map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}), edit: row.edit, changed: row.changed,
				subresources: []string{"status", "finalize"}, refusal: "changes nothing on a Namespace but",
			}.fails(t, patcher, namespaceName(t, "a"), attempt{as: shared.Client, ns: namespaceName(t, "c")})
		})
	}
}

func TestWeakeningTheGateNeedsTheVerbUngate(t *testing.T) {
	t.Parallel()
	keeper := namespaceUser(t, "keeper")
	safety := namespaceUser(t, "safety", rbacv1.PolicyRule{APIGroups: []string{"scalegate.dev"}, Resources: []string{"namespaces"}, Verbs: []string{"ungate"}})
	enforced := map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced, v1alpha1.LabelClaims: v1alpha1.ClaimsAll}
	audited := map[string]string{v1alpha1.LabelGate: v1alpha1.GateAudited}
	for name, row := range map[string]struct {
		from map[string]string
		edit func(client.Object)
	}{
		"taking the gate off":        {from: enforced, edit: func(o client.Object) { delete(o.GetLabels(), v1alpha1.LabelGate) }},
		"auditing only":              {from: enforced, edit: label(v1alpha1.LabelGate, v1alpha1.GateAudited)},
		"not even auditing":          {from: audited, edit: func(o client.Object) { delete(o.GetLabels(), v1alpha1.LabelGate) }},
		"letting pods claim nothing": {from: enforced, edit: func(o client.Object) { delete(o.GetLabels(), v1alpha1.LabelClaims) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{
				make: resetting("", row.from), edit: row.edit, changed: labelsChanged,
				subresources: []string{"status", "finalize"}, refusal: "needs the verb ungate",
			}.fails(t, keeper, namespaceName(t, "a"), attempt{as: safety, ns: namespaceName(t, "c")})
		})
	}
	for name, row := range map[string]struct {
		from map[string]string
		edit func(client.Object)
	}{
		"enforcing":             {edit: label(v1alpha1.LabelGate, v1alpha1.GateEnforced)},
		"auditing":              {edit: label(v1alpha1.LabelGate, v1alpha1.GateAudited)},
		"enforcing what audits": {from: audited, edit: label(v1alpha1.LabelGate, v1alpha1.GateEnforced)},
		"making all pods claim": {from: audited, edit: label(v1alpha1.LabelClaims, v1alpha1.ClaimsAll)},
		"a label of others":     {from: enforced, edit: label("team", "x")},
	} {
		t.Run(name+" is free", func(t *testing.T) {
			t.Parallel()
			stronger := tampering{make: resetting("", row.from), edit: row.edit, changed: labelsChanged}
			if changed, err := stronger.through(t, door{way: "merge"}, attempt{as: keeper, ns: namespaceName(t, "s")}); !changed {
				t.Errorf("want it to pass, got: %v", err)
			}
		})
	}
}

// A word that guards nothing is refused, so that nobody takes it for a gate.
func TestAGateIsSpelledRight(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		labels  map[string]string
		refused bool
	}{
		"enforced":           {labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}},
		"audited":            {labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateAudited}},
		"all pods claim":     {labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced, v1alpha1.LabelClaims: v1alpha1.ClaimsAll}},
		"enforce":            {labels: map[string]string{v1alpha1.LabelGate: "enforce"}, refused: true},
		"in capitals":        {labels: map[string]string{v1alpha1.LabelGate: "Enforced"}, refused: true},
		"nothing":            {labels: map[string]string{v1alpha1.LabelGate: ""}, refused: true},
		"some pods claim":    {labels: map[string]string{v1alpha1.LabelClaims: "some"}, refused: true},
		"not ours to define": {labels: map[string]string{"gate": "x", "example.com/gate": "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			ns := namespace("spelled", nil)
			ns.Labels = row.labels
			err := shared.Client.Create(t.Context(), ns, client.DryRunAll)
			if row.refused {
				refused(t, err, "scalegate.dev/gate is enforced or audited")
			} else {
				must(t, err)
			}
		})
	}
}

// namespaceUser is a user with every right on Namespaces, and these.
func namespaceUser(t *testing.T, name string, more ...rbacv1.PolicyRule) client.Client {
	t.Helper()
	rules := append(more, rbacv1.PolicyRule{
		APIGroups: []string{""}, Resources: []string{"namespaces", "namespaces/status", "namespaces/finalize"}, Verbs: []string{"*"},
	})
	return userWith(t, name, rules...)
}

// A namespace whose objects are all guarded goes like any other.
func TestAGovernedNamespaceCanBeDeleted(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	serve(t, ns)
	must(t, shared.Client.Create(t.Context(), pod(ns)))
	must(t, shared.Client.Create(t.Context(), evaluation(ns, "e1")))
	modelRelease(t, ns, "serving", 2)
	storedStatefulSet()(t, ns)
	storedJob()(t, ns)
	began := time.Now()
	must(t, shared.Client.Delete(t.Context(), namespace(ns, nil)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := shared.Client.Get(ctx, client.ObjectKey{Name: ns}, &corev1.Namespace{})
		if apierrors.IsNotFound(err) {
			break
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Fatalf("it is still there after %s", time.Since(began))
		}
	}
}

// Where there is no gate, nothing is different.
func TestANamespaceWithoutAGateIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, labels := range map[string]map[string]string{
		"no label": nil, "audited": {v1alpha1.LabelGate: v1alpha1.GateAudited},
		"claims: all without a gate": {v1alpha1.LabelClaims: v1alpha1.ClaimsAll},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := leaveAlone(t)
			must(t, update(t, namespace(ns, nil), func(o *corev1.Namespace) {
				maps.Copy(o.Labels, labels)
			}))
			d := deployment(ns, "web", func(d *appsv1.Deployment) {
				d.Spec.Template.Spec.Containers[0].Resources.Limits = amount("nvidia.com/gpu")
			})
			result, err := kubectlResult(t, d, "create", "-f", "-")
			must(t, err)
			if len(result.Stderr) > 0 {
				t.Errorf("kubectl says: %s", result.Stderr)
			}
			must(t, shared.Client.Create(t.Context(), pod(ns, unclaimed, withGPU)))
			awaitPods(t, ns, 3, 0)
			awaitRunning(t, ns, 3)
		})
	}
	hooks := &admissionv1.MutatingWebhookConfigurationList{}
	must(t, shared.Client.List(t.Context(), hooks))
	for _, h := range hooks.Items {
		if strings.Contains(h.Name, "scalegate") {
			t.Errorf("a webhook: %s", h.Name)
		}
	}
}

func annotate(key, value string) func(client.Object) {
	return func(o client.Object) {
		all := o.GetAnnotations()
		if all == nil {
			all = map[string]string{}
		}
		all[key] = value
		o.SetAnnotations(all)
	}
}

func dropAnnotation(o client.Object, key string) {
	all := o.GetAnnotations()
	delete(all, key)
	o.SetAnnotations(all)
}

func label(key, value string) func(client.Object) {
	return func(o client.Object) { o.GetLabels()[key] = value }
}

func noteChanged(before, after client.Object) bool {
	return before.GetAnnotations()["note"] != after.GetAnnotations()["note"]
}
