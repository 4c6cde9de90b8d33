// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"maps"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// isHeld tells whether the Deployment has the mark.
func isHeld(d *appsv1.Deployment) bool {
	_, ok := d.Annotations[v1alpha1.AnnotationHeld]
	return ok
}

// wantHeld fails unless the Deployment is paused and has this mark.
func wantHeld(t *testing.T, d *appsv1.Deployment, mark string) {
	t.Helper()
	if got := d.Annotations[v1alpha1.AnnotationHeld]; !d.Spec.Paused || got != mark {
		t.Errorf("paused: %v, mark: %q; want it paused and marked %q", d.Spec.Paused, got, mark)
	}
}

func wantFree(t *testing.T, d *appsv1.Deployment, paused bool) {
	t.Helper()
	_, recorded := d.Annotations[v1alpha1.AnnotationClearedTemplate]
	if d.Spec.Paused != paused || isHeld(d) || recorded {
		t.Errorf("paused: %v, annotations: %v; want no mark and paused: %v", d.Spec.Paused, d.Annotations, paused)
	}
}

// storedDeployment makes Deployments without replicas.
func storedDeployment(change ...func(*appsv1.Deployment)) func(*testing.T, string) client.Object {
	return func(t *testing.T, ns string) client.Object {
		t.Helper()
		d := deployment(ns, "", append([]func(*appsv1.Deployment){func(d *appsv1.Deployment) {
			d.GenerateName, d.Spec.Replicas = "web-", new(int32(0))
		}}, change...)...)
		must(t, shared.Client.Create(t.Context(), d))
		return d
	}
}

func onDeployment(change func(*appsv1.Deployment)) func(client.Object) {
	return func(o client.Object) { change(as[*appsv1.Deployment](o)) }
}

// Whatever is sent to a held Deployment is taken, and it stays held.
func TestAHeldDeploymentStaysHeld(t *testing.T) {
	t.Parallel()
	ns, control := govern(t), attempt{as: shared.Client, ns: leaveAlone(t)}
	resumes := func(_, after client.Object) bool { return !as[*appsv1.Deployment](after).Spec.Paused }
	unmarked := func(_, after client.Object) bool {
		d := as[*appsv1.Deployment](after)
		return d.Annotations[v1alpha1.AnnotationHeld] != v1alpha1.HeldResume || !d.Spec.Paused
	}
	ours := func(d *appsv1.Deployment) { // in the namespace without a gate, nobody else marks it
		metav1.SetMetaDataAnnotation(&d.ObjectMeta, v1alpha1.AnnotationHeld, v1alpha1.HeldResume)
		d.Spec.Paused = true
	}
	for name, row := range map[string]tampering{
		"resuming it": {
			make: storedDeployment(ours), changed: resumes,
			edit: onDeployment(func(d *appsv1.Deployment) { d.Spec.Paused = false }),
		},
		"resuming it with another template": {
			make: storedDeployment(ours), changed: resumes,
			edit: onDeployment(func(d *appsv1.Deployment) {
				d.Spec.Paused, d.Spec.Template.Spec.Containers[0].Image = false, image("other")
			}),
		},
		"taking the mark off": {
			make: storedDeployment(ours), changed: unmarked,
			edit: onDeployment(func(d *appsv1.Deployment) { delete(d.Annotations, v1alpha1.AnnotationHeld) }),
		},
		"taking the mark off and resuming it": {
			make: storedDeployment(ours), changed: unmarked,
			edit: onDeployment(func(d *appsv1.Deployment) {
				d.Annotations, d.Spec.Paused = nil, false
			}),
		},
		"writing nonsense over the mark": {
			make: storedDeployment(ours), changed: unmarked,
			edit: onDeployment(func(d *appsv1.Deployment) { d.Annotations[v1alpha1.AnnotationHeld] = "released" }),
		},
		"writing that its template is the cleared one": {
			make: storedDeployment(ours), changed: func(before, after client.Object) bool {
				_, recorded := after.GetAnnotations()[v1alpha1.AnnotationClearedTemplate]
				return recorded || unmarked(before, after)
			},
			edit: onDeployment(func(d *appsv1.Deployment) { d.Annotations[v1alpha1.AnnotationClearedTemplate] = "{}" }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.fails(t, shared.Client, ns, control)
		})
	}
}

// Its status is a door to the annotations, where nothing is undone: there it is refused.
func TestTheStatusOfADeploymentIsNoDoorToItsHold(t *testing.T) {
	t.Parallel()
	ours := func(d *appsv1.Deployment) {
		metav1.SetMetaDataAnnotation(&d.ObjectMeta, v1alpha1.AnnotationHeld, v1alpha1.HeldResume)
		d.Spec.Paused = true
	}
	ns, other := govern(t), leaveAlone(t)
	for name, edit := range map[string]func(*appsv1.Deployment){
		"taking the mark off":          func(d *appsv1.Deployment) { d.Annotations = nil },
		"changing the mark":            func(d *appsv1.Deployment) { d.Annotations[v1alpha1.AnnotationHeld] = v1alpha1.HeldPaused },
		"recording a cleared template": func(d *appsv1.Deployment) { d.Annotations[v1alpha1.AnnotationClearedTemplate] = "{}" },
		"asking for replicas back":     func(d *appsv1.Deployment) { d.Annotations[v1alpha1.AnnotationScaledReplicas] = "9/1" },
		"asking for a standby":         func(d *appsv1.Deployment) { d.Annotations[v1alpha1.AnnotationStandbyReplicas] = "9" },
	} {
		t.Run(name, func(t *testing.T) {
			row := tampering{make: storedDeployment(ours), edit: onDeployment(edit), changed: func(before, after client.Object) bool {
				return !maps.Equal(before.GetAnnotations(), after.GetAnnotations())
			}}
			for _, way := range ways() {
				d := door{way: way, subresource: "status"}
				if open, _ := row.through(t, d, attempt{as: shared.Client, ns: other}); !open {
					continue
				}
				changed, err := row.through(t, d, attempt{as: shared.Client, ns: ns})
				if changed {
					t.Errorf("%s: it went through", d)
				}
				refused(t, err, "written by Scalegate alone")
			}
		})
	}
}

func TestADeploymentIsHeldWhenItsTemplateIsNew(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, row := range map[string]struct {
		change func(*appsv1.Deployment)
		mark   string
	}{
		"plain":                           {change: func(*appsv1.Deployment) {}, mark: v1alpha1.HeldResume},
		"paused by its author":            {change: func(d *appsv1.Deployment) { d.Spec.Paused = true }, mark: v1alpha1.HeldPaused},
		"not paused by its author":        {change: func(d *appsv1.Deployment) { d.Spec.Paused = false }, mark: v1alpha1.HeldResume},
		"with a mark that somebody typed": {change: mark("released"), mark: v1alpha1.HeldResume},
		"with a typed record of a cleared template": {change: func(d *appsv1.Deployment) {
			metav1.SetMetaDataAnnotation(&d.ObjectMeta, v1alpha1.AnnotationClearedTemplate, "{}")
		}, mark: v1alpha1.HeldResume},
		"that claims the empty release": {change: func(d *appsv1.Deployment) { d.Spec.Template.Labels[v1alpha1.LabelRelease] = "" }, mark: v1alpha1.HeldResume},
	} {
		t.Run(name, func(t *testing.T) {
			d := deployment(ns, "web", row.change)
			must(t, shared.Client.Create(t.Context(), d, client.DryRunAll))
			wantHeld(t, d, row.mark)
			if text, ok := d.Annotations[v1alpha1.AnnotationClearedTemplate]; ok {
				t.Errorf("a new Deployment has a cleared template: %s", text)
			}
		})
	}
	t.Run("one that claims on itself and not in its template is nobody's business", func(t *testing.T) {
		d := deployment(ns, "web", unclaimDeployment, func(d *appsv1.Deployment) { d.Labels = map[string]string{v1alpha1.LabelRelease: release} })
		must(t, shared.Client.Create(t.Context(), d, client.DryRunAll))
		wantFree(t, d, false)
	})
}

// A change of the template is held through every door, while the pods that serve stay.
func TestATemplateUpdateIsHeld(t *testing.T) {
	t.Parallel()
	ns, control := govern(t), attempt{as: shared.Client, ns: leaveAlone(t)}
	cleared := func(t *testing.T, ns string) client.Object {
		t.Helper()
		d := as[*appsv1.Deployment](storedDeployment()(t, ns))
		if isHeld(d) {
			lift(t, d)
		}
		return d
	}
	for name, edit := range map[string]func(*appsv1.Deployment){
		"another image":   func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = image("next") },
		"an annotation":   func(d *appsv1.Deployment) { d.Spec.Template.Annotations = map[string]string{"restartedAt": "now"} },
		"another release": func(d *appsv1.Deployment) { d.Spec.Template.Labels[v1alpha1.LabelRelease] = "m2" },
		"a variable": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "A", Value: "B"}}
		},
		"one with paused: false": func(d *appsv1.Deployment) {
			d.Spec.Paused = false
			d.Spec.Template.Spec.Containers[0].Image = image("next")
		},
		"one with a typed record of itself": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Image = image("next")
			metav1.SetMetaDataAnnotation(&d.ObjectMeta, v1alpha1.AnnotationHeld, v1alpha1.HeldResume)
			metav1.SetMetaDataAnnotation(&d.ObjectMeta, v1alpha1.AnnotationClearedTemplate, "{}")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := tampering{make: cleared, edit: onDeployment(edit), changed: func(before, after client.Object) bool {
				d := as[*appsv1.Deployment](after)
				return templateChanged(before, after) && (!d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] != v1alpha1.HeldResume)
			}}
			row.fails(t, shared.Client, ns, control)
		})
	}
}

func mark(value string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		metav1.SetMetaDataAnnotation(&d.ObjectMeta, v1alpha1.AnnotationHeld, value)
	}
}

func unclaimDeployment(d *appsv1.Deployment) { unclaim(&d.Spec.Template) }
