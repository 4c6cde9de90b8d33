// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	scalegate = "system:serviceaccount:scalegate-system:scalegate-controller-manager"
	replicas  = "system:serviceaccount:kube-system:replicaset-controller"
	person    = "ada"
	set       = "11111111-0000-4000-8000-000000000000"
	day       = 24 * time.Hour
)

// story is a history of the namespace lab, with a policy of its name and the release m1, and of the ungoverned
// namespace wild. A second passes between two writes.
type story struct {
	t      *testing.T
	w      *Watcher
	now    time.Time
	rv     int
	events []Event
	ns     *corev1.Namespace
	pods   map[string]*corev1.Pod
	policy *v1alpha1.SafetyPolicy
	made   map[string]*v1alpha1.SafetyEvaluation
}

func tell(t *testing.T) *story {
	t.Helper()
	s := &story{
		t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), rv: 100,
		w:    New(Options{Controller: scalegate, Governed: []string{"lab"}, Ungoverned: "wild", Bound: 5 * time.Second}),
		ns:   &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "lab", Annotations: map[string]string{}}},
		pods: map[string]*corev1.Pod{}, made: map[string]*v1alpha1.SafetyEvaluation{},
		policy: &v1alpha1.SafetyPolicy{
			ObjectMeta: metav1.ObjectMeta{Name: "lab"},
			Spec: v1alpha1.SafetyPolicySpec{
				Exposures:    []v1alpha1.Exposure{{Name: "General"}},
				Requirements: []v1alpha1.Requirement{{Name: "attack-success", ValidForDays: 30}},
			},
		},
	}
	s.write(person, "create", "safetypolicies", s.policy)
	s.release("")
	return s
}

// wait lets time pass.
func (s *story) wait(d time.Duration) { s.now = s.now.Add(d) }

// write adds a write of an object as it is now.
func (s *story) write(user, verb, resource string, o metav1.Object) *Event {
	s.t.Helper()
	s.now = s.now.Add(time.Second)
	s.rv++
	o.SetResourceVersion(strconv.Itoa(s.rv))
	raw, err := json.Marshal(o)
	if err != nil {
		s.t.Fatal(err)
	}
	e := Event{
		Received: s.now.Add(-10 * time.Millisecond), Answered: s.now, User: user, Verb: verb, Resource: resource,
		Namespace: o.GetNamespace(), Name: o.GetName(),
	}
	e.take(raw)
	s.events = append(s.events, e)
	return &s.events[len(s.events)-1]
}

func (s *story) release(severity v1alpha1.RevocationSeverity) {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: "lab", Name: "m1"}}
	if severity != "" {
		r.Spec.Revocation = &v1alpha1.Revocation{Severity: severity}
	}
	s.write(person, "update", "modelreleases", r)
}

// change changes the policy.
func (s *story) change(how func(*v1alpha1.SafetyPolicySpec)) {
	s.t.Helper()
	how(&s.policy.Spec)
	s.write(person, "patch", "safetypolicies", s.policy)
}

func (s *story) ceiling(n int32) {
	s.t.Helper()
	s.change(func(p *v1alpha1.SafetyPolicySpec) {
		p.Exposures[0].MaxReplicas = &n
		if n == 0 {
			p.Exposures[0].MaxReplicas = nil
		}
	})
}

// result brings a result whose file claims to have ended so long ago, and which is read at once.
func (s *story) result(name string, rate float64, ago time.Duration) {
	s.t.Helper()
	text := fmt.Sprintf(`{"results": {"scores": [{"metrics": {"accuracy": {"value": %v}}}]}, "stats": {"completed_at": %q}}`,
		rate, s.now.Add(-ago).Format(time.RFC3339))
	s.write(person, "create", "configmaps", &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "lab", Name: name}, Data: map[string]string{"report.json": text},
	})
	e := &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "lab", Name: name, CreationTimestamp: metav1.NewTime(s.now)},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject: v1alpha1.EvaluationSubject{Release: "m1"},
			Report:  &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report.json"}},
		},
	}
	s.made[name] = e
	s.write(person, "create", "safetyevaluations", e)
	e.Status.Measurement = &v1alpha1.Measurement{Value: "1"}
	s.write(scalegate, "patch", "safetyevaluations", e).Subresource = "status"
}

func (s *story) pass(name string) { s.t.Helper(); s.result(name, 0.01, time.Minute) }
func (s *story) fail()            { s.t.Helper(); s.result("bad", 0.5, time.Second) }

// brief brings a passing result that counts for so long from now on.
func (s *story) brief(life time.Duration) {
	s.t.Helper()
	s.result("good", 0.01, 30*day-life)
}

func (s *story) revoke(name string, severity v1alpha1.RevocationSeverity) {
	s.t.Helper()
	s.made[name].Spec.Revocation = &v1alpha1.Revocation{Severity: severity}
	s.write(person, "patch", "safetyevaluations", s.made[name])
}

// resolve names a passing result in the finding of a failing one, which takes effect at once where noted.
func (s *story) resolve(failing, by string, noted bool) {
	s.t.Helper()
	f := &v1alpha1.AdverseFinding{
		ObjectMeta: metav1.ObjectMeta{Name: failing},
		Spec: v1alpha1.AdverseFindingSpec{
			Evidence:   v1alpha1.FindingEvidence{Namespace: "lab", Name: failing},
			Resolution: &v1alpha1.FindingResolution{Namespace: "lab", Evaluation: by, Reason: "mended"},
		},
	}
	s.write(person, "patch", "adversefindings", f)
	if noted {
		f.Status.ResolvedTime = new(metav1.NewTime(s.now))
		s.write(scalegate, "patch", "adversefindings", f)
	}
}

// clear writes a clearance that lasts so long, free for the owners or, without any, counted.
func (s *story) clear(life time.Duration, owners ...string) {
	s.t.Helper()
	mode := "free"
	if len(owners) == 0 {
		mode = "counted"
	}
	s.ns.Annotations["clearance.scalegate.dev/m1"] = strings.Join([]string{
		"v1", s.now.Add(life).Format(time.RFC3339), "General", mode, strings.Join(owners, ","), "", s.now.Format(time.RFC3339),
	}, "|")
	s.write(scalegate, "patch", "namespaces", s.ns)
}

func (s *story) withdraw() {
	s.t.Helper()
	delete(s.ns.Annotations, "clearance.scalegate.dev/m1")
	s.write(scalegate, "patch", "namespaces", s.ns)
}

// born makes a pod of template a, held or not.
func (s *story) born(name string, held bool) *corev1.Pod {
	s.t.Helper()
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "lab", Name: name, UID: types.UID("uid-" + name), CreationTimestamp: metav1.NewTime(s.now.Add(time.Second)),
		Labels:          map[string]string{"app": "web", "pod-template-hash": "a", v1alpha1.LabelRelease: "m1"},
		OwnerReferences: []metav1.OwnerReference{{UID: set, Controller: new(true)}},
	}}
	if held {
		p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1alpha1.SchedulingGate}}
	}
	s.pods[name] = p
	s.write(replicas, "create", "pods", p)
	return p
}

// lift takes the gate of a pod away.
func (s *story) lift(user, name string) {
	s.t.Helper()
	s.pods[name].Spec.SchedulingGates = nil
	s.write(user, "patch", "pods", s.pods[name])
}

// open makes held pods and lifts their gates.
func (s *story) open(names ...string) {
	s.t.Helper()
	for _, name := range names {
		s.born(name, true)
		s.lift(scalegate, name)
	}
}

func (s *story) remove(user, name string) {
	s.t.Helper()
	s.write(user, "delete", "pods", s.pods[name])
}

// seen are the invariants that the watcher saw violated, each once.
func (s *story) seen() []string {
	s.w.Take(s.events, s.now)
	s.events = nil
	var all []string
	for _, v := range s.w.Violations() {
		all = append(all, v.Invariant)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
