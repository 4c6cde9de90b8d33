// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"slices"
	"strings"
)

// Outcome is what must come of an attempt. Where the design leaves more than one open, they are
// joined: Refused|Held is met by either.
type Outcome uint8

// The outcomes.
const (
	// Refused by Scalegate.
	Refused Outcome = 1 << iota
	// Elsewhere means refused, by Kubernetes itself or for want of a right.
	Elsewhere
	// Held means taken, and what is stored is held: by a gate, a pause, a suspension or a partition.
	Held
	// Inert means taken, and nothing of what was tried took effect.
	Inert
	// Through means taken as it was sent, and not held for it.
	Through
	// Lifted means taken as it was sent, and a hold is gone.
	Lifted
)

// Legitimate tells whether the outcome is that of an act which Scalegate must let pass.
func (o Outcome) Legitimate() bool { return o&(Through|Lifted) != 0 }

// String names the outcome.
func (o Outcome) String() string {
	names := []string{"refused", "refused elsewhere", "held", "without effect", "through", "released"}
	var said []string
	for i, name := range names {
		if o&(1<<i) != 0 {
			said = append(said, name)
		}
	}
	return strings.Join(said, " or ")
}

// Grant is what is cleared of one release in the ground.
type Grant struct {
	// Owners are the UIDs of the ReplicaSets whose pods may be born free.
	Owners []string
	// Digests are the images that such a pod may carry, 64 hexadecimal digits each.
	Digests []string
	// Ended says that the clearance is past its end.
	Ended bool
}

// Request is an attempt, with what stands and what would stand.
type Request struct {
	Attempt
	// Old is the object as it stands; nil for one that is created.
	Old map[string]any
	// New is the object as it would stand if nobody did anything about it; nil for one that is deleted.
	// For a subresource with a kind of its own, it is the body.
	New map[string]any
	// Grants are what is cleared in the ground, by release.
	Grants map[string]Grant
	// Unmutated says that the mutating policies are gone: what they would have held or stamped is refused.
	Unmutated bool
}

// Unmutated are the attempts that the validating policies answer for when the mutating ones are gone.
func Unmutated(all []Attempt) []Attempt {
	return slices.DeleteFunc(slices.Clone(all), func(a Attempt) bool {
		births := a.Kind.Resource == "pods" && a.Sub == "" && a.Base != nil
		signed := signedKinds()[a.Kind] != "" || a.Kind == policyKind()
		return !births && !signed && !slices.Contains([]string{"safetyevaluations", "adversefindings", "modelreleases"}, a.Kind.Resource)
	})
}

// Judge says what must come of a request.
func Judge(r Request) Outcome {
	switch {
	case r.Who.Name == controllerName && len(r.Who.Groups) == 0:
		return Elsewhere | Refused
	case againstRuns(r):
		return Refused
	case r.Kind.Group == ownGroup:
		return judgeOwnKind(r)
	case r.Kind.Resource == "namespaces":
		return judgeNamespace(r)
	case r.Kind.Resource == "customresourcedefinitions":
		return judgeDefinition(r)
	case r.Kind.Resource == "apiservices":
		return judgeServed(r)
	case r.Ground == Home:
		return judgeHome(r)
	case !r.Ground.Governed():
		return judgeUngoverned(r)
	case r.Way == Connect:
		return judgeConnect(r)
	case r.Kind.Resource == "pods" || r.Kind.Resource == "bindings":
		return judgePod(r)
	default:
		return judgeWorkload(r)
	}
}

// judgeHome: what the admission policies are put back with is not for everybody.
func judgeHome(r Request) Outcome {
	name := textAt(r.New, metadata, "name")
	switch {
	case name != "scalegate-admission-parameters" || r.Way.Deletes():
		return Through
	case !r.Who.Trusted():
		return Refused
	case r.Way == Create:
		return Through | Elsewhere // It is there already.
	default:
		return Through
	}
}

// judgeUngoverned: as Kubernetes has it. A subresource takes its part of an object and leaves the rest.
func judgeUngoverned(r Request) Outcome {
	switch {
	case r.Sub == "status" && same(r.Old["status"], r.New["status"]) && same(r.Old[metadata], r.New[metadata]):
		return Inert
	case r.Sub == "ephemeralcontainers" && same(r.Old[spec], r.New[spec]):
		return Inert
	case r.Sub == "resize":
		return judgeResize(r)
	default:
		return Through
	}
}

// judgeConnect: whoever can exec can start another server. It needs a verb.
func judgeConnect(r Request) Outcome {
	parts := strings.Split(r.On, ":")
	target := parts[0]
	if len(parts) == 3 {
		target = parts[1] // SCHEME:NAME:PORT.
	}
	named := r.Kind.Resource == "pods" && target == plainPod || r.Kind.Resource == "services" && target == "web"
	if r.Who.Trusted() || slices.Contains(r.Who.Groups, GroupConnectors) && named {
		return Through
	}
	return Refused
}

// judgeServed: another server in place of our kinds would answer for them without any admission.
func judgeServed(r Request) Outcome {
	if textAt(r.New, spec, "group") == ownGroup && at(r.New, spec, "service") != nil && !r.Who.Trusted() {
		return Refused
	}
	return Through
}

// judgeDefinition: taking a kind of ours away, or a part of it, takes evidence with it.
func judgeDefinition(r Request) Outcome {
	object := r.Old
	if object == nil {
		object = r.New
	}
	ours := textAt(object, spec, "group") == ownGroup
	shrinks := r.Old != nil && r.New != nil && !same(r.Old[spec], r.New[spec])
	if ours && (r.Way.Deletes() || shrinks) && !r.Who.Trusted() {
		return Refused
	}
	return Through
}
