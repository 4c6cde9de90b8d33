// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// statefulSet claims the release and, unless a change says otherwise, makes no pod.
func statefulSet(ns, name string, change ...func(*appsv1.StatefulSet)) *appsv1.StatefulSet {
	s := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: new(int32(0)), PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: template(),
		},
	}
	for _, c := range change {
		c(s)
	}
	return s
}

func storedStatefulSet(change ...func(*appsv1.StatefulSet)) func(*testing.T, string) client.Object {
	return func(t *testing.T, ns string) client.Object {
		t.Helper()
		s := statefulSet(ns, "", append(change, func(s *appsv1.StatefulSet) { s.GenerateName = "web-" })...)
		must(t, shared.Client.Create(t.Context(), s))
		return s
	}
}

// heldStatefulSet has a new template. Where no gate holds it, its author has written the same.
func heldStatefulSet(t *testing.T, ns string) client.Object {
	t.Helper()
	s := as[*appsv1.StatefulSet](storedStatefulSet()(t, ns))
	must(t, update(t, s, func(s *appsv1.StatefulSet) {
		nextImage(s)
		atPartition(v1alpha1.HeldPartition)(s)
		metav1.SetMetaDataAnnotation(&s.ObjectMeta, v1alpha1.AnnotationHeld, "partition=0")
	}))
	return s
}

func onStatefulSet(change func(*appsv1.StatefulSet)) func(client.Object) {
	return func(o client.Object) { change(as[*appsv1.StatefulSet](o)) }
}

func nextImage(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].Image = image("next") }

func atPartition(n int32) func(*appsv1.StatefulSet) {
	return func(s *appsv1.StatefulSet) {
		s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: &n}
	}
}

func setMark(value string) func(*appsv1.StatefulSet) {
	return func(s *appsv1.StatefulSet) {
		metav1.SetMetaDataAnnotation(&s.ObjectMeta, v1alpha1.AnnotationHeld, value)
	}
}

// setRecord types a record of a cleared template.
func setRecord(s *appsv1.StatefulSet) {
	metav1.SetMetaDataAnnotation(&s.ObjectMeta, v1alpha1.AnnotationClearedTemplate, "{}")
}

func onDelete(s *appsv1.StatefulSet) {
	s.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}
}

// partitionOf is the partition and the mark of a StatefulSet, as one text.
func partitionOf(s *appsv1.StatefulSet) string {
	partition := "none"
	if r := s.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
		partition = fmt.Sprint(*r.Partition)
	}
	mark, marked := s.Annotations[v1alpha1.AnnotationHeld]
	if !marked {
		mark = "no mark"
	}
	return partition + ", " + mark
}

func wantSet(t *testing.T, s *appsv1.StatefulSet, want string) {
	t.Helper()
	if got := partitionOf(s); got != want {
		t.Errorf("partition and mark: %s, want %s", got, want)
	}
	_, recorded := s.Annotations[v1alpha1.AnnotationClearedTemplate]
	if strings.HasSuffix(want, "no mark") && recorded {
		t.Error("a StatefulSet that is not held has the record of a cleared template")
	}
}

const heldAt0 = "2147483647, partition=0"

// Whatever is sent to a held StatefulSet is taken, and it stays held.
func TestAHeldStatefulSetStaysHeld(t *testing.T) {
	t.Parallel()
	ns, control := govern(t), attempt{as: shared.Client, ns: leaveAlone(t)}
	for name, edit := range map[string]func(*appsv1.StatefulSet){
		"putting the partition back": atPartition(0),
		"putting the partition back with another template": func(s *appsv1.StatefulSet) {
			atPartition(0)(s)
			s.Spec.Template.Spec.Containers[0].Image = image("third")
		},
		"taking the mark off":            func(s *appsv1.StatefulSet) { s.Annotations = nil },
		"writing nonsense over the mark": setMark("partition=-1"),
		"recording a cleared template":   setRecord,
		"taking mark and partition off": func(s *appsv1.StatefulSet) {
			s.Annotations, s.Spec.UpdateStrategy.RollingUpdate = nil, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{make: heldStatefulSet, edit: onStatefulSet(edit), changed: func(before, after client.Object) bool {
				return partitionOf(as[*appsv1.StatefulSet](before)) != partitionOf(as[*appsv1.StatefulSet](after)) ||
					after.GetAnnotations()[v1alpha1.AnnotationClearedTemplate] == "{}"
			}}.fails(t, shared.Client, ns, control)
		})
	}
}

// A change of the template is held through every door.
func TestATemplateUpdateOfAStatefulSetIsHeld(t *testing.T) {
	t.Parallel()
	ns, control := govern(t), attempt{as: shared.Client, ns: leaveAlone(t)}
	for name, edit := range map[string]func(*appsv1.StatefulSet){
		"another image":   nextImage,
		"an annotation":   func(s *appsv1.StatefulSet) { s.Spec.Template.Annotations = map[string]string{"restartedAt": "now"} },
		"another release": func(s *appsv1.StatefulSet) { s.Spec.Template.Labels[v1alpha1.LabelRelease] = "m2" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{make: storedStatefulSet(), edit: onStatefulSet(edit), changed: func(before, after client.Object) bool {
				return templateChanged(before, after) && partitionOf(as[*appsv1.StatefulSet](after)) != heldAt0
			}}.fails(t, shared.Client, ns, control)
		})
	}
	t.Run("a claim that is new is held too", func(t *testing.T) {
		t.Parallel()
		s := as[*appsv1.StatefulSet](storedStatefulSet(func(s *appsv1.StatefulSet) { unclaim(&s.Spec.Template) })(t, ns))
		must(t, update(t, s, func(s *appsv1.StatefulSet) { s.Spec.Template.Labels[v1alpha1.LabelRelease] = release }))
		wantSet(t, s, heldAt0)
	})
}

// The mark remembers the partition as its author last wanted it.
func TestTheMarkOfAStatefulSetRemembersItsPartition(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, row := range map[string]struct {
		was    int32
		first  []func(*appsv1.StatefulSet) // beside the new template
		second func(*appsv1.StatefulSet)
		want   string
	}{
		"none":                               {want: heldAt0},
		"one":                                {was: 2, want: "2147483647, partition=2"},
		"one with the template":              {first: with(atPartition(4)), want: "2147483647, partition=4"},
		"one afterwards":                     {was: 2, second: atPartition(3), want: "2147483647, partition=3"},
		"none afterwards":                    {was: 2, second: func(s *appsv1.StatefulSet) { s.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{} }, want: heldAt0},
		"the same afterwards":                {was: 2, second: func(s *appsv1.StatefulSet) { s.Spec.Replicas = new(int32(0)) }, want: "2147483647, partition=2"},
		"the highest of all, with a wish":    {first: with(atPartition(v1alpha1.HeldPartition), setMark("partition=7")), want: "2147483647, partition=7"},
		"the highest of all":                 {first: with(atPartition(v1alpha1.HeldPartition)), want: "2147483647, partition=2147483647"},
		"the highest of all, and nonsense":   {first: with(atPartition(v1alpha1.HeldPartition), setMark("partition=x")), want: "2147483647, partition=2147483647"},
		"one afterwards, and then nonsense":  {was: 2, second: setMark("7"), want: "2147483647, partition=2"},
		"one afterwards, by the mark":        {was: 2, second: setMark("partition=9"), want: "2147483647, partition=9"},
		"one too long for any ordinal":       {first: with(atPartition(v1alpha1.HeldPartition), setMark("partition=99999999999")), want: "2147483647, partition=2147483647"},
		"one with another text around it":    {first: with(atPartition(v1alpha1.HeldPartition), setMark("my partition=1")), want: "2147483647, partition=2147483647"},
		"one with another text that follows": {first: with(atPartition(v1alpha1.HeldPartition), setMark("partition=1.5")), want: "2147483647, partition=2147483647"},
		"a typed mark beside a partition":    {first: with(atPartition(1), setMark("partition=9")), want: "2147483647, partition=1"},
		"a typed record beside the template": {first: with(setRecord), want: heldAt0},
	} {
		t.Run(name, func(t *testing.T) {
			s := as[*appsv1.StatefulSet](storedStatefulSet(atPartition(row.was))(t, ns))
			must(t, update(t, s, func(s *appsv1.StatefulSet) {
				nextImage(s)
				for _, change := range row.first {
					change(s)
				}
			}))
			if row.second != nil {
				must(t, update(t, s, row.second))
			}
			wantSet(t, s, row.want)
			if text := s.Annotations[v1alpha1.AnnotationClearedTemplate]; !strings.Contains(text, image("server")) {
				t.Errorf("the record of the cleared template is %q", text)
			}
		})
	}
}

func with(changes ...func(*appsv1.StatefulSet)) []func(*appsv1.StatefulSet) { return changes }

// A hold changes one number of the strategy, and the controller puts it back.
func TestAStatefulSetKeepsTheRestOfItsStrategy(t *testing.T) {
	t.Parallel()
	s := as[*appsv1.StatefulSet](storedStatefulSet(atPartition(2))(t, govern(t)))
	unavailable := intstr.FromInt32(2)
	must(t, update(t, s, func(s *appsv1.StatefulSet) {
		nextImage(s)
		s.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = &unavailable
	}))
	wantSet(t, s, "2147483647, partition=2")
	liftSet(t, s, 2)
	wantSet(t, s, "2, no mark")
	if got := s.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable; got == nil || *got != unavailable {
		t.Errorf("maxUnavailable is %v, want 2", got)
	}
}

// What the API server does not take is not hidden by a hold.
func TestAPartitionBelowZeroIsJustInvalid(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, stored := range map[string]func(*testing.T, string) client.Object{"held": heldStatefulSet, "free": storedStatefulSet()} {
		s := as[*appsv1.StatefulSet](stored(t, ns))
		err := update(t, s, func(s *appsv1.StatefulSet) {
			atPartition(-1)(s)
			s.Spec.Template.Spec.Containers[0].Image = image("third")
		})
		if !apierrors.IsInvalid(err) || contains(err, "scalegate-") {
			t.Errorf("%s: want it invalid, got: %v", name, err)
		}
	}
}

// The way back to the template that ran before needs no controller of ours.
func TestAReturnOfAStatefulSetLiftsTheHold(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, row := range map[string]struct {
		back func(s, before *appsv1.StatefulSet) error
		want string
	}{
		"by a patch of the template": {back: func(s, before *appsv1.StatefulSet) error {
			return shared.Client.Patch(t.Context(), s, client.RawPatch(types.JSONPatchType, fmt.Appendf(nil,
				`[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":%q}]`, before.Spec.Template.Spec.Containers[0].Image)))
		}, want: "2, no mark"},
		"by an update from Git, which knows neither mark nor partition": {back: func(s, before *appsv1.StatefulSet) error {
			from := before.DeepCopy()
			from.Annotations, from.ResourceVersion, from.Spec.UpdateStrategy = nil, "", appsv1.StatefulSetUpdateStrategy{}
			err := shared.Client.Update(t.Context(), from)
			from.DeepCopyInto(s)
			return err
		}, want: "0, no mark"},
		"by an update that keeps the partition and drops the mark": {back: func(s, before *appsv1.StatefulSet) error {
			return update(t, s, func(s *appsv1.StatefulSet) { s.Annotations, s.Spec.Template = nil, before.Spec.Template })
		}, want: "2, no mark"},
		"by taking the claim off": {back: func(s, _ *appsv1.StatefulSet) error {
			return update(t, s, func(s *appsv1.StatefulSet) { unclaim(&s.Spec.Template) })
		}, want: "2, no mark"},
		"not by another template": {back: func(s, before *appsv1.StatefulSet) error {
			return update(t, s, func(s *appsv1.StatefulSet) {
				s.Spec.Template = *before.Spec.Template.DeepCopy()
				s.Spec.Template.Spec.Containers[0].Args = []string{"--other"}
			})
		}, want: "2147483647, partition=2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := as[*appsv1.StatefulSet](storedStatefulSet(atPartition(2))(t, ns))
			before := s.DeepCopy()
			must(t, update(t, s, nextImage))
			wantSet(t, s, "2147483647, partition=2")
			must(t, update(t, s, func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].Image = image("third") }))
			must(t, row.back(s, before))
			wantSet(t, s, row.want)
		})
	}
}

// A record that somebody typed before there was a gate is no way past the hold.
func TestAnOldRecordIsNoReturn(t *testing.T) {
	t.Parallel()
	ns, later := govern(t), leaveAlone(t)
	record := func(o client.Object) string { return o.GetAnnotations()[v1alpha1.AnnotationClearedTemplate] }
	s := as[*appsv1.StatefulSet](storedStatefulSet()(t, ns))
	must(t, update(t, s, nextImage))
	d := as[*appsv1.Deployment](storedDeployment()(t, ns))
	lift(t, d)
	setImage(t, d, image("next"))

	next := serverRuns("next")
	set := as[*appsv1.StatefulSet](storedStatefulSet(nextImage, func(o *appsv1.StatefulSet) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationClearedTemplate, record(s))
	})(t, later))
	dep := as[*appsv1.Deployment](storedDeployment(func(o *appsv1.Deployment) {
		next(&o.Spec.Template)
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationClearedTemplate, record(d))
	})(t, later))
	if record(s) == "" || record(d) == "" {
		t.Fatal("there is no record to type")
	}
	enforceGate(t, later)
	must(t, update(t, set, func(o *appsv1.StatefulSet) { serverRuns("server")(&o.Spec.Template) }))
	wantSet(t, set, heldAt0)
	must(t, update(t, dep, func(o *appsv1.Deployment) { serverRuns("server")(&o.Spec.Template) }))
	wantHeld(t, dep, v1alpha1.HeldResume)
}

func TestAStatefulSetIsNotHeldWhereNothingIsNew(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	typed := with(setMark("partition=3"), setRecord)
	for name, row := range map[string]struct {
		made, edit []func(*appsv1.StatefulSet)
		want       string
	}{
		"when it is made":                             {want: "0, no mark"},
		"when it is made with a typed mark":           {made: typed, want: "0, no mark"},
		"when it is made from a copy of a held one":   {made: with(setMark("partition=3"), atPartition(v1alpha1.HeldPartition)), want: "3, no mark"},
		"when a mark is typed later":                  {edit: typed, want: "0, no mark"},
		"when its partition moves":                    {made: with(atPartition(3)), edit: with(atPartition(1)), want: "1, no mark"},
		"when it waits at the highest of all":         {made: with(atPartition(v1alpha1.HeldPartition)), edit: with(setMark("x")), want: "2147483647, no mark"},
		"when it claims nothing":                      {made: with(unclaimSet), edit: with(nextImage), want: "0, no mark"},
		"when it claims on itself alone":              {made: with(unclaimSet, func(s *appsv1.StatefulSet) { s.Labels = map[string]string{v1alpha1.LabelRelease: release} }), edit: with(nextImage), want: "0, no mark"},
		"when its template has no label of its claim": {edit: with(unclaimSet), want: "0, no mark"},
	} {
		t.Run(name, func(t *testing.T) {
			s := as[*appsv1.StatefulSet](storedStatefulSet(row.made...)(t, ns))
			if len(row.edit) > 0 {
				must(t, update(t, s, func(s *appsv1.StatefulSet) {
					for _, change := range row.edit {
						change(s)
					}
				}))
			}
			wantSet(t, s, row.want)
		})
	}
}

func unclaimSet(s *appsv1.StatefulSet) { unclaim(&s.Spec.Template) }

// A template too long for an annotation is held like any other, without a record of it.
func TestALongTemplateOfAStatefulSetIsHeld(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, row := range map[string]struct {
		bytes    int
		recorded bool
	}{"50 KiB": {bytes: 50 << 10, recorded: true}, "70 KiB": {bytes: 70 << 10}} {
		t.Run(name, func(t *testing.T) {
			s := as[*appsv1.StatefulSet](storedStatefulSet(func(s *appsv1.StatefulSet) {
				s.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "LONG", Value: strings.Repeat("x", row.bytes)}}
			})(t, ns))
			must(t, update(t, s, func(s *appsv1.StatefulSet) {
				nextImage(s)
				setRecord(s)
			}))
			must(t, update(t, s, func(s *appsv1.StatefulSet) { s.Spec.MinReadySeconds = 1 }))
			wantSet(t, s, heldAt0)
			if _, recorded := s.Annotations[v1alpha1.AnnotationClearedTemplate]; recorded != row.recorded {
				t.Errorf("recorded: %v, want %v", recorded, row.recorded)
			}
		})
	}
}

// An author's tool that applies the same manifest again and again changes nothing, held or free.
func TestApplyingAStatefulSetAgainChangesNothing(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	s := statefulSet(ns, "web")
	for name, change := range map[string]func(*appsv1.StatefulSet){"free": func(*appsv1.StatefulSet) {}, "held": nextImage} {
		content, err := bare(statefulSet(ns, "web", change))
		must(t, err)
		must(t, apply(t.Context(), shared.Client, s, content))
		before := s.DeepCopy()
		for range 3 {
			must(t, apply(t.Context(), shared.Client, s, content))
			if s.Generation != before.Generation || partitionOf(s) != partitionOf(before) {
				t.Errorf("%s: generation %d, %s; was %d, %s", name, s.Generation, partitionOf(s), before.Generation, partitionOf(before))
			}
		}
	}
}
