// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// adapter is a ModelAdapter that loads what url names into the pods with the label app=app.
func adapter(name, url, app string) *unstructured.Unstructured {
	return custom("model.aibrix.ai/v1alpha1", "ModelAdapter", name, map[string]any{
		"artifactURL": url, "podSelector": map[string]any{"matchLabels": map[string]any{"app": app}},
	})
}

// rewrite sends requests in front of a pool to another model.
func rewrite() *unstructured.Unstructured {
	return custom("llm-d.ai/v1alpha2", "InferenceModelRewrite", "rewrite", map[string]any{
		"poolRef": map[string]any{"name": "pool"}, "rules": []any{map[string]any{"targets": []any{map[string]any{"modelRewrite": "other"}}}},
	})
}

func pool(apiVersion string, selector map[string]any) *unstructured.Unstructured {
	return custom(apiVersion, "InferencePool", "pool", map[string]any{"selector": selector})
}

func elsewhereIn(namespace string, o *unstructured.Unstructured) *unstructured.Unstructured {
	o.SetNamespace(namespace)
	return o
}

// drifting is what stands beside the pods of a release.
type drifting struct {
	objects []*unstructured.Unstructured
	pods    []corev1.Pod
	// reason is empty when nothing drifts; message is a part of the message.
	reason, message string
}

func (test drifting) check(t *testing.T) {
	t.Helper()
	w := newWorld(t, test.objects...)
	for kind, version := range map[string]string{"ModelAdapter": "v1alpha1", "LoraAdapter": "v1alpha1", "RayService": "v1", "LLMInferenceService": "v1alpha2"} {
		w.install(kind, version)
	}
	for name, row := range customRows() { // pools: one group serves v1, the other what came before
		if row.kind.Kind == "InferencePool" || name == "inferencemodelrewrites.llm-d.ai" {
			if err := w.crds.Create(w.ctx, definition(row, "True", row.versions[len(row.versions)-1:]...)); err != nil {
				t.Fatal(err)
			}
			w.look(row)
		}
	}
	w.eventually("the objects are seen", func() bool {
		return !slices.ContainsFunc(test.objects, func(o *unstructured.Unstructured) bool {
			return w.kinds.find(o.GroupVersionKind().GroupKind(), types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}) == nil
		})
	})
	got := w.kinds.driftOf(release(), test.pods)
	if got.reason != test.reason || !strings.Contains(got.message, test.message) || (got.message == "") != (test.reason == "") {
		t.Errorf("drift = %+v", got)
	}
}

// inApp labels a pod app=web.
func inApp(p *corev1.Pod) { p.Labels["app"] = "web" }

func TestDriftByAdapters(t *testing.T) {
	serving := *running(inApp)
	weights := "oci://registry.example/weights@" + string(fixture.Weights("m1").Digest)
	for sentence, test := range map[string]drifting{
		"an adapter is loaded into what runs": {
			[]*unstructured.Unstructured{adapter("lora", "huggingface://example/lora", "web")}, []corev1.Pod{serving},
			v1alpha1.ReasonAdapterAttached, "ModelAdapter lora loads a LoRA adapter into running pods: huggingface://example/lora. Remove it",
		},
		"the first of several is told": {
			[]*unstructured.Unstructured{adapter("b", "s3://b", "web"), adapter("a", "s3://a", "web")}, []corev1.Pod{serving},
			v1alpha1.ReasonAdapterAttached, "ModelAdapter a",
		},
		"an adapter of other pods": {
			[]*unstructured.Unstructured{adapter("lora", "s3://a", "other")}, []corev1.Pod{serving}, "", "",
		},
		"an adapter in another namespace": {
			[]*unstructured.Unstructured{elsewhereIn("lab", adapter("lora", "s3://a", "web"))}, []corev1.Pod{serving}, "", "",
		},
		"an adapter of an operator that looks in every namespace": {
			[]*unstructured.Unstructured{elsewhereIn("lab", custom("production-stack.vllm.ai/v1alpha1", "LoraAdapter", "lora", map[string]any{
				"baseModel": "web", "adapterSource": map[string]any{"repository": "example/lora"},
			}))}, []corev1.Pod{*running(func(p *corev1.Pod) { p.Labels["model"] = "web" })},
			v1alpha1.ReasonAdapterAttached, "LoraAdapter lora in namespace lab loads a LoRA adapter into running pods",
		},
		"an adapter of what is held": {
			[]*unstructured.Unstructured{adapter("lora", "s3://a", "web")}, []corev1.Pod{*running(inApp, waits)}, "", "",
		},
		"an adapter of what is gone": {
			[]*unstructured.Unstructured{adapter("lora", "s3://a", "web")},
			[]corev1.Pod{*running(inApp, func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed })}, "", "",
		},
		"an adapter that the release declares": {
			[]*unstructured.Unstructured{adapter("lora", weights, "web")}, []corev1.Pod{serving}, "", "",
		},
		"an adapter that names nothing": {
			[]*unstructured.Unstructured{adapter("lora", "", "web")}, []corev1.Pod{serving}, "", "",
		},
		"an adapter whose selector cannot be read may be of any pod": {
			[]*unstructured.Unstructured{custom("model.aibrix.ai/v1alpha1", "ModelAdapter", "lora", map[string]any{
				"artifactURL": "s3://a", "podSelector": map[string]any{"matchExpressions": []any{map[string]any{"key": "app", "operator": "Near"}}},
			})}, []corev1.Pod{serving}, v1alpha1.ReasonAdapterAttached, "ModelAdapter lora may change what the pods answer with",
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestDriftByRoutesAndWorkloads(t *testing.T) {
	serving := *running(inApp)
	for sentence, test := range map[string]drifting{
		"requests are rewritten in front of what runs": {
			[]*unstructured.Unstructured{rewrite(), pool("inference.networking.k8s.io/v1", map[string]any{"matchLabels": map[string]any{"app": "web"}})},
			[]corev1.Pod{serving}, v1alpha1.ReasonRouteRewritten, "InferenceModelRewrite rewrite sends requests",
		},
		"a pool of the first version selects by plain labels": {
			[]*unstructured.Unstructured{rewrite(), pool("inference.networking.x-k8s.io/v1alpha2", map[string]any{"app": "web"})},
			[]corev1.Pod{serving}, v1alpha1.ReasonRouteRewritten, "InferenceModelRewrite rewrite",
		},
		"a pool of other pods": {
			[]*unstructured.Unstructured{rewrite(), pool("inference.networking.k8s.io/v1", map[string]any{"matchLabels": map[string]any{"app": "other"}})},
			[]corev1.Pod{serving}, "", "",
		},
		"a pool that selects nothing": {
			[]*unstructured.Unstructured{rewrite(), pool("inference.networking.k8s.io/v1", map[string]any{})}, []corev1.Pod{serving}, "", "",
		},
		"a pool that is not there": {
			[]*unstructured.Unstructured{rewrite()}, []corev1.Pod{serving}, "", "",
		},
		"models are named in a text that is applied to what runs": {
			[]*unstructured.Unstructured{custom("ray.io/v1", "RayService", "ray", map[string]any{
				"serveConfigV2": "applications: []", "rayClusterConfig": map[string]any{"headGroupSpec": map[string]any{"template": claiming("m1")}},
			})}, []corev1.Pod{serving}, v1alpha1.ReasonServeConfigChanged, "RayService ray names its models in serveConfigV2",
		},
		"the text of another release": {
			[]*unstructured.Unstructured{custom("ray.io/v1", "RayService", "ray", map[string]any{
				"serveConfigV2": "applications: []", "rayClusterConfig": map[string]any{"headGroupSpec": map[string]any{"template": claiming("m2")}},
			})}, []corev1.Pod{serving}, "", "",
		},
		"adapters in the workload itself": {
			[]*unstructured.Unstructured{custom("serving.kserve.io/v1alpha2", "LLMInferenceService", "llm", map[string]any{
				"labels": map[string]any{v1alpha1.LabelRelease: "m1"},
				"model":  map[string]any{"lora": map[string]any{"adapters": []any{map[string]any{"name": "a", "uri": "hf://a"}}}},
			})}, []corev1.Pod{serving}, v1alpha1.ReasonAdapterAttached, "LLMInferenceService llm serves LoRA adapters",
		},
	} {
		t.Run(sentence, test.check)
	}
}

// A value counts as declared where whoever reads it finds just what the digest says.
func TestPinned(t *testing.T) {
	weights := fixture.Weights("m1").Digest
	for name, want := range map[string]bool{
		"oci://registry.example/weights":        true,
		"oci://registry.example:5000/weights:1": true,
		"registry.example:5000/team/weights:1":  true,
		"serveConfigV2":                         true,
		"https://evil.example/x?":               false,
		"https://evil.example/x#":               false,
		"https://evil.example/x":                false,
		"huggingface://example/lora":            false,
		"s3://bucket/lora":                      false,
		"oci://registry.example/weights?":       false,
		"oci://registry.example/weights#":       false,
		"registry.example/weights?x=":           false,
		"oci://registry.example/x@sha256:0":     false,
		"file:/models/lora":                     false,
		"/models/lora":                          false,
		"../lora":                               false,
		"":                                      false,
	} {
		if got := pinned(name+"@"+string(weights), weights); got != want {
			t.Errorf("%q is pinned: %v", name, got)
		}
	}
	if pinned("oci://registry.example/weights@sha256:"+fixture.SHA256("other"), weights) {
		t.Error("another digest counts")
	}
}

// What changes pods wakes the releases of these pods.
func TestWakesOfCustomKinds(t *testing.T) {
	other := release(func(r *v1alpha1.ModelRelease) { r.Name = "m2" })
	elsewhere := release(func(r *v1alpha1.ModelRelease) { r.Namespace = "lab" })
	wake := wakes{newCluster(t, release(), other, elsewhere, running(inApp), running(older),
		running(inApp, func(p *corev1.Pod) { p.Namespace, p.Labels[v1alpha1.LabelRelease] = "lab", "m3" }),
		running(inApp, func(p *corev1.Pod) { p.Name, p.Labels[v1alpha1.LabelRelease] = "unclaimed", "" })).api}
	web := labels.SelectorFromSet(labels.Set{"app": "web"})
	object := func(change func(*parent)) *parent {
		p := &parent{releases: []string{"m0"}}
		p.Namespace = fixture.Namespace
		change(p)
		return p
	}
	drift := func(facts driftFacts) *parent { return object(func(p *parent) { p.drift = &facts }) }
	for sentence, test := range map[string]struct {
		object *parent
		want   []string
	}{
		"a workload":                  {object(func(*parent) {}), []string{"serving/m0"}},
		"a pool":                      {object(func(p *parent) { p.pool = web }), []string{"serving/m0", "serving/m1"}},
		"a pool that selects nothing": {object(func(p *parent) { p.pool = labels.Nothing() }), []string{"serving/m0"}},
		"an adapter":                  {drift(driftFacts{targets: kinds.Targets{Selector: web}}), []string{"serving/m0", "serving/m1"}},
		"an adapter of pods that are not there": {
			drift(driftFacts{targets: kinds.Targets{Selector: labels.SelectorFromSet(labels.Set{"app": "none"})}, everywhere: true}), []string{"serving/m0"},
		},
		"an adapter of pods that are anywhere": {
			drift(driftFacts{targets: kinds.Targets{Selector: web}, everywhere: true}), []string{"lab/m3", "serving/m0", "serving/m1"},
		},
		"an adapter that cannot be read": {drift(driftFacts{unreadable: "text"}), []string{"serving/m0", "serving/m1", "serving/m2"}},
		"an adapter that cannot be read, of pods that are anywhere": {
			drift(driftFacts{unreadable: "text", everywhere: true}), []string{"lab/m1", "serving/m0", "serving/m1", "serving/m2"},
		},
		"a rewritten route in front of a pool": {
			drift(driftFacts{targets: kinds.Targets{Selector: labels.Nothing(), Pool: "pool"}}), []string{"serving/m0", "serving/m1", "serving/m2"},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			var got []string
			for _, name := range wake.releasesOfCustom(t.Context(), test.object) {
				got = append(got, name.String())
			}
			if slices.Sort(got); !slices.Equal(got, test.want) {
				t.Errorf("woken: %q, want %q", got, test.want)
			}
		})
	}
}

// Without custom kinds, and without a release, nothing drifts.
func TestNoDrift(t *testing.T) {
	var none *customKinds
	if got := none.driftOf(release(), []corev1.Pod{*running()}); got != (drifted{}) {
		t.Errorf("drift = %+v", got)
	}
	if got := newWorld(t).kinds.driftOf(nil, []corev1.Pod{*running()}); got != (drifted{}) {
		t.Errorf("drift = %+v", got)
	}
}

// A release that drifts is not ready, though all is as decided; that it drifts is told once, and since when.
func TestDriftIsReported(t *testing.T) {
	drift := drifted{v1alpha1.ReasonAdapterAttached, "ModelAdapter lora loads an adapter"}
	complete := gate.Decision{Reason: v1alpha1.ReasonEvidenceComplete, Message: "General is granted"}
	missing := gate.Decision{Reason: v1alpha1.ReasonEvidenceMissing, Message: "nothing is there"}
	enforced := outcome{}
	enforced.plan.Reason = v1alpha1.ReasonEnforced
	with := enforced
	with.drift = drift
	r := release()
	events := func(d gate.Decision, o outcome) []string {
		before := r.Status
		r.Status = statusFor(r, d, o, now())
		var reasons []string
		for _, a := range announcements(before, r.Status) {
			reasons = append(reasons, a.kind+" "+a.reason)
		}
		return reasons
	}
	for i, step := range []struct {
		decision gate.Decision
		outcome  outcome
		want     []string
		ready    string
	}{
		{complete, enforced, []string{"Normal Released"}, v1alpha1.ReasonReleased},
		{complete, with, []string{"Warning AdapterAttached"}, v1alpha1.ReasonAdapterAttached},
		{complete, with, nil, v1alpha1.ReasonAdapterAttached},
		{complete, enforced, []string{"Normal Released"}, v1alpha1.ReasonReleased},
		{missing, enforced, []string{"Normal EvidenceMissing"}, v1alpha1.ReasonEvidenceMissing},
		{missing, with, []string{"Warning AdapterAttached"}, v1alpha1.ReasonEvidenceMissing},
		{missing, with, nil, v1alpha1.ReasonEvidenceMissing},
	} {
		if got := events(step.decision, step.outcome); !slices.Equal(got, step.want) {
			t.Errorf("step %d: events %q, want %q", i, got, step.want)
		}
		conditions := r.Status.Conditions
		is := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
		if is.Reason != step.ready || (is.Status == metav1.ConditionTrue) != (step.ready == v1alpha1.ReasonReleased) {
			t.Errorf("step %d: ready is %+v", i, is)
		}
		condition := meta.FindStatusCondition(conditions, v1alpha1.ConditionIdentityDrift)
		if (condition != nil) != (step.outcome.drift.reason != "") || condition != nil && condition.Message != drift.message {
			t.Errorf("step %d: drift is %+v", i, condition)
		}
	}
	since := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionIdentityDrift).LastTransitionTime
	later := statusFor(r, missing, with, metav1.NewTime(fixture.Day(2)))
	if got := meta.FindStatusCondition(later.Conditions, v1alpha1.ConditionIdentityDrift).LastTransitionTime; !got.Equal(&since) {
		t.Errorf("it drifts since %v, and did since %v", got, since)
	}
}
