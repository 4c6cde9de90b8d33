// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package attempts is what the bypass suite sends to an API server, and an oracle that says what
// must come of it. Attempts are data: who sends what through which door to which object. The oracle
// is a second writing of the rules, from the design alone. It imports nothing of the product but
// what Kubernetes gives everybody, so that a mistake there is not repeated here.
package attempts

import (
	"fmt"
	"slices"
	"strings"
)

// Ground is the namespace that an attempt is made in, or about.
type Ground string

// The grounds. Each is a namespace of its own with the same Fixtures.
const (
	// Enforced is governed.
	Enforced Ground = "enforced"
	// EnforcedAll is governed, and each of its pods must claim a release.
	EnforcedAll Ground = "enforced-all"
	// Limited is governed, and a LimitRange in it adds an accelerator to every container.
	Limited Ground = "limited"
	// Ended is governed, and the clearance in it has ended.
	Ended Ground = "ended"
	// Audited is reported about, and nothing in it is held.
	Audited Ground = "audited"
	// Ungoverned has no label of Scalegate's.
	Ungoverned Ground = "ungoverned"
	// Exempt is ungoverned, and says why.
	Exempt Ground = "exempt"
	// Crowded is governed, and had more labels and annotations than a governed namespace may have, before it was.
	Crowded Ground = "crowded"
	// Misspelt is not governed: its gate is a word that guards nothing, from before such words were refused.
	Misspelt Ground = "misspelt"
	// Leaving is governed, and is being deleted.
	Leaving Ground = "leaving"
	// Home is where Scalegate itself lives.
	Home Ground = "home"
)

// Grounds are all of them.
func Grounds() []Ground {
	return []Ground{Enforced, EnforcedAll, Limited, Ended, Audited, Ungoverned, Exempt, Crowded, Misspelt, Leaving, Home}
}

// Namespace is the ground's name in the cluster.
func (g Ground) Namespace() string {
	if g == Home {
		return "scalegate-system"
	}
	return "bypass-" + string(g)
}

// Governed tells whether the gate is enforced there.
func (g Ground) Governed() bool {
	return slices.Contains([]Ground{Enforced, EnforcedAll, Limited, Ended, Crowded, Leaving}, g)
}

// Kind is a kind of object as the API server serves it in one version.
type Kind struct {
	Group, Version, Resource, Kind string
	// Namespaced tells whether its objects lie in a namespace.
	Namespaced bool
}

// APIVersion is the group and the version as objects carry them.
func (k Kind) APIVersion() string {
	if k.Group == "" {
		return k.Version
	}
	return k.Group + "/" + k.Version
}

// Way is how something is sent: a verb and, for a patch, its form.
type Way string

// The ways.
const (
	Create           Way = "create"
	Put              Way = "update"
	Merge            Way = "patch/merge"
	JSON             Way = "patch/json"
	Strategic        Way = "patch/strategic"
	Apply            Way = "patch/apply"
	Delete           Way = "delete"
	DeleteCollection Way = "deletecollection"
	// Connect opens a stream, with GET or POST as the subresource has it.
	Connect Way = "connect"
)

// MostNotes is the most labels, and the most annotations, that a governed namespace may come to have.
const MostNotes = 1000

// Updates tells whether the way changes an object that exists.
func (w Way) Updates() bool { return w == Put || strings.HasPrefix(string(w), "patch/") }

// Deletes tells whether it takes one away.
func (w Way) Deletes() bool { return w == Delete || w == DeleteCollection }

// Change edits the content of an object, in place.
type Change func(content map[string]any)

// Attempt is one thing that somebody sends.
type Attempt struct {
	// Number is the row of the threat catalogue that it belongs to.
	Number string
	// What is tried, as a phrase.
	What   string
	Who    Identity
	Ground Ground
	Kind   Kind
	// Sub is the subresource, or empty.
	Sub string
	Way Way
	// On names the fixture that it is sent to; of an object that is created, it is its name.
	On string
	// Base makes the object that is created, or the body sent to a subresource. Nil: the fixture.
	Base func() map[string]any
	// Change is what the attempt changes of Base, or of the fixture as it is.
	Change Change
}

// Door says in words where the attempt knocks.
func (a Attempt) Door() string {
	resource := a.Kind.Resource
	if a.Sub != "" {
		resource += "/" + a.Sub
	}
	return fmt.Sprintf("%s %s (%s)", a.Way, resource, a.Kind.APIVersion())
}

// Key is what makes an attempt one of its own: door, verb, subresource, version and identity. The
// same on another ground is the same attempt, made there as well.
func (a Attempt) Key() string {
	return strings.Join([]string{a.Number, a.What, a.Door(), a.On, a.Who.Name}, "|")
}

// String names the attempt in a report.
func (a Attempt) String() string {
	return fmt.Sprintf("%s: %s: %s, on %q in %s, as %s", a.Number, a.What, a.Door(), a.On, a.Ground, a.Who.Name)
}
