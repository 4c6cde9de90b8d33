// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

const (
	inPlace  = v1alpha1.SafeguardInPlace
	isBroken = v1alpha1.SafeguardBroken
	isNot    = v1alpha1.SafeguardUnknown
)

// checks are one of every type.
func checks() []v1alpha1.SafeguardCheck {
	return []v1alpha1.SafeguardCheck{
		{Type: v1alpha1.SafeguardImagesPinned}, {Type: v1alpha1.SafeguardEgressDenied},
		{Type: v1alpha1.SafeguardEgressBandwidthLimited, MaxEgressBandwidth: "10M"},
		{Type: v1alpha1.SafeguardRuntimeClass, RuntimeClasses: []string{"gvisor", "kata"}},
		{Type: v1alpha1.SafeguardReadOnlyWeights}, {Type: v1alpha1.SafeguardSafeguardContainer},
		{Type: v1alpha1.SafeguardDedicatedNamespace}, {Type: v1alpha1.SafeguardPodSecurityRestricted},
		{Type: v1alpha1.SafeguardNoServiceAccountToken},
		{Type: v1alpha1.SafeguardNoTenantExec, ExemptGroups: []string{"oncall"}},
		{Type: v1alpha1.SafeguardEncryptedStorage, StorageClasses: []string{"encrypted"}},
	}
}

// asking is a check of that type that every exposure needs.
func asking(kind v1alpha1.SafeguardType) Asked {
	for _, c := range checks() {
		if c.Type == kind {
			return Asked{Requirement: "r", Check: c, exposures: []string{"Internal", "General"}}
		}
	}
	return Asked{}
}

// sound is a scene in which every check is in place.
func sound(modifiers ...func(*Scene)) Scene {
	s := Scene{
		Release: fixture.Release("m1", fixture.Of(fixture.Weights("m1"), fixture.Server("m1"), fixture.Safeguard("m1"))),
		Labels: map[string]string{
			v1alpha1.LabelGate: v1alpha1.GateEnforced, v1alpha1.LabelClaims: v1alpha1.ClaimsAll,
			"pod-security.kubernetes.io/enforce": "restricted",
		},
		Namespace:   "serving",
		Serving:     []Workload{soundPod("p1"), soundPod("p2")},
		Network:     &Network{Policies: policies(denyAll("deny"))},
		Inhabitants: &Inhabitants{"p1": "m1", "p2": "m1"},
		Rights:      &Rights{},
		Storage:     &Storage{Claims: map[string]corev1.PersistentVolumeClaim{}, Classes: sets.New("encrypted", "plain")},
	}
	for _, modify := range modifiers {
		modify(&s)
	}
	return s
}

// serving changes the first pod of a scene.
func serving(change func(*Workload)) func(*Scene) {
	return func(s *Scene) { change(&s.Serving[0]) }
}

func soundPod(name string) Workload {
	return Workload{
		Kind: "Pod", Name: name, Exposure: "General",
		Labels: map[string]string{"app": "web"}, Annotations: map[string]string{annotationEgressBandwidth: "8M"},
		Spec: &corev1.PodSpec{
			RuntimeClassName: new("gvisor"), AutomountServiceAccountToken: new(false),
			Containers: []corev1.Container{
				{
					Name: "server", Image: "registry.example/server@" + string(fixture.Server("m1").Digest),
					VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/model"}},
				},
				{Name: "guard", Image: "registry.example/guard@" + string(fixture.Safeguard("m1").Digest)},
			},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: "registry.example/weights@" + string(fixture.Weights("m1").Digest)},
			}}},
		},
	}
}

// row is a scene, and what a check of it says.
type testRow struct {
	change func(*Scene)
	want   v1alpha1.SafeguardState
	// says are parts of the message.
	says []string
}

func judgeRows(t *testing.T, kind v1alpha1.SafeguardType, rows map[string]testRow) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			got := Judge(asking(kind), sound(row.change))
			if got.State != row.want {
				t.Fatalf("state %s, want %s: %s", got.State, row.want, got.Message)
			}
			for _, part := range row.says {
				if !strings.Contains(got.Message, part) {
					t.Errorf("message %q does not say %q", got.Message, part)
				}
			}
			if got.State != inPlace && len(row.says) == 0 {
				t.Errorf("a row that is %s wants to know what is said: %q", got.State, got.Message)
			}
		})
	}
}

func TestEveryCheckIsInPlaceInASoundScene(t *testing.T) {
	for _, c := range checks() {
		got := Judge(asking(c.Type), sound())
		if got.State != inPlace || got.Message == "" || got.LookedAt == "" || got.CannotSee == "" || got.Replaceable {
			t.Errorf("%s: %+v", c.Type, got)
		}
		if len(got.LookedAt) > 512 || len(got.CannotSee) > 512 {
			t.Errorf("%s: says what it looks at in %d bytes and what it cannot see in %d", c.Type, len(got.LookedAt), len(got.CannotSee))
		}
	}
	if got := len(rows()); got != len(checks()) {
		t.Errorf("the table has %d rows, and %d are tried", got, len(checks()))
	}
}

// What was not read is unknown, and where nothing serves checks of pods are in place.
func TestNothingSeen(t *testing.T) {
	bare := Scene{Release: sound().Release, Namespace: "serving"}
	for _, c := range checks() {
		want := inPlace
		if !(Asked{Check: c}).AboutWorkloads() {
			want = isNot
		}
		if got := Judge(asking(c.Type), bare); got.State != want {
			t.Errorf("%s of nothing: %s, want %s", c.Type, got.State, want)
		}
		waiting := bare
		waiting.Serving = []Workload{{Kind: "Pod", Name: "p"}}
		if got := Judge(asking(c.Type), waiting); got.State != isNot {
			t.Errorf("%s of a pod without a spec: %s", c.Type, got.State)
		}
	}
	if got := Judge(Asked{Check: v1alpha1.SafeguardCheck{Type: "Later"}}, sound()); got.State != isNot {
		t.Errorf("a type of a later version: %+v", got)
	}
}

func TestNeeded(t *testing.T) {
	policy := fixture.Policy("rsp", func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Requirements = []v1alpha1.Requirement{
			{Name: "pinned", Check: &v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardImagesPinned}, NeededFrom: "Internal"},
			{Name: "all", Check: &v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardImagesPinned}},
			{Name: "evaluated", Evaluation: &v1alpha1.EvaluationCriterion{}},
		}
	})
	asked := AskedBy(policy, nil)
	if len(asked) != 2 {
		t.Fatalf("asks for %d checks", len(asked))
	}
	for exposure, want := range map[string][2]bool{
		"Evaluation": {false, true}, "Internal": {true, true}, "General": {true, true}, "renamed": {true, true}, "": {true, true},
	} {
		if got := [2]bool{asked[0].Needed(exposure), asked[1].Needed(exposure)}; got != want {
			t.Errorf("%q: needed %v, want %v", exposure, got, want)
		}
	}
}

// What serves where a check is not needed does not break it; and of a workload that waits only its own faults are told.
func TestExposuresAndWaiting(t *testing.T) {
	asked := asking(v1alpha1.SafeguardRuntimeClass)
	asked.NeededFrom = "General"
	unclassed := soundPod("waits")
	unclassed.Spec.RuntimeClassName = nil
	unclassed.Exposure = "Internal"
	scene := sound(func(s *Scene) { s.Serving = append(s.Serving, unclassed) })
	if got := Judge(asked, scene); got.State != inPlace {
		t.Errorf("a pod of a lower exposure: %+v", got)
	}
	if got := Of(asked, unclassed, scene); got.State != inPlace {
		t.Errorf("a waiting pod of a lower exposure: %+v", got)
	}
	unclassed.Exposure = "General"
	if got := Of(asked, unclassed, sound()); got.State != isBroken || !strings.Contains(got.Message, "Pod waits: spec.runtimeClassName") {
		t.Errorf("a waiting pod: %+v", got)
	}
	scene = sound(func(s *Scene) { s.Serving = append(s.Serving, unclassed, unclassed) })
	got := Judge(asked, scene)
	if got.State != isBroken || !got.Replaceable || !strings.HasSuffix(got.Message, "(and 1 more)") {
		t.Errorf("two that serve: %+v", got)
	}
	if got := Of(asking(v1alpha1.SafeguardNoTenantExec), soundPod("p"), Scene{}); got.State != inPlace {
		t.Errorf("a check of the namespace about a workload: %+v", got)
	}
}

// Of two revisions of a policy that ask differently the stricter answer counts.
func TestAnswersOfTwoRevisions(t *testing.T) {
	asks := func(classes ...string) *v1alpha1.SafetyPolicy {
		return fixture.Policy("rsp", func(p *v1alpha1.SafetyPolicy) {
			p.Spec.Requirements = []v1alpha1.Requirement{{
				Name: "sandbox", Check: &v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardRuntimeClass, RuntimeClasses: classes},
			}}
		})
	}
	for _, both := range [][2]*v1alpha1.SafetyPolicy{{asks("gvisor"), asks("kata")}, {asks("kata"), asks("gvisor")}} {
		got := Answers(sound(), both[0], both[1])
		if len(got) != 1 || got[0].State != isBroken || !strings.Contains(got[0].Message, "set it to one of kata") {
			t.Errorf("answers: %+v", got)
		}
	}
	if got := Answers(sound(), asks("gvisor"), nil); len(got) != 1 || got[0].State != inPlace {
		t.Errorf("answers: %+v", got)
	}
}
