// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/freeing"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/revision"
	"github.com/scalegate/scalegate/internal/workload"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Workloads that wait in a queue of Kueue are answered for.
//
// +kubebuilder:rbac:groups=kueue.x-k8s.io,resources=workloads;admissionchecks,verbs=get;list;watch
// +kubebuilder:rbac:groups=kueue.x-k8s.io,resources=workloads,verbs=patch
// +kubebuilder:rbac:groups=kueue.x-k8s.io,resources=workloads/status;admissionchecks/status,verbs=patch

// KueueController is what an AdmissionCheck of Kueue names in spec.controllerName to have the workloads of a queue wait for
// the releases that they claim.
const KueueController = freeing.CheckController

const (
	kueueGroup = "kueue.x-k8s.io"
	// kueueOwner is the field owner of the answers, so that they take nothing from what Kueue and others write.
	kueueOwner = "scalegate-kueue"
)

// The states of a check, in Kueue's words.
const (
	checkPending = "Pending"
	checkReady   = "Ready"
	checkRetry   = "Retry"
)

// KueueReconciler makes held Workloads of Kueue active when every release that they claim is granted and their pod templates
// match: before that they are charged for no quota. It answers the AdmissionChecks that name Scalegate too, by which one
// that was admitted is taken back when an adverse finding says so, and for nothing less. The pods are held like any others.
type KueueReconciler struct {
	client.Client
	// Live reads the API server itself: whatever is answered is decided on what it says.
	Live client.Reader
	// Now is the clock.
	Now func() metav1.Time
	// Ready is as that of the ModelReleaseReconciler. While it says no, nothing is let in.
	Ready func(namespace *metav1.PartialObjectMetadata, now time.Time) Withheld

	kinds *customKinds
}

// kueueWorkload is where a Workload has its templates.
func kueueWorkload() kinds.Kind {
	return kinds.Kind{
		Group: kueueGroup, Versions: []string{"v1beta2", "v1beta1"}, Kind: "Workload", Resource: "workloads",
		Templates: []kinds.Template{{Path: "spec.podSets[].template", Form: kinds.PodTemplateSpec}},
	}
}

// kueueRows are the kinds of Kueue that are watched where it is installed.
func kueueRows() map[string]customRow {
	w := kueueWorkload()
	workloads := customRow{kind: w.GroupKind(), resource: w.Resource, versions: w.Versions, workload: &w, whole: true}
	checks := customRow{kind: checkKind(), resource: "admissionchecks", versions: w.Versions, whole: true}
	return map[string]customRow{workloads.name(): workloads, checks.name(): checks}
}

func checkKind() schema.GroupKind { return schema.GroupKind{Group: kueueGroup, Kind: "AdmissionCheck"} }

// SetupWithManager registers the reconciler and what wakes it.
func (r *KueueReconciler) SetupWithManager(mgr ctrl.Manager) error {
	itself := func(_ context.Context, p *parent) []types.NamespacedName {
		return []types.NamespacedName{client.ObjectKeyFromObject(p)}
	}
	var err error
	if r.kinds, err = watching(mgr, kueueRows(), itself); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("kueue").
		Watches(&v1alpha1.ModelRelease{}, wakes{mgr.GetClient()}.handler(r.workloadsOf)).
		WatchesRawSource(r.kinds).
		Complete(r)
}

// workloadsOf are the Workloads that claim a release.
func (r *KueueReconciler) workloadsOf(_ context.Context, release client.Object) ([]types.NamespacedName, error) {
	var names []types.NamespacedName
	for _, p := range r.kinds.claiming(client.ObjectKeyFromObject(release)) {
		names = append(names, client.ObjectKeyFromObject(p))
	}
	return names, nil
}

// Reconcile answers for one Workload, or for one AdmissionCheck, which has no namespace. An answer that stands is
// looked at again when time alone could change it.
func (r *KueueReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	kind := kueueWorkload().GroupKind()
	if req.Namespace == "" {
		kind = checkKind()
	}
	o, err := r.read(ctx, kind, req.NamespacedName)
	switch {
	case err != nil || o == nil || o.GetDeletionTimestamp() != nil:
		return ctrl.Result{}, err
	case kind == checkKind():
		return ctrl.Result{}, r.activate(ctx, o)
	}
	again, err := r.answer(ctx, o)
	return ctrl.Result{RequeueAfter: again}, err
}

// read reads an object of Kueue live, in the version in which its kind is watched; nil when it is gone.
func (r *KueueReconciler) read(ctx context.Context, kind schema.GroupKind, key types.NamespacedName) (*unstructured.Unstructured, error) {
	known := r.kinds.find(kind, key)
	if known == nil {
		return nil, nil //nolint:nilnil // gone is an answer, and not an error
	}
	return r.readAs(ctx, known.GroupVersionKind(), key)
}

func (r *KueueReconciler) readAs(ctx context.Context, kind schema.GroupVersionKind, key types.NamespacedName) (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	if err := r.Live.Get(ctx, key, o); apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // see above
	} else if err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", kind.Kind, key.Name, err)
	}
	return o, nil
}

// ours tells whether an AdmissionCheck names Scalegate.
func ours(check *unstructured.Unstructured) bool {
	name, _, err := unstructured.NestedString(check.Object, "spec", "controllerName")
	return err == nil && name == KueueController
}

// activate says that somebody answers a check: Kueue admits nothing under one that is not active.
func (r *KueueReconciler) activate(ctx context.Context, check *unstructured.Unstructured) error {
	if !ours(check) || conditionOf(check, "Active") == "True" {
		return nil
	}
	return r.apply(ctx, check, map[string]any{"conditions": []any{map[string]any{
		"type": "Active", "status": "True", "reason": "Active", "message": "Scalegate answers this check",
		"lastTransitionTime": r.Now().UTC().Format(time.RFC3339), "observedGeneration": check.GetGeneration(),
	}}})
}

// answer lets a Workload that has not finished into its queue, and sets the state of each of our checks.
func (r *KueueReconciler) answer(ctx context.Context, w *unstructured.Unstructured) (again time.Duration, err error) {
	if conditionOf(w, "Finished") == "True" {
		return 0, nil
	}
	asked, err := r.asked(ctx, w)
	if err != nil {
		return 0, err
	}
	mark, held := w.GetAnnotations()[v1alpha1.AnnotationHeld]
	if len(asked) == 0 && !held {
		return 0, nil
	}
	verdict, err := r.judge(ctx, w)
	if err != nil {
		return 0, err
	}
	if verdict.withheld.Reason != "" && verdict.waits == "" {
		return cmp.Or(verdict.withheld.Again, askAgain), nil
	}
	if verdict.waits != "" && (verdict.again == 0 || verdict.again > waitAgain) {
		verdict.again = waitAgain
	}
	if held && verdict.waits == "" {
		// The event of this write brings us back for the checks.
		return verdict.again, r.enqueue(ctx, w, mark)
	}
	if len(asked) == 0 {
		return verdict.again, nil
	}
	return verdict.again, r.check(ctx, w, asked, verdict)
}

// enqueue ends the hold of a Workload as it was read. One that its author had made inactive stays so.
func (r *KueueReconciler) enqueue(ctx context.Context, w *unstructured.Unstructured, mark string) error {
	content, err := json.Marshal(map[string]any{
		"metadata": map[string]any{
			"resourceVersion": w.GetResourceVersion(), "annotations": map[string]any{v1alpha1.AnnotationHeld: nil},
		},
		"spec": map[string]any{"active": mark != v1alpha1.HeldPaused},
	})
	if err != nil {
		return err
	}
	if _, err := effective(r.Patch(ctx, w.DeepCopy(), client.RawPatch(types.MergePatchType, content))); err != nil {
		return fmt.Errorf("ending the hold of Workload %s/%s: %w", w.GetNamespace(), w.GetName(), err)
	}
	return nil
}

// check sets the state of checks of ours.
func (r *KueueReconciler) check(ctx context.Context, w *unstructured.Unstructured, asked []map[string]any, verdict judgement) error {
	evicted := conditionOf(w, "Evicted") == "True"
	states, changed := make([]any, len(asked)), false
	for i, state := range asked {
		next := nextState(state, verdict, evicted)
		if next["state"] != state["state"] {
			next["lastTransitionTime"] = r.Now().UTC().Format(time.RFC3339)
		}
		changed = changed || next["state"] != state["state"] || next["message"] != state["message"]
		states[i] = next
	}
	if !changed {
		return nil
	}
	return r.apply(ctx, w, map[string]any{"admissionChecks": states})
}

// asked are the states of those checks of a Workload that are ours to answer.
func (r *KueueReconciler) asked(ctx context.Context, w *unstructured.Unstructured) ([]map[string]any, error) {
	var states []map[string]any
	for _, value := range kinds.Values(w.Object, "status.admissionChecks[]") {
		state, _ := value.(map[string]any)
		name, _ := state["name"].(string)
		// Not from what is watched: a check that is not known yet would be taken for somebody else's.
		check, err := r.readAs(ctx, checkKind().WithVersion(w.GroupVersionKind().Version), types.NamespacedName{Name: name})
		if err != nil {
			return nil, err
		}
		if check != nil && ours(check) {
			states = append(states, state)
		}
	}
	return states, nil
}

// waitAgain is when one that waits is looked at again though nothing happened that it is woken by, such as that its
// namespace is not enforced any more.
const waitAgain = 5 * time.Minute

// nextState is what becomes of one check. One that was ready stays so, whatever is missing or has ended since: only an
// adverse finding takes back what runs. Then it is to be tried again, whereupon Kueue evicts the Workload and starts anew.
// While that goes on the check is left as it is: one that asks to be tried again then is never asked any more.
func nextState(state map[string]any, verdict judgement, evicted bool) map[string]any {
	next := map[string]any{}
	for _, key := range []string{"name", "state", "message", "lastTransitionTime"} {
		next[key] = state[key]
	}
	switch {
	case verdict.waits == "" && (state["state"] == checkPending || state["state"] == checkReady):
		next["state"], next["message"] = checkReady, "every release that it claims is granted"
	case verdict.waits == "" || evicted:
	case state["state"] == checkReady && verdict.adverse:
		next["state"], next["message"] = checkRetry, verdict.waits
	case state["state"] == checkReady || state["state"] == checkPending:
		next["message"] = verdict.waits
	}
	return next
}

// judgement is what is decided about a Workload.
type judgement struct {
	// waits says which releases it waits for, and why; empty for none.
	waits string
	// adverse: one of them is refused by an adverse finding.
	adverse bool
	// again is when time alone could change that; 0 for never.
	again time.Duration
	// withheld is why nothing may be let in for now, whatever is granted.
	withheld Withheld
}

// judge decides on live reads whether a Workload may be admitted. Where the namespace is not enforced, it may.
func (r *KueueReconciler) judge(ctx context.Context, w *unstructured.Unstructured) (judgement, error) {
	ns, err := namespaceMetadata(ctx, r.Live, w.GetNamespace())
	if err != nil || ns == nil || ns.Labels[v1alpha1.LabelGate] != v1alpha1.GateEnforced {
		return judgement{}, err
	}
	templates, err := kueueWorkload().TemplatesOf(w.Object)
	if err != nil {
		return judgement{waits: err.Error()}, nil
	}
	var all judgement
	if r.Ready != nil {
		all.withheld = r.Ready(ns, r.Now().Time)
	}
	var waits []string
	for _, template := range templates {
		release := labelsOf(template)[v1alpha1.LabelRelease]
		if release == "" {
			continue
		}
		one, err := r.judgeTemplate(ctx, types.NamespacedName{Namespace: ns.Name, Name: release}, template)
		if err != nil {
			return judgement{}, err
		}
		if one.waits != "" {
			waits = append(waits, one.waits)
		}
		all.adverse = all.adverse || one.adverse
		if all.again == 0 || one.again > 0 && one.again < all.again {
			all.again = one.again
		}
	}
	all.waits = cut(strings.Join(waits, "; "), maxMessage)
	return all, nil
}

// judgeTemplate decides about one template. In a group, one may name the artifacts for all; which pods are a group is
// known when they are there, and they are held until then.
func (r *KueueReconciler) judgeTemplate(ctx context.Context, key types.NamespacedName, template map[string]any) (judgement, error) {
	in, err := gathering.Source{Reader: r.Live, Cache: r.Client}.Input(ctx, key, r.Now().Time)
	if err != nil {
		return judgement{}, err
	}
	if in.Release == nil {
		return judgement{waits: "release " + key.Name + " does not exist"}, nil
	}
	d := gate.Decide(in)
	exposure := workload.Exposure(labelsOf(template), in.Release)
	adverse := false
	for _, x := range d.Exposures {
		if x.Name != exposure {
			continue
		}
		if adverse = x.Adverse; !x.Granted {
			break
		}
		if m := workload.MatchTemplate(workload.DeclaredBy(in.Release, revision.Enforced(in.Policy, in.InForce)), template); m != nil && !m.OnlyUnnamed() {
			return judgement{waits: fmt.Sprintf("release %s declares something else: %s", key.Name, m), again: d.RecheckAfter}, nil
		}
		return judgement{again: d.RecheckAfter}, nil
	}
	return judgement{waits: fmt.Sprintf("release %s: %s", key.Name, d.Message), adverse: adverse, again: d.RecheckAfter}, nil
}

// apply writes a part of the status of an object as it was read. One that changed meanwhile wakes us again.
func (r *KueueReconciler) apply(ctx context.Context, o *unstructured.Unstructured, status map[string]any) error {
	u := &unstructured.Unstructured{Object: map[string]any{"status": status}}
	u.SetGroupVersionKind(o.GroupVersionKind())
	u.SetNamespace(o.GetNamespace())
	u.SetName(o.GetName())
	u.SetUID(o.GetUID())
	u.SetResourceVersion(o.GetResourceVersion())
	err := r.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.ForceOwnership, client.FieldOwner(kueueOwner))
	if _, err := effective(err); err != nil {
		return fmt.Errorf("answering %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

// conditionOf is the status of a condition of an object; empty when it has none.
func conditionOf(o *unstructured.Unstructured, kind string) string {
	for _, value := range kinds.Values(o.Object, "status.conditions[]") {
		if fields, _ := value.(map[string]any); fields["type"] == kind {
			status, _ := fields["status"].(string)
			return status
		}
	}
	return ""
}
