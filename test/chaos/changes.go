// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/chaos/plan"
)

// isDone is how long a transition may take: it waits for an API server that is down, and a resolution for its finding,
// which a manager makes.
const isDone = 3 * time.Minute

// change carries transitions out, one after another, each until it is done.
func (r *run) change(ctx context.Context, all []plan.Transition) error {
	for _, t := range all {
		if err := pass(ctx, t.After); err != nil {
			return err
		}
		do := r.doing(t)
		r.journal.say("begin %s", t)
		if err := again(ctx, isDone, "transition "+t.String(), do); err != nil {
			return err
		}
		r.journal.say("done %s", t)
		r.report.Transitions++
	}
	return nil
}

// doing is what a transition does. It may be done again when it is not known whether it was done.
func (r *run) doing(t plan.Transition) func(context.Context) error {
	switch t.Kind {
	case plan.Open, plan.Brief, plan.Doubt, plan.Fail:
		return r.evaluate(t)
	case plan.Resolve:
		evaluate := r.evaluate(t)
		return func(ctx context.Context) error {
			if err := evaluate(ctx); err != nil {
				return err
			}
			return r.resolve(ctx, t)
		}
	case plan.RevokeEvaluation:
		return r.patching(&v1alpha1.SafetyEvaluation{}, t.Namespace, t.Of, "revocation", revocation(t))
	case plan.RevokeRelease:
		return r.patching(&v1alpha1.ModelRelease{}, t.Namespace, t.Release, "revocation", revocation(t))
	case plan.Reinstate:
		return r.patching(&v1alpha1.ModelRelease{}, t.Namespace, t.Release, "revocation", nil)
	case plan.Scale:
		return r.patching(kind(t.Workload), t.Namespace, t.Workload, "replicas", t.Number)
	case plan.Rollout:
		return r.patching(kind(t.Workload), t.Namespace, t.Workload, "template", map[string]any{
			"metadata": map[string]any{"labels": map[string]any{"build": strconv.Itoa(int(t.Number))}},
		})
	case plan.Ceiling:
		e := map[string]any{"name": exposure}
		if t.Number > 0 {
			e["maxReplicas"] = t.Number
		}
		return r.patching(&v1alpha1.SafetyPolicy{}, "", t.Namespace, "exposures", []any{e})
	case plan.DeletePod:
		return func(ctx context.Context) error { return r.deletePod(ctx, t) }
	}
	return func(context.Context) error { return fmt.Errorf("there is no transition %q", t.Kind) }
}

func revocation(t plan.Transition) map[string]any {
	return map[string]any{"severity": t.Severity, "reason": "the run was found to be wrong"}
}

// kind of a workload.
func kind(workload string) client.Object {
	for _, w := range plan.Workloads() {
		if w.Name == workload && w.Stateful {
			return &appsv1.StatefulSet{}
		}
	}
	return &appsv1.Deployment{}
}

// patching sets one field of a spec, or removes it.
func (r *run) patching(o client.Object, namespace, name, field string, value any) func(context.Context) error {
	return func(ctx context.Context) error {
		patch, err := json.Marshal(map[string]any{"spec": map[string]any{field: value}})
		if err != nil {
			return err
		}
		o.SetNamespace(namespace)
		o.SetName(name)
		return r.Client.Patch(ctx, o, client.RawPatch(types.MergePatchType, patch))
	}
}

// The rates of the results: far from both bounds of the policy.
func rate(k plan.Kind) float64 {
	if rate, ok := map[plan.Kind]float64{plan.Fail: 0.5, plan.Doubt: 0.12}[k]; ok {
		return rate
	}
	return 0.01
}

// evaluate brings a result. Each result of a release ends later than those before, but for brief ones, whose claimed
// end is so long ago that they count for no longer than they should.
func (r *run) evaluate(t plan.Transition) func(context.Context) error {
	key, ended := t.Namespace+"/"+t.Release, time.Now().Add(-time.Minute)
	if t.Kind == plan.Brief {
		key, ended = key+"/brief", time.Now().Add(t.Life-validDays*24*time.Hour)
	}
	ended = ended.UTC().Truncate(time.Second)
	if next := r.ended[key].Add(time.Second); ended.Before(next) {
		ended = next
	}
	r.ended[key] = ended
	name := t.Evaluation()
	meta := metav1.ObjectMeta{Namespace: t.Namespace, Name: name}
	return func(ctx context.Context) error {
		cm := &corev1.ConfigMap{ObjectMeta: *meta.DeepCopy(), Data: map[string]string{
			"report.json": inspectLog(t.Namespace+"/"+name, rate(t.Kind), ended),
		}}
		if err := client.IgnoreAlreadyExists(r.Client.Create(ctx, cm)); err != nil {
			return err
		}
		return client.IgnoreAlreadyExists(r.Client.Create(ctx, &v1alpha1.SafetyEvaluation{
			ObjectMeta: *meta.DeepCopy(),
			Spec: v1alpha1.SafetyEvaluationSpec{
				Subject: v1alpha1.EvaluationSubject{
					Release: t.Release,
					Artifacts: []v1alpha1.SubjectArtifact{
						{Type: v1alpha1.ArtifactWeights, Digest: weights(t.Namespace, t.Release)},
					},
				},
				Requirement: requirement,
				Report:      &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report.json"}},
			},
		}))
	}
}

// inspectLog is a result file of Inspect.
func inspectLog(id string, rate float64, ended time.Time) string {
	at := ended.Format(time.RFC3339)
	return fmt.Sprintf(`{"version": 2, "status": "success",
 "eval": {"eval_id": %[1]q, "run_id": %[1]q, "created": %[2]q, "task": "attack", "model": "example/model",
  "dataset": {"samples": 1000}, "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3.140"}},
 "plan": {"steps": []},
 "results": {"total_samples": 1000, "completed_samples": 1000, "scores": [
  {"name": "attack", "scorer": "attack", "reducer": null, "scored_samples": 1000, "unscored_samples": 0, "params": {},
   "metrics": {"accuracy": {"name": "accuracy", "value": %[3]v}}}]},
 "stats": {"started_at": %[2]q, "completed_at": %[2]q}}`, id, at, rate)
}

// resolve names the passing result in the finding of the failing one.
func (r *run) resolve(ctx context.Context, t plan.Transition) error {
	list := &v1alpha1.AdverseFindingList{}
	if err := r.Client.List(ctx, list); err != nil {
		return err
	}
	for i := range list.Items {
		if e := list.Items[i].Spec.Evidence; e.Namespace == t.Namespace && e.Name == t.Of {
			return r.patching(&v1alpha1.AdverseFinding{}, "", list.Items[i].Name, "resolution", map[string]any{
				"namespace": t.Namespace, "evaluation": t.Evaluation(), "reason": "the cause was mended",
			})(ctx)
		}
	}
	return fmt.Errorf("evaluation %s/%s has no finding", t.Namespace, t.Of)
}

// deletePod deletes one of the pods of a workload, if it has any.
func (r *run) deletePod(ctx context.Context, t plan.Transition) error {
	list := &corev1.PodList{}
	if err := r.Client.List(ctx, list, client.InNamespace(t.Namespace), client.MatchingLabels{"app": t.Workload}); err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return nil
	}
	slices.SortFunc(list.Items, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return client.IgnoreNotFound(r.Client.Delete(ctx, &list.Items[int(t.Number)%len(list.Items)]))
}
