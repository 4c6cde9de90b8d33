// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// unheld are the workloads whose update nothing holds, as the rows change their template.
func unheld() map[string]func(*testing.T, string) client.Object {
	exposed := func(p *corev1.PodTemplateSpec) { p.Labels[v1alpha1.LabelExposure] = "Internal" }
	return map[string]func(*testing.T, string) client.Object{
		"DaemonSet":                           storedParent(parents()["DaemonSet"], exposed),
		"StatefulSet that replaces on delete": storedStatefulSet(onDelete, func(s *appsv1.StatefulSet) { exposed(&s.Spec.Template) }),
	}
}

func serverRuns(label string) func(*corev1.PodTemplateSpec) {
	return onServer(func(c *corev1.Container) { c.Image = image(label) })
}

func weights(reference string) func(*corev1.PodTemplateSpec) {
	return func(p *corev1.PodTemplateSpec) {
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "weights", VolumeSource: corev1.VolumeSource{
			Image: &corev1.ImageVolumeSource{Reference: reference, PullPolicy: corev1.PullIfNotPresent},
		}})
	}
}

func exposedAs(exposure string) func(*corev1.PodTemplateSpec) {
	return func(p *corev1.PodTemplateSpec) { p.Labels[v1alpha1.LabelExposure] = exposure }
}

const (
	notCleared      = "which is not cleared"
	imageNotCleared = "is not among those cleared for release m1"
)

// newTemplate is a change, and the text of its refusal: in a namespace where the release is not
// cleared, and where it is.
type newTemplate struct {
	change             func(*corev1.PodTemplateSpec)
	uncleared, cleared string
}

func updates() map[string]newTemplate {
	initialised := func(label string) func(*corev1.PodTemplateSpec) {
		return func(p *corev1.PodTemplateSpec) {
			p.Spec.InitContainers = []corev1.Container{{
				Name: "init", Image: image(label), ImagePullPolicy: corev1.PullIfNotPresent,
				TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
			}}
		}
	}
	return map[string]newTemplate{
		"a variable":                          {change: onServer(func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "A", Value: "B"}} }), uncleared: notCleared},
		"a restart":                           {change: func(p *corev1.PodTemplateSpec) { p.Annotations = map[string]string{"restartedAt": "now"} }, uncleared: notCleared},
		"a cleared image":                     {change: serverRuns("guard"), uncleared: notCleared},
		"another image":                       {change: serverRuns("next"), uncleared: notCleared, cleared: imageNotCleared},
		"an image by tag":                     {change: onServer(func(c *corev1.Container) { c.Image = "registry.example/server:v2" }), uncleared: notCleared, cleared: imageNotCleared},
		"digits that only look like a digest": {change: onServer(func(c *corev1.Container) { c.Image = "registry.example/server:" + fixture.SHA256("server") }), uncleared: notCleared, cleared: imageNotCleared},
		"a cleared init container":            {change: initialised("guard"), uncleared: notCleared},
		"another init container":              {change: initialised("next"), uncleared: notCleared, cleared: imageNotCleared},
		"cleared weights":                     {change: weights(image("guard")), uncleared: notCleared},
		"other weights":                       {change: weights(image("next")), uncleared: notCleared, cleared: imageNotCleared},
		"the granted exposure":                {change: exposedAs("General"), uncleared: notCleared},
		"no exposure":                         {change: func(p *corev1.PodTemplateSpec) { delete(p.Labels, v1alpha1.LabelExposure) }, uncleared: notCleared},
		"another exposure":                    {change: exposedAs("Public"), uncleared: notCleared, cleared: "is granted exposure General"},
		"a release that is not cleared":       {change: func(p *corev1.PodTemplateSpec) { p.Labels[v1alpha1.LabelRelease] = "m2" }, uncleared: notCleared, cleared: notCleared},
		"the empty release":                   {change: func(p *corev1.PodTemplateSpec) { p.Labels[v1alpha1.LabelRelease] = "" }, uncleared: notCleared, cleared: notCleared},
	}
}

func TestAnUnclearedUpdateThatNothingHoldsIsRefused(t *testing.T) {
	t.Parallel()
	grant := granted(cleared)
	grant.Digests = append(grant.Digests, fixture.SHA256("guard"))
	ns, free, control := govern(t), namespaceName(t, "f"), attempt{as: shared.Client, ns: leaveAlone(t)}
	must(t, shared.Govern(t.Context(), free))
	writeClearance(t, free, grant.String())
	for kind, stored := range unheld() {
		for name, row := range updates() {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				attack := tampering{
					make: stored, edit: func(o client.Object) { row.change(templateOf(o)) }, changed: templateChanged, refusal: row.uncleared,
				}
				if name == "another image" {
					attack.fails(t, shared.Client, ns, control)
				}
				_, err := attack.through(t, door{way: "update"}, attempt{as: shared.Client, ns: ns})
				refused(t, err, row.uncleared)
				changed, err := attack.through(t, door{way: "update"}, attempt{as: shared.Client, ns: free})
				switch {
				case row.cleared != "":
					refused(t, err, row.cleared)
				case !changed:
					t.Errorf("where the release is cleared: %v", err)
				}
			})
		}
	}
}

// What is no new template of a release passes, cleared or not.
func TestWhatIsNoUnclearedTemplatePasses(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, row := range map[string]struct {
		made []func(*corev1.PodTemplateSpec)
		edit func(*appsv1.DaemonSet)
	}{
		"dropping the claim":         {edit: func(d *appsv1.DaemonSet) { unclaim(&d.Spec.Template) }},
		"a template without a claim": {made: []func(*corev1.PodTemplateSpec){unclaim}, edit: func(d *appsv1.DaemonSet) { serverRuns("next")(&d.Spec.Template) }},
		"how long a pod is ready":    {edit: func(d *appsv1.DaemonSet) { d.Spec.MinReadySeconds = 1 }},
		"how an update rolls out": {edit: func(d *appsv1.DaemonSet) {
			d.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{MaxUnavailable: new(intstr.FromInt32(2))}
		}},
		"a label": {edit: func(d *appsv1.DaemonSet) { d.Labels = map[string]string{v1alpha1.LabelRelease: release} }},
	} {
		t.Run(name, func(t *testing.T) {
			d := as[*appsv1.DaemonSet](storedParent(parents()["DaemonSet"], row.made...)(t, ns))
			must(t, update(t, d, row.edit))
			must(t, shared.Client.Delete(t.Context(), d))
		})
	}
	t.Run("a DaemonSet with a mark that somebody typed", func(t *testing.T) {
		d := as[*appsv1.DaemonSet](storedParent(parents()["DaemonSet"])(t, ns))
		must(t, update(t, d, func(d *appsv1.DaemonSet) { metav1.SetMetaDataAnnotation(&d.ObjectMeta, v1alpha1.AnnotationHeld, "x") }))
		must(t, update(t, d, func(d *appsv1.DaemonSet) {
			d.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType}
		}))
	})
	t.Run("a DaemonSet is made", func(t *testing.T) { storedParent(parents()["DaemonSet"])(t, ns) })
	t.Run("a StatefulSet whose update is held, cleared or not", func(t *testing.T) {
		cleared := govern(t)
		writeClearance(t, cleared, granted("owner").String())
		for _, ns := range []string{ns, cleared} {
			s := as[*appsv1.StatefulSet](storedStatefulSet()(t, ns))
			must(t, update(t, s, nextImage))
			must(t, update(t, s, func(s *appsv1.StatefulSet) {
				serverRuns("server")(&s.Spec.Template)
				exposedAs("Public")(&s.Spec.Template)
			}))
			must(t, update(t, s, func(s *appsv1.StatefulSet) { s.Spec.MinReadySeconds = 1 }))
			wantSet(t, s, heldAt0)
		}
	})
	t.Run("a StatefulSet that begins to replace on delete", func(t *testing.T) {
		s := as[*appsv1.StatefulSet](storedStatefulSet()(t, ns))
		must(t, update(t, s, onDelete))
		scale(t, s, 1)
		must(t, update(t, s, func(s *appsv1.StatefulSet) { s.Spec.MinReadySeconds = 1 }))
	})
}

// A held StatefulSet does not get rid of its hold by another strategy.
func TestAHeldStatefulSetKeepsItsStrategy(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	tampering{make: heldStatefulSet, edit: onStatefulSet(onDelete), changed: func(_, after client.Object) bool {
		return as[*appsv1.StatefulSet](after).Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType
	}, refusal: notCleared}.fails(t, shared.Client, ns, attempt{as: shared.Client, ns: leaveAlone(t)})

	writeClearance(t, ns, granted(cleared).String())
	s := as[*appsv1.StatefulSet](storedStatefulSet()(t, ns))
	must(t, update(t, s, func(s *appsv1.StatefulSet) { s.Spec.Template.Annotations = map[string]string{"a": "b"} }))
	wantSet(t, s, heldAt0)
	must(t, update(t, s, onDelete))
	wantSet(t, s, "none, no mark")
}

// A mark that somebody typed before there was a gate is no hold.
func TestAnOldMarkIsNoHold(t *testing.T) {
	t.Parallel()
	ns := leaveAlone(t)
	s := as[*appsv1.StatefulSet](storedStatefulSet(onDelete, setMark("x"))(t, ns))
	enforceGate(t, ns)
	must(t, update(t, s, func(s *appsv1.StatefulSet) { s.Spec.MinReadySeconds = 1 }))
	wantSet(t, s, "none, no mark")
}

// The same exposure under another release is another exposure.
func TestAnExposureIsThatOfItsRelease(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	grant := granted(cleared).String()
	writeClearance(t, ns, grant)
	d := as[*appsv1.DaemonSet](storedParent(parents()["DaemonSet"], exposedAs("Internal"), func(p *corev1.PodTemplateSpec) {
		p.Labels[v1alpha1.LabelRelease] = "m2"
	})(t, ns))
	refused(t, update(t, d, func(d *appsv1.DaemonSet) { d.Spec.Template.Labels[v1alpha1.LabelRelease] = release }), "is granted exposure General")
	must(t, update(t, d, func(d *appsv1.DaemonSet) {
		d.Spec.Template.Labels[v1alpha1.LabelRelease] = release
		exposedAs("General")(&d.Spec.Template)
	}))
}

func TestWhatAClearanceSaysDecidesWhetherAnUpdatePasses(t *testing.T) {
	t.Parallel()
	good := granted(cleared)
	counted := clearance.Clearance{End: good.End, Exposure: good.Exposure, Mode: clearance.Counted, Digests: good.Digests}
	for name, row := range map[string]struct {
		value  string
		passes bool
	}{
		"a free one":                {value: good.String(), passes: true},
		"a counted one":             {value: counted.String(), passes: true},
		"one of a later version":    {value: strings.Replace(good.String(), "v1|", "v2|", 1)},
		"one with a field too few":  {value: good.String()[:strings.LastIndex(good.String(), "|")]},
		"one with a field too many": {value: good.String() + "|"},
		"an empty one":              {value: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := govern(t)
			d := as[*appsv1.DaemonSet](storedParent(parents()["DaemonSet"])(t, ns))
			writeClearance(t, ns, good.String())
			restart := func(ctx context.Context) error {
				o := d.DeepCopy()
				o.Spec.Template.Annotations = map[string]string{"restartedAt": "now"}
				o.ResourceVersion = ""
				return shared.Client.Update(ctx, o, client.DryRunAll)
			}
			eventually(t, restart)
			writeClearance(t, ns, row.value)
			if row.passes {
				must(t, restart(t.Context()))
				return
			}
			eventually(t, func(ctx context.Context) error { return refusal(restart(ctx), notCleared) })
		})
	}
}

// Whose names are the longest are refused in sentences too.
func TestRefusalsOfLongUpdatesAreSentences(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	longest := strings.Repeat("x", 63)
	d := as[*appsv1.DaemonSet](storedParent(parents()["DaemonSet"])(t, ns))
	err := update(t, d, func(d *appsv1.DaemonSet) { d.Spec.Template.Labels[v1alpha1.LabelRelease] = longest })
	refused(t, err, fmt.Sprintf("run scalegate explain modelrelease %s", longest))
}
