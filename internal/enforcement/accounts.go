// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"math"

	"k8s.io/apimachinery/pkg/types"
)

// What a status holds: kinds and names of at most so many bytes.
const (
	maxKind = 63
	maxName = 253
)

// account is one workload while its pods are counted.
type account struct {
	kind, name, exposure string
	// asked are the pods that the workload's own spec asks for; nil where it does not say.
	asked *int32
	// inner are those that are asked for by what belongs to it, and those that nothing known asks for.
	inner          int64
	released, held int32
	// waiting: a rollout of it is held at the parent.
	waiting bool
	// grouped: a held pod of it serves in a group that counts as one.
	grouped bool
	// mismatch is the first that was found of its templates or its held pods; where it is only audited, of any pod.
	mismatch string
	// unguarded is the first safeguard that one of its templates or its held pods would break.
	unguarded string
	// unexamined: one of its templates or its pods is held that may be given, and could not be looked at, as when it changed meanwhile.
	unexamined bool
}

// pods are how many the workload asks for. Owner references may say anything, so the sum may not fit.
func (a *account) pods() int32 {
	if a.asked != nil {
		return *a.asked
	}
	return int32(min(a.inner, math.MaxInt32))
}

// book are the accounts while they are made, by kind and name.
type book struct {
	owners map[types.UID]Owner
	// counted are the objects that say how many pods they ask for.
	counted map[types.UID]bool
	all     map[string]*account
}

// accounts sums up what belongs to the workload at the top of each chain of owners.
func (e enforcement) accounts(opened map[string]bool) map[string]*account {
	b := book{e.scene.Owners, map[types.UID]bool{}, map[string]*account{}}
	for _, p := range e.scene.Parents {
		if p.Pods != nil {
			b.counted[p.UID] = true
		}
	}
	for _, rs := range e.scene.ReplicaSets {
		b.replicaSet(rs)
		b.counted[rs.UID] = true
	}
	for _, p := range e.scene.Parents {
		a := b.parent(p)
		a.unexamined = a.unexamined || p.Mark != "" && e.misses(p.Verdict, p.Exposure)
	}
	for _, pod := range e.scene.Pods {
		if pod.Gone {
			continue
		}
		a := b.pod(pod)
		if !pod.Held || opened[pod.Name] {
			a.released++
			if e.audited() {
				a.mismatch = cmp.Or(a.mismatch, e.mismatch(pod))
			}
			continue
		}
		a.held++
		a.grouped = a.grouped || pod.Unit.Size > 0
		a.mismatch = cmp.Or(a.mismatch, e.mismatch(pod))
		a.unguarded = cmp.Or(a.unguarded, pod.Verdict.Unguarded)
		a.unexamined = a.unexamined || e.misses(pod.Verdict, pod.Exposure)
	}
	return b.all
}

// replicaSet counts what a ReplicaSet asks for; also where its Deployment claims another release by now. One
// of no replicas is no workload, unless it stands for itself.
func (b book) replicaSet(rs ReplicaSet) {
	self := Owner{Kind: "ReplicaSet", Name: rs.Name, UID: rs.UID}
	top, within := b.top(self)
	switch {
	case top == self:
		a := b.of(top, rs.Exposure)
		a.asked, a.mismatch, a.unguarded = &rs.Replicas, rs.Verdict.says(), rs.Verdict.Unguarded
	case rs.Replicas > 0:
		if a := b.of(top, rs.Exposure); !within {
			a.inner += int64(rs.Replicas)
		}
	}
}

// parent adds what a parent asks for to the account that it belongs to.
func (b book) parent(p Parent) *account {
	self := Owner{Kind: p.Kind.Kind, Name: p.Name, UID: p.UID}
	top, within := b.top(self)
	a := b.of(top, p.Exposure)
	a.waiting = a.waiting || p.Mark != ""
	differs := p.Verdict.says()
	switch {
	case top == self:
		a.exposure, a.asked = p.Exposure, p.Pods
	case p.Pods != nil && !within:
		a.inner += int64(*p.Pods)
	}
	if top != self && differs != "" {
		differs = "its " + p.Kind.Kind + " " + p.Name + ": " + differs
	}
	a.mismatch, a.unguarded = cmp.Or(a.mismatch, differs), cmp.Or(a.unguarded, p.Verdict.Unguarded)
	return a
}

// misses tells whether what may be given could not be looked at. Nobody looks at the rest.
func (e enforcement) misses(v Verdict, exposure string) bool {
	return !v.Examined && e.governed() && e.granted(exposure)
}

// pod is the account that a pod belongs to.
func (b book) pod(pod Pod) *account {
	self := Owner{Kind: "Pod", Name: pod.Name, UID: pod.UID}
	if pod.Owner.UID == "" {
		a := b.of(self, pod.Exposure)
		a.inner++
		return a
	}
	top, within := b.top(pod.Owner)
	if len(top.Kind) > maxKind || len(top.Name) > maxName {
		// An owner reference may say anything; a status that holds it would be refused.
		top = self
	}
	a := b.of(top, pod.Exposure)
	// The pods of a ReplicaSet that is gone are asked for by nobody.
	if !within && !b.counted[pod.Owner.UID] && pod.Owner.Kind != "ReplicaSet" {
		a.inner++
	}
	return a
}

// longestChain is how far chains of owners are followed. They may run in circles.
const longestChain = 10

// top follows the owners of an object to the last that is known. within tells whether one of them says how many
// pods it asks for.
func (b book) top(o Owner) (top Owner, within bool) {
	return topOf(o, b.owners, func(next Owner) bool { return b.counted[next.UID] })
}

// topOf follows owners to the last that is known, and tells whether a step on the way is such a one.
func topOf(o Owner, owners map[types.UID]Owner, such func(Owner) bool) (top Owner, within bool) {
	for range longestChain {
		next, known := owners[o.UID]
		if !known {
			break
		}
		o, within = next, within || such(next)
	}
	return o, within
}

func (b book) of(o Owner, exposure string) *account {
	key := o.Kind + "/" + o.Name
	if b.all[key] == nil {
		b.all[key] = &account{kind: o.Kind, name: o.Name, exposure: exposure}
	}
	return b.all[key]
}
