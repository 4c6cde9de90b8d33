// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// A held update leaves the old pods serving, scaling and healing; the way back to them needs no
// controller of ours.
func TestAHeldUpdateLeavesTheOldPodsServing(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	d, rs := serve(t, ns)
	old := d.Spec.Template.DeepCopy()
	setImage(t, d, image("next"))
	wantHeld(t, d, v1alpha1.HeldResume)

	scale(t, d, 4)
	pods := awaitPods(t, ns, 4, 0)
	must(t, shared.Client.Delete(t.Context(), &pods[0]))
	awaitPods(t, ns, 4, 0)
	scale(t, d, 3)
	for _, p := range awaitPods(t, ns, 3, 0) {
		if owner := metav1.GetControllerOf(&p); owner == nil || owner.UID != rs.UID {
			t.Errorf("pod %s is not of the old ReplicaSet: %+v", p.Name, owner)
		}
	}
	must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(d), d))
	wantHeld(t, d, v1alpha1.HeldResume)

	// A record of what ran before is not for the author to write.
	must(t, update(t, d, func(d *appsv1.Deployment) {
		metav1.SetMetaDataAnnotation(&d.ObjectMeta, v1alpha1.AnnotationClearedTemplate, "{}")
	}))
	wantHeld(t, d, v1alpha1.HeldResume)
	must(t, update(t, d, func(d *appsv1.Deployment) {
		d.Spec.Template = *old.DeepCopy()
		d.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "A", Value: "B"}}
	}))
	wantHeld(t, d, v1alpha1.HeldResume)

	must(t, update(t, d, func(d *appsv1.Deployment) { d.Spec.Template = *old }))
	wantFree(t, d, false)
	awaitPods(t, ns, 3, 0)
	onlyReplicaSet(t, ns)
}

func setImage(t *testing.T, d *appsv1.Deployment, image string) {
	t.Helper()
	must(t, shared.Client.Patch(t.Context(), d, client.RawPatch(types.JSONPatchType,
		fmt.Appendf(nil, `[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":%q}]`, image))))
}

func TestAReturnToTheClearedTemplateLiftsTheHold(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		paused bool // by the author, before the update
		back   func(d, before *appsv1.Deployment) error
	}{
		"by a patch": {back: func(d, before *appsv1.Deployment) error {
			return patchTemplate(d, before)
		}},
		"by a patch, of a Deployment that its author had paused": {paused: true, back: func(d, before *appsv1.Deployment) error {
			return patchTemplate(d, before)
		}},
		"by an update": {back: func(d, before *appsv1.Deployment) error {
			return update(t, d, func(d *appsv1.Deployment) { d.Spec.Template = before.Spec.Template })
		}},
		"by an update from Git, which knows neither mark nor pause": {back: func(d, before *appsv1.Deployment) error {
			from := before.DeepCopy()
			from.Annotations, from.ResourceVersion = nil, ""
			err := shared.Client.Update(t.Context(), from)
			from.DeepCopyInto(d)
			return err
		}},
		"by server-side apply": {back: func(d, before *appsv1.Deployment) error {
			content, err := bare(deployment(d.Namespace, d.Name, func(o *appsv1.Deployment) { o.Spec.Template = before.Spec.Template }))
			if err != nil {
				return err
			}
			return apply(t.Context(), shared.Client, d, content)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := as[*appsv1.Deployment](storedDeployment()(t, govern(t)))
			lift(t, d)
			must(t, update(t, d, func(d *appsv1.Deployment) { d.Spec.Paused = row.paused }))
			wantFree(t, d, row.paused)
			before := d.DeepCopy()
			setImage(t, d, image("next"))
			want := v1alpha1.HeldResume
			if row.paused {
				want = v1alpha1.HeldPaused
			}
			wantHeld(t, d, want)
			setImage(t, d, image("third"))
			wantHeld(t, d, want)
			must(t, row.back(d, before))
			wantFree(t, d, row.paused)
		})
	}
}

func patchTemplate(d, before *appsv1.Deployment) error {
	raw, err := json.Marshal([]map[string]any{{"op": "replace", "path": "/spec/template", "value": before.Spec.Template}})
	if err != nil {
		return err
	}
	return shared.Client.Patch(context.Background(), d, client.RawPatch(types.JSONPatchType, raw))
}

func TestTakingTheClaimOffEndsTheHold(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, row := range map[string]struct{ authorPauses bool }{
		"of one that would go on": {}, "of one that its author paused": {authorPauses: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := as[*appsv1.Deployment](storedDeployment(func(d *appsv1.Deployment) { d.Spec.Paused = row.authorPauses })(t, ns))
			must(t, shared.Client.Patch(t.Context(), d, client.RawPatch(types.MergePatchType,
				fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"labels":{%q:null}}}}}`, v1alpha1.LabelRelease))))
			wantFree(t, d, row.authorPauses)
		})
	}
}

// An author's tool that applies the same manifest again and again changes nothing, held or free.
func TestApplyingTheSameAgainChangesNothing(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	content, err := bare(deployment(ns, "web"))
	must(t, err)
	d := deployment(ns, "web")
	again := func(when string) {
		t.Helper()
		for range 3 {
			generation, version := d.Generation, d.Spec.Paused
			must(t, apply(t.Context(), shared.Client, d, content))
			if d.Generation != generation || d.Spec.Paused != version {
				t.Errorf("%s: generation %d and paused %v, want %d and %v", when, d.Generation, d.Spec.Paused, generation, version)
			}
		}
	}
	must(t, apply(t.Context(), shared.Client, d, content))
	wantHeld(t, d, v1alpha1.HeldResume)
	again("held")
	resumed, err := bare(deployment(ns, "web"))
	must(t, err)
	must(t, unstructured.SetNestedField(resumed, false, "spec", "paused"))
	must(t, apply(t.Context(), shared.Client, d, resumed))
	wantHeld(t, d, v1alpha1.HeldResume)
	must(t, apply(t.Context(), shared.Client, d, content))
	wantHeld(t, d, v1alpha1.HeldResume)
	again("held, after paused: false was applied and left out again")
	lift(t, d)
	again("free")
	wantFree(t, d, false)
}

func TestWhatPeopleDoWithKubectlIsHeld(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]func(deployment string) []string{
		"rollout restart": func(d string) []string { return []string{"rollout", "restart", d} },
		"set image":       func(d string) []string { return []string{"set", "image", d, "server=" + image("next")} },
		"set env":         func(d string) []string { return []string{"set", "env", d, "A=B"} },
		"set resources":   func(d string) []string { return []string{"set", "resources", d, "--limits=cpu=1"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := govern(t)
			d := as[*appsv1.Deployment](storedDeployment()(t, ns))
			lift(t, d)
			_, err := shared.Kubectl(t.Context(), shared.Admin(), append([]string{"-n", ns}, args("deployment/"+d.Name)...)...)
			must(t, err)
			must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(d), d))
			wantHeld(t, d, v1alpha1.HeldResume)
			_, err = shared.Kubectl(t.Context(), shared.Admin(), "-n", ns, "rollout", "resume", "deployment/"+d.Name)
			if err == nil {
				must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(d), d))
			}
			wantHeld(t, d, v1alpha1.HeldResume)
		})
	}
}

// A template too long for an annotation is held like any other, and is no error.
func TestALongTemplateIsHeld(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	long := func(size int) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			for i := range size / 1000 {
				d.Spec.Template.Spec.Containers[0].Env = append(d.Spec.Template.Spec.Containers[0].Env,
					corev1.EnvVar{Name: "V" + strconv.Itoa(i), Value: strings.Repeat("x", 1000)})
			}
			metav1.SetMetaDataAnnotation(&d.ObjectMeta, "last-applied", strings.Repeat("x", 100<<10))
		}
	}
	for name, size := range map[string]int{"30 KiB": 30 << 10, "200 KiB": 200 << 10, "700 KiB": 700 << 10} {
		t.Run(name, func(t *testing.T) {
			d := as[*appsv1.Deployment](storedDeployment(long(size))(t, ns))
			wantHeld(t, d, v1alpha1.HeldResume)
			lift(t, d)
			setImage(t, d, image("next"))
			wantHeld(t, d, v1alpha1.HeldResume)
			scale(t, d, 0)
		})
	}
}

// Rolling back by the annotation of the old API makes the deployment controller itself write the
// template; what it writes is held too.
func TestARollbackByTheDeploymentControllerIsHeld(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	d, _ := serve(t, ns)
	setImage(t, d, image("next"))
	lift(t, d)
	eventually(t, func(ctx context.Context) error {
		if all, err := replicaSets(ctx, ns); err != nil || len(all) == 2 {
			return err
		}
		return errors.New("the second ReplicaSet is not made yet")
	})
	must(t, shared.Client.Patch(t.Context(), d, client.RawPatch(types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"deprecated.deployment.rollback.to":"1"}}}`))))
	eventually(t, func(ctx context.Context) error {
		if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(d), d); err != nil {
			return err
		}
		if d.Spec.Template.Spec.Containers[0].Image != image("server") {
			return errors.New("the template is not rolled back yet")
		}
		return nil
	})
	wantHeld(t, d, v1alpha1.HeldResume)
}

// The record of a template is text, in which no other template can read the same.
func TestNoOtherTemplateReadsLikeTheClearedOne(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	arguments := func(args ...string) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Args = args }
	}
	d := as[*appsv1.Deployment](storedDeployment(arguments("--a", "--b"))(t, ns))
	lift(t, d)
	before := d.DeepCopy()
	must(t, update(t, d, arguments("--a", "--c")))
	for _, args := range [][]string{
		{"--a, --b"}, {"--a", "--b", ""}, {`--a", "--b`}, {"--a\", \"--b"}, {"[--a, --b]"}, {`"--a"`, `"--b"`}, {"--a,", "--b"}, {"--a", " --b"},
	} {
		must(t, update(t, d, arguments(args...)))
		if !isHeld(d) {
			t.Errorf("%q reads like the cleared arguments", args)
		}
		must(t, update(t, d, func(d *appsv1.Deployment) { d.Spec.Template = *before.Spec.Template.DeepCopy() }))
		wantFree(t, d, false)
		must(t, update(t, d, arguments("--a", "--c")))
	}
}
