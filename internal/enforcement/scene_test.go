// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// now is when every plan is made; a grant of now ends a week later.
func now() time.Time { return fixture.Day(1) }

func end() time.Time { return fixture.Day(8) }

var (
	unexamined = enforcement.Verdict{}
	matching   = enforcement.Verdict{Examined: true}
	differing  = enforcement.Verdict{Examined: true, Mismatch: "spec.containers[server].image is another; use the declared one"}
	// unread is one whose words were lost on the way to an examination: it counts as not examined.
	unread = enforcement.Verdict{Mismatch: "left over"}
)

// exposures of fixture.Policy, least first: Evaluation has a ceiling of 2, Internal one of 16, General none.
func exposures() []string { return []string{"Evaluation", "Internal", "General"} }

// granting is a decision that grants the exposures up to highest.
func granting(highest string, modifiers ...func(*gate.Decision)) gate.Decision {
	d := gate.Decision{
		GrantedExposure: highest, ClearedUntil: new(end()),
		Reason: v1alpha1.ReasonEvidenceComplete, Message: "General is granted",
	}
	granted := true
	for _, name := range exposures() {
		d.Exposures = append(d.Exposures, gate.ExposureResult{Name: name, Granted: granted})
		granted = granted && name != highest
	}
	for _, modify := range modifiers {
		modify(&d)
	}
	return d
}

// refusing is a decision that grants nothing, for a reason that is not adverse.
func refusing(reason string, modifiers ...func(*gate.Decision)) gate.Decision {
	d := gate.Decision{Reason: reason, Message: "nothing is granted"}
	for _, name := range exposures() {
		d.Exposures = append(d.Exposures, gate.ExposureResult{Name: name})
	}
	for _, modify := range modifiers {
		modify(&d)
	}
	return d
}

// adverse makes a finding the cause why the exposures are refused, that of General being the one asked for.
func adverse(names ...string) func(*gate.Decision) {
	return func(d *gate.Decision) {
		for i := range d.Exposures {
			for _, name := range names {
				if d.Exposures[i].Name == name {
					d.Exposures[i].Adverse = true
				}
				d.Adverse = d.Adverse || name == "General"
			}
		}
		d.Reason, d.Message = v1alpha1.ReasonAdverseFinding, "attack-success failed"
	}
}

// scene is an enforced namespace with nothing in it, under fixture.Policy.
func scene(modifiers ...func(*enforcement.Scene)) enforcement.Scene {
	s := enforcement.Scene{
		Now: now(), ReleaseName: "m1", Policy: fixture.Policy("rsp"),
		Namespace: enforcement.Namespace{Gate: v1alpha1.GateEnforced},
		Digests:   []string{fixture.SHA256("server")},
	}
	for _, modify := range modifiers {
		modify(&s)
	}
	return s
}

func gated(gate string) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.Namespace.Gate = gate }
}

// annotated sets an annotation of the namespace.
func annotated(key, value string) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		if s.Namespace.Annotations == nil {
			s.Namespace.Annotations = map[string]string{}
		}
		s.Namespace.Annotations[key] = value
	}
}

// cleared gives the release "m1" a clearance that stands.
func cleared(c clearance.Clearance) func(*enforcement.Scene) {
	return annotated(clearance.Key("m1"), c.String())
}

// free is the clearance of General for these owners, as it is written now.
func free(owners ...types.UID) clearance.Clearance {
	return clearance.Clearance{
		End: end(), Exposure: "General", Mode: clearance.Free, Owners: owners, Digests: []string{fixture.SHA256("server")}, Since: now(),
	}
}

// counted is the clearance of an exposure whose pods are opened one by one.
func counted(exposure string) clearance.Clearance {
	return clearance.Clearance{
		End: end(), Exposure: exposure, Mode: clearance.Counted, Digests: []string{fixture.SHA256("server")}, Since: now(),
	}
}

func mutatedBy(names ...string) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.UntrustedMutators = names }
}

func deployment(name, exposure string, v enforcement.Verdict, modifiers ...func(*enforcement.Deployment)) func(*enforcement.Scene) {
	d := enforcement.Deployment{Name: name, ResourceVersion: "rv-" + name, Exposure: exposure, Replicas: 3, Verdict: v}
	for _, modify := range modifiers {
		modify(&d)
	}
	return func(s *enforcement.Scene) { s.Deployments = append(s.Deployments, d) }
}

// marked holds a Deployment.
func marked(value string) func(*enforcement.Deployment) {
	return func(d *enforcement.Deployment) { d.Mark = value }
}

func replicaSet(name, exposure string, v enforcement.Verdict, modifiers ...func(*enforcement.ReplicaSet)) func(*enforcement.Scene) {
	r := enforcement.ReplicaSet{Name: name, UID: fixture.UID(name), Exposure: exposure, Replicas: 3, Verdict: v}
	for _, modify := range modifiers {
		modify(&r)
	}
	return func(s *enforcement.Scene) { s.ReplicaSets = append(s.ReplicaSets, r) }
}

func of(deployment string) func(*enforcement.ReplicaSet) {
	return func(r *enforcement.ReplicaSet) { r.Deployment = deployment }
}

func replicas(n int32) func(*enforcement.ReplicaSet) {
	return func(r *enforcement.ReplicaSet) { r.Replicas = n }
}

// pod runs; it was made on Day(0).
func pod(name, exposure string, v enforcement.Verdict, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
	p := enforcement.Pod{
		Name: name, UID: fixture.UID(name), ResourceVersion: "rv-" + name, Created: now(), Exposure: exposure, Verdict: v,
	}
	for _, modify := range modifiers {
		modify(&p)
	}
	return func(s *enforcement.Scene) { s.Pods = append(s.Pods, p) }
}

func held(p *enforcement.Pod) { p.Held = true }

func gone(p *enforcement.Pod) { p.Gone = true }

func made(t time.Time) func(*enforcement.Pod) {
	return func(p *enforcement.Pod) { p.Created = t }
}

func owned(kind, name string) func(*enforcement.Pod) {
	return func(p *enforcement.Pod) {
		p.Owner = enforcement.Owner{Kind: kind, Name: name, UID: fixture.UID(name)}
	}
}

// ref is the pod of that name as pod makes it.
func ref(name string) enforcement.PodRef {
	return enforcement.PodRef{Name: name, UID: fixture.UID(name), ResourceVersion: "rv-" + name}
}
