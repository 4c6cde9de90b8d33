// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// deploymentHeld claims that the Deployment is held while this many pods are ready.
func (w *world) deploymentHeld(ready int32) func(context.Context) error {
	return func(ctx context.Context) error {
		d := &appsv1.Deployment{}
		if err := w.get(ctx, "assistant", d); err != nil {
			return err
		}
		if !d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] == "" || d.Status.ReadyReplicas != ready {
			return fmt.Errorf("paused %v, mark %q, %d ready", d.Spec.Paused, d.Annotations[v1alpha1.AnnotationHeld], d.Status.ReadyReplicas)
		}
		return nil
	}
}

// notHeld claims that the Deployment goes on.
func (w *world) notHeld() func(context.Context) error {
	return func(ctx context.Context) error {
		d := &appsv1.Deployment{}
		if err := w.get(ctx, "assistant", d); err != nil {
			return err
		}
		if d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] != "" {
			return fmt.Errorf("paused %v, mark %q", d.Spec.Paused, d.Annotations[v1alpha1.AnnotationHeld])
		}
		return nil
	}
}

func (w *world) releaseReason(m model, reason string) func(context.Context) error {
	return func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := w.get(ctx, m.Release, r); err != nil {
			return err
		}
		if c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady); c == nil || c.Reason != reason {
			return fmt.Errorf("ready: %+v", c)
		}
		return nil
	}
}

func (w *world) granted(m model, exposure, level string) func(context.Context) error {
	return func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := w.get(ctx, m.Release, r); err != nil {
			return err
		}
		if r.Status.GrantedExposure != exposure || r.Status.RequiredLevel != level {
			return fmt.Errorf("granted %q at %q", r.Status.GrantedExposure, r.Status.RequiredLevel)
		}
		return nil
	}
}

func (w *world) thresholdState(m model, name string, state v1alpha1.ThresholdState) func(context.Context) error {
	return func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := w.get(ctx, m.Release, r); err != nil {
			return err
		}
		for _, t := range r.Status.Thresholds {
			if t.Name == name && t.State == state {
				return nil
			}
		}
		return fmt.Errorf("thresholds: %+v", r.Status.Thresholds)
	}
}

// answered claims that this evidence decided a requirement so: what the release says then comes after it was read.
func (w *world) answered(m model, requirement string, state v1alpha1.RequirementState, evidence string) func(context.Context) error {
	return func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := w.get(ctx, m.Release, r); err != nil {
			return err
		}
		for _, q := range r.Status.Requirements {
			if q.Name == requirement && q.State == state && q.Evidence == evidence {
				return nil
			}
		}
		return fmt.Errorf("requirements: %+v", r.Status.Requirements)
	}
}

// both claims one thing and, once that holds, another.
func both(first, second func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := first(ctx); err != nil {
			return err
		}
		return second(ctx)
	}
}

func (w *world) measured(evaluation string) func(context.Context) error {
	return func(ctx context.Context) error {
		e := &v1alpha1.SafetyEvaluation{}
		if err := w.get(ctx, evaluation, e); err != nil {
			return err
		}
		if e.Status.Measurement == nil {
			return fmt.Errorf("not measured: %+v", e.Status.Conditions)
		}
		return nil
	}
}

// pods are the pods of the release that are not being deleted: those that run and those that are held.
func (w *world) pods(ctx context.Context, m model) (running, held []corev1.Pod, err error) {
	list := &corev1.PodList{}
	err = w.Client.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelRelease: m.Release})
	for _, pod := range list.Items {
		switch {
		case pod.DeletionTimestamp != nil:
		case len(pod.Spec.SchedulingGates) > 0:
			held = append(held, pod)
		case pod.Status.Phase == corev1.PodRunning:
			running = append(running, pod)
		}
	}
	return running, held, err
}

func (w *world) running(m model, want int) func(context.Context) error {
	return func(ctx context.Context) error {
		running, held, err := w.pods(ctx, m)
		if err != nil || len(running) != want || len(held) != 0 {
			return errors.Join(err, fmt.Errorf("%d run, %d held", len(running), len(held)))
		}
		return nil
	}
}

func (w *world) heldPods(m model, want int) func(context.Context) error {
	return func(ctx context.Context) error {
		running, held, err := w.pods(ctx, m)
		if err != nil || len(running) != 0 || len(held) != want {
			return errors.Join(err, fmt.Errorf("%d run, %d held", len(running), len(held)))
		}
		return nil
	}
}

// comesBack deletes one pod and claims that another takes its place.
func (w *world) comesBack(m model) func(context.Context) error {
	var deleted string
	return func(ctx context.Context) error {
		running, _, err := w.pods(ctx, m)
		if err != nil {
			return err
		}
		if deleted == "" && len(running) > 0 {
			deleted = running[0].Name
			return errors.Join(errors.New("deleting a pod"), w.Client.Delete(ctx, &running[0]))
		}
		if len(running) != 3 || slices.ContainsFunc(running, func(p corev1.Pod) bool { return p.Name == deleted }) {
			return fmt.Errorf("%d run", len(running))
		}
		return nil
	}
}

// warned claims that an apply of the Deployment is answered with a warning that names the release.
func (w *world) warned(m model) func(context.Context) error {
	return func(ctx context.Context) error {
		cfg, err := w.as("argocd")
		if err != nil {
			return err
		}
		warnings, err := w.apply(ctx, cfg, "deployment.yaml", m, "--force-conflicts", "--field-manager=argocd")
		if err != nil || !strings.Contains(warnings, "scalegate explain modelrelease "+m.Release) {
			return errors.Join(err, fmt.Errorf("warned: %q", warnings))
		}
		return nil
	}
}

func (w *world) theFinding(ctx context.Context) (*v1alpha1.AdverseFinding, error) {
	list := &v1alpha1.AdverseFindingList{}
	if err := w.Client.List(ctx, list); err != nil {
		return nil, err
	}
	if len(list.Items) != 1 {
		return nil, fmt.Errorf("%d findings", len(list.Items))
	}
	return &list.Items[0], nil
}

func (w *world) finding(resolved bool) func(context.Context) error {
	return func(ctx context.Context) error {
		f, err := w.theFinding(ctx)
		if err != nil {
			return err
		}
		if !resolved {
			return nil
		}
		if f.Status.ResolvedTime == nil || f.Spec.Resolution.ResolvedBy != "safety-officer" {
			return fmt.Errorf("resolution %+v, status %+v", f.Spec.Resolution, f.Status)
		}
		return nil
	}
}

func (w *world) resolve(ctx context.Context, user, evaluation string) error {
	f, err := w.theFinding(ctx)
	if err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"resolution": v1alpha1.FindingResolution{
		Namespace: namespace, Evaluation: evaluation,
		Reason:     "the grader had counted polite refusals as successes; the re-run used a corrected one",
		ResolvedBy: "somebody-else",
	}}})
	if err != nil {
		return err
	}
	return w.kubectl(ctx, user, "patch", "adversefinding", f.Name, "--type=merge", "-p", string(patch))
}

func (w *world) cannotResolve(user string) func(context.Context) error {
	return func(ctx context.Context) error { return refused(w.resolve(ctx, user, "opus-4-rerun")) }
}

// cannotOpen makes a bare pod of the release and claims that a cluster admin cannot lift its hold.
func (w *world) cannotOpen(m model) func(context.Context) error {
	return func(ctx context.Context) error {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "bare", Labels: map[string]string{v1alpha1.LabelRelease: m.Release}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.example/any"}}},
		}
		if err := client.IgnoreAlreadyExists(w.Client.Create(ctx, pod)); err != nil {
			return err
		}
		return refused(w.kubectl(ctx, "admin", "patch", "pod", "bare", "-n", namespace, "--type=merge", "-p", `{"spec":{"schedulingGates":null}}`))
	}
}

func (w *world) cannotClear(m model) func(context.Context) error {
	return func(ctx context.Context) error {
		value := clearance.Clearance{End: time.Now().Add(time.Hour), Exposure: "General", Mode: clearance.Free}.String()
		return refused(w.kubectl(ctx, "admin", "annotate", "namespace", namespace, clearance.Key(m.Release)+"="+value))
	}
}

// ungoverned makes a pod with an accelerator in a namespace without the label.
func (w *world) ungoverned() func(context.Context) error {
	return func(ctx context.Context) error {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "any"},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.example/any", Resources: corev1.ResourceRequirements{
				Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")},
			}}}},
		}
		if err := client.IgnoreAlreadyExists(w.Client.Create(ctx, pod)); err != nil {
			return err
		}
		if err := w.Client.Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
			return err
		}
		if pod.Status.Phase != corev1.PodRunning {
			return fmt.Errorf("the pod is %s", pod.Status.Phase)
		}
		return nil
	}
}

// quietHistory claims that the generation of the Deployment grew by commits and lifted holds alone:
// made and lifted, updated and lifted, and twice updated and reverted.
func (w *world) quietHistory() func(context.Context) error {
	return func(context.Context) error {
		history, err := w.argocd.history()
		if err != nil {
			return err
		}
		if last := history[len(history)-1]; last != 8 || !slices.IsSorted(history) {
			return fmt.Errorf("generations %v, want them to end in 8", history)
		}
		return nil
	}
}

// refused turns a refusal by one of our admission policies into success, and all else into an error: a user whom
// the cluster's own rights stop shows nothing.
func refused(err error) error {
	if err == nil {
		return errors.New("it was let through")
	}
	if !strings.Contains(err.Error(), "ValidatingAdmissionPolicy 'scalegate-") {
		return err
	}
	return nil
}

// inconclusive is the exit code of explain for a release whose evidence neither clears nor fails.
const inconclusive = 4

// exited turns the exit code that is expected into success.
func exited(err error, code int) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == code {
		return nil
	}
	return errors.Join(err, fmt.Errorf("want exit code %d", code))
}
