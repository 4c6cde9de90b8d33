// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
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
	// unnaming matches but for an artifact that another of its unit may name.
	unnaming  = enforcement.Verdict{Examined: true, Unnamed: "spec does not name the weights; mount them"}
	differing = enforcement.Verdict{Examined: true, Mismatch: "spec.containers[server].image is another; use the declared one"}
	// unread is one whose words were lost on the way to an examination: it counts as not examined.
	unread = enforcement.Verdict{Mismatch: "left over"}
)

// exposures of fixture.Policy, least first: Evaluation has a ceiling of 2, Internal one of 16, General none.
func exposures() []string { return []string{"Evaluation", "Internal", "General"} }

// granting is a decision that grants the exposures up to highest.
func granting(highest string, modifiers ...func(*gate.Decision)) gate.Decision {
	d := gate.Decision{
		SubjectDigest: subject, GrantedExposure: highest, ClearedUntil: new(end()),
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
	d := gate.Decision{SubjectDigest: subject, Reason: reason, Message: "nothing is granted"}
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

// parent is a workload of 3 pods.
func parent(kind, name, exposure string, v enforcement.Verdict, modifiers ...func(*enforcement.Parent)) func(*enforcement.Scene) {
	p := enforcement.Parent{
		Kind: schema.GroupKind{Group: "apps", Kind: kind}, Name: name, UID: fixture.UID(name), ResourceVersion: "rv-" + name,
		Exposure: exposure, Pods: new(int32(3)), Verdict: v,
	}
	for _, modify := range modifiers {
		modify(&p)
	}
	return func(s *enforcement.Scene) { s.Parents = append(s.Parents, p) }
}

func deployment(name, exposure string, v enforcement.Verdict, modifiers ...func(*enforcement.Parent)) func(*enforcement.Scene) {
	return parent("Deployment", name, exposure, v, modifiers...)
}

// marked holds a parent.
func marked(value string) func(*enforcement.Parent) {
	return func(p *enforcement.Parent) { p.Mark = value }
}

// uncounted is a parent that does not say how many pods it asks for.
func uncounted(p *enforcement.Parent) { p.Pods = nil }

// within makes one object the controlling owner of another.
func within(name, kind, owner string) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		if s.Owners == nil {
			s.Owners = map[types.UID]enforcement.Owner{}
		}
		s.Owners[fixture.UID(name)] = enforcement.Owner{Kind: kind, Name: owner, UID: fixture.UID(owner)}
	}
}

func replicaSet(name, exposure string, v enforcement.Verdict, modifiers ...func(*enforcement.ReplicaSet)) func(*enforcement.Scene) {
	r := enforcement.ReplicaSet{Name: name, UID: fixture.UID(name), Exposure: exposure, Replicas: 3, Verdict: v}
	for _, modify := range modifiers {
		modify(&r)
	}
	return func(s *enforcement.Scene) { s.ReplicaSets = append(s.ReplicaSets, r) }
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

// inUnit puts a pod into a group of size pods; 0 is not known.
func inUnit(key string, size int32) func(*enforcement.Pod) {
	return func(p *enforcement.Pod) { p.Unit = enforcement.Unit{Key: key, Size: size} }
}

// ofRevision is a pod of a StatefulSet, by its ordinal.
func ofRevision(set, revision string, ordinal int32) func(*enforcement.Pod) {
	return func(p *enforcement.Pod) {
		owned("StatefulSet", set)(p)
		p.Revision, p.Ordinal = revision, ordinal
	}
}

// rolling is what the StatefulSet "s" rolls out.
func rolling(r enforcement.Rollout) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		if s.Rollouts == nil {
			s.Rollouts = map[types.UID]enforcement.Rollout{}
		}
		s.Rollouts[fixture.UID("s")] = r
	}
}

// withheld lets nothing grow.
func withheld(s *enforcement.Scene) {
	s.Withheld = enforcement.Withheld{Reason: v1alpha1.ReasonGuardsNotInPlace, Message: "the guards are not in place"}
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
