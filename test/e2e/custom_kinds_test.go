// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/kinds/workloads"
)

// define installs the CRD of a kind, GROUP/KIND, while the manager runs, and waits until the kind is served.
func (s *scenario) define(kind string) *unstructured.Unstructured {
	s.t.Helper()
	definition := workloads.CRDs(s.t)[kind].DeepCopy()
	definition.Status = apiextensionsv1.CustomResourceDefinitionStatus{}
	definition.TypeMeta = metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(definition)
	s.must(err)
	crd := &unstructured.Unstructured{Object: content}
	s.must(s.Create(s.t.Context(), crd))
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion(definition.Spec.Group + "/" + definition.Spec.Versions[0].Name)
	list.SetKind(definition.Spec.Names.ListKind)
	s.eventually(func(ctx context.Context) error { return s.List(ctx, list) })
	return crd
}

// custom is an object of the scenario of any kind.
func (s *scenario) custom(apiVersion, kind, name string, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetNamespace(s.ns)
	o.SetName(name)
	return o
}

// make creates an object of a kind that was just installed: until the API server has looked its schema up for the
// admission policies, it refuses it.
func (s *scenario) make(o *unstructured.Unstructured) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error { return s.Create(ctx, o) })
}

// asMap is a value as an object without types holds it.
func (s *scenario) asMap(value any) map[string]any {
	s.t.Helper()
	raw, err := json.Marshal(value)
	s.must(err)
	var content map[string]any
	s.must(json.Unmarshal(raw, &content))
	return content
}

// worker is a template that leaves the naming of the model to its leader.
func (s *scenario) worker(release, app string) corev1.PodTemplateSpec {
	template := s.template(release, app)
	template.Spec.Volumes = nil
	worker := &template.Spec.Containers[0]
	worker.Name, worker.Args, worker.VolumeMounts = "worker", []string{"--join"}, nil
	return template
}

// withWorkers lets a release be served by groups.
func withWorkers(r *v1alpha1.ModelRelease) {
	r.Spec.Serving = append(r.Spec.Serving, v1alpha1.ServingContainer{Container: "worker", Artifact: "server", Args: []string{"--join"}})
}

// grouped makes a pod of one group of a LeaderWorkerSet, as its controllers do.
func (s *scenario) grouped(set *unstructured.Unstructured, group int, role string, template corev1.PodTemplateSpec) {
	s.t.Helper()
	pod := &corev1.Pod{ObjectMeta: s.named(fmt.Sprintf("%s-%d-%s", set.GetName(), group, role)), Spec: template.Spec}
	pod.Labels = template.Labels
	pod.Labels["leaderworkerset.sigs.k8s.io/name"] = set.GetName()
	pod.Labels["leaderworkerset.sigs.k8s.io/group-index"] = strconv.Itoa(group)
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(set, set.GroupVersionKind())}
	s.must(s.Create(s.t.Context(), pod))
}

// A group of a LeaderWorkerSet starts together and takes one place below a ceiling; its workers load what the leader
// tells them. An update waits behind a partition.
func TestLeaderWorkerSetsServeInGroups(t *testing.T) {
	t.Parallel()
	s := begin(t, func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[0].MaxReplicas = new(int32(1)) })
	s.define("leaderworkerset.x-k8s.io/LeaderWorkerSet")
	internal := func(template corev1.PodTemplateSpec) corev1.PodTemplateSpec {
		template.Labels[v1alpha1.LabelExposure] = "Internal"
		return template
	}
	templates := func(release string) map[string]any {
		return map[string]any{
			"size": int64(2), "leaderTemplate": s.asMap(internal(s.template(release, "set"))),
			"workerTemplate": s.asMap(internal(s.worker(release, "set"))),
		}
	}
	s.release("old", withWorkers)
	set := s.custom("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "set", map[string]any{
		"replicas": int64(2), "leaderWorkerTemplate": templates("old"),
	})
	s.make(set)
	for group := range 2 {
		s.grouped(set, group, "leader", internal(s.template("old", "set")))
		s.grouped(set, group, "worker", internal(s.worker("old", "set")))
	}
	s.counts("old", "LeaderWorkerSet", "set", 0, 4)
	s.evaluate("old-good", "old", 0.01, anHourAgo())
	s.counts("old", "LeaderWorkerSet", "set", 2, 2)
	pods, err := s.pods(t.Context(), "set")
	s.must(err)
	for _, pod := range pods {
		if first := pod.Labels["leaderworkerset.sigs.k8s.io/group-index"] == "0"; first == (len(pod.Spec.SchedulingGates) > 0) {
			t.Errorf("pod %s has the gates %v", pod.Name, pod.Spec.SchedulingGates)
		}
	}

	s.release("new", withWorkers)
	path := []string{"spec", "rolloutStrategy", "rollingUpdateConfiguration", "partition"}
	s.must(change(s, set, func(o *unstructured.Unstructured) {
		s.must(unstructured.SetNestedMap(o.Object, templates("new"), "spec", "leaderWorkerTemplate"))
	}))
	if partition, _, err := unstructured.NestedInt64(set.Object, path...); err != nil || partition != v1alpha1.HeldPartition {
		t.Fatalf("the update is not held: partition %d, %v", partition, err)
	}
	s.evaluate("new-good", "new", 0.01, anHourAgo())
	s.eventually(func(ctx context.Context) error {
		err := s.Get(ctx, client.ObjectKeyFromObject(set), set)
		partition, _, _ := unstructured.NestedInt64(set.Object, path...)
		if mark := set.GetAnnotations()[v1alpha1.AnnotationHeld]; err != nil || partition != 0 || mark != "" {
			return errors.Join(err, fmt.Errorf("the hold is not lifted: partition %d, mark %q", partition, mark))
		}
		return nil
	})
}

// A JobSet waits suspended until all that its templates claim is cleared.
func TestJobSetsWaitSuspended(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.define("jobset.x-k8s.io/JobSet")
	job := func(name, release string) map[string]any {
		return map[string]any{"name": name, "replicas": int64(1), "template": map[string]any{"spec": s.asMap(s.job(release, "set"))}}
	}
	s.release("m1")
	set := s.custom("jobset.x-k8s.io/v1alpha2", "JobSet", "set", map[string]any{"replicatedJobs": []any{job("a", "m1"), job("b", "m1")}})
	s.make(set)
	mixed := s.custom("jobset.x-k8s.io/v1alpha2", "JobSet", "mixed", map[string]any{"replicatedJobs": []any{job("a", "m1"), job("b", "m2")}})
	s.make(mixed)
	suspended := func(o *unstructured.Unstructured) bool {
		is, _, _ := unstructured.NestedBool(o.Object, "spec", "suspend")
		return is
	}
	if !suspended(set) || set.GetAnnotations()[v1alpha1.AnnotationHeld] != v1alpha1.HeldResume {
		t.Fatalf("the JobSet is not held: %v", set.Object)
	}
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(set), set); err != nil || suspended(set) {
			return errors.Join(err, errors.New("the JobSet is still suspended"))
		}
		return nil
	})
	r := s.ready("m1", v1alpha1.ReasonWorkloadMismatch)
	s.must(s.Get(t.Context(), client.ObjectKeyFromObject(mixed), mixed))
	if !suspended(mixed) {
		t.Errorf("a JobSet that claims two releases goes on: %+v", r.Status.Workloads)
	}
}

// What loads another model into running pods is told, also of a kind that is installed while the manager runs, and
// taken away, and installed again.
func TestAnAdapterIsToldAsDrift(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.deployment("web", "m1", 1)
	s.serving("web", 1)
	s.ready("m1", v1alpha1.ReasonReleased)
	for range 2 {
		crd := s.define("model.aibrix.ai/ModelAdapter")
		s.make(s.custom("model.aibrix.ai/v1alpha1", "ModelAdapter", "lora", map[string]any{
			"artifactURL": "huggingface://example/lora", "podSelector": map[string]any{"matchLabels": map[string]any{"app": "web"}},
		}))
		r := s.ready("m1", v1alpha1.ReasonAdapterAttached)
		if !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionIdentityDrift) {
			t.Errorf("conditions = %+v", r.Status.Conditions)
		}
		s.serving("web", 1)
		s.must(s.Delete(t.Context(), crd))
		r = s.ready("m1", v1alpha1.ReasonReleased)
		if meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionIdentityDrift) != nil {
			t.Errorf("conditions = %+v", r.Status.Conditions)
		}
		s.eventually(func(ctx context.Context) error {
			if err := s.Get(ctx, client.ObjectKeyFromObject(crd), crd); !apierrors.IsNotFound(err) {
				return errors.Join(err, errors.New("the CRD is still there"))
			}
			return nil
		})
	}
}
