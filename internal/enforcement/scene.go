// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package enforcement turns a decision about a release into what has to be done in the cluster:
// which clearance to write or withdraw, which holds to lift, which pods to open and which to
// remove. It is pure: what stands in the cluster comes in as a Scene, what is to be done goes out
// as a Plan, and the controller carries it out.
//
// Invariants: nothing is opened that was not examined and found to match; absence and error
// remove nothing. What runs is removed for an adverse finding or a Critical revocation at once; for an Advisory one, and for
// evidence that ended, after a grace and in waves; for a ceiling below what serves, in waves; and where a pod differs
// from the owner it was born free from. A held pod never ran; it is removed only where it stands in the way of its own
// StatefulSet. Under a ceiling no more serve than it allows, and as many above it as succession.go says. Of an
// exposure that was lost no more serve than did.
package enforcement

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Scene is what stands in the cluster around one release.
type Scene struct {
	// Now is the time of the plan.
	Now time.Time
	// ReleaseName is the release's name, also when it is gone.
	ReleaseName string
	// Spread is when, within the time for it, the clearance is renewed: see [clearance.Renewed].
	Spread float64
	// Asked is the exposure that the release asks for; empty when it is gone.
	Asked string
	// Policy is the policy of the release; nil when either is gone.
	Policy *v1alpha1.SafetyPolicy
	// Namespace is the release's namespace.
	Namespace Namespace
	// Digests are the image digests that a pod of the release may carry, 64 hexadecimal digits each.
	Digests []string
	// Parents, ReplicaSets and Pods are those that claim the release.
	Parents     []Parent
	ReplicaSets []ReplicaSet
	Pods        []Pod
	// Owners says, as far as is known, what controls the objects that own the Parents, ReplicaSets and
	// Pods, by the UID of what is controlled.
	Owners map[types.UID]Owner
	// Rollouts are those of the StatefulSets that own Pods, by UID.
	Rollouts map[types.UID]Rollout
	// Begins is when enforcement begins in a namespace that is audited; nil where no policy sets a day.
	Begins *time.Time
	// Withheld says why nothing may grow for now. The zero value withholds nothing.
	Withheld Withheld
	// UntrustedMutators are the names of what may change pods here without the policy's trust.
	UntrustedMutators []string
	// Memory is what the status of the release remembers. The zero Memory was never granted anything.
	Memory Memory
	// Fallback is the release that takes over; nil where none is named, or it does not exist.
	Fallback *Fallback
	// LimitBy says whether workloads are also scaled.
	LimitBy v1alpha1.LimitBy
	// Mended are the exposures that are refused by nothing but pods that serve and break a safeguard: what takes their
	// place, and does not, mends them.
	Mended map[string]bool
}

// Memory is what the status of a release remembers of earlier plans.
type Memory struct {
	// Granted is the exposure that was granted last time; empty for none.
	Granted string
	// Subject is the digest over the artifacts that it was granted to; empty when nobody knows.
	Subject string
	// EvidenceEnds is when the evidence of the last grant ends, or ended.
	EvidenceEnds *time.Time
	// ClearedSince is when the release was first cleared here.
	ClearedSince *time.Time
	// Withdrawal and Removal are those of the status; nil when it has none.
	Withdrawal *v1alpha1.Withdrawal
	Removal    *v1alpha1.RemovalStatus
	// Ready: the status says that the release is, as it is now.
	Ready bool
}

// Fallback is the release that takes over when another loses its grant.
type Fallback struct {
	Release string
	// Granted: some exposure is granted to it, so that it is worth waiting for.
	Granted bool
	// Ready are the pods of it that are ready, and Asked those that its workloads ask for, on standby or now.
	Ready, Asked int32
	// Parents are its workloads.
	Parents []Parent
}

// Namespace is what matters of a Namespace.
type Namespace struct {
	// Gate is the value of the label scalegate.dev/gate.
	Gate string
	// Annotations are all of its annotations.
	Annotations map[string]string
}

// Withheld is why nothing may grow for now: what stands stays, what closes goes on, and nothing
// is cleared, lifted or opened beyond it.
type Withheld struct {
	// Reason is a reason of the condition Enforced; empty withholds nothing.
	Reason string
	// Message says what is awaited.
	Message string
}

// Verdict is what an examination of a template or a pod found. The zero Verdict is not
// examined, and opens nothing.
type Verdict struct {
	// Examined: the live object was compared with the release.
	Examined bool
	// Mismatch says where it differs; empty when it matches.
	Mismatch string
	// Unnamed says which artifact it does not name, where all else matches and another pod of its unit
	// may name it; empty when it names them all.
	Unnamed string
	// Unguarded says which safeguard that its exposure needs it would break, and how; empty when it breaks none. It is said
	// only of what is not opened yet: what serves is judged as a whole.
	Unguarded string
}

// Matches tells whether the object was examined, found to match by itself, and breaks no safeguard.
func (v Verdict) Matches() bool {
	return v.Examined && v.Mismatch == "" && v.Unnamed == "" && v.Unguarded == ""
}

// matchesBeside tells whether the object matches beside one of its unit that names every artifact.
func (v Verdict) matchesBeside() bool { return v.Examined && v.Mismatch == "" && v.Unguarded == "" }

// differs tells whether the object was examined and found to differ.
func (v Verdict) differs() bool { return v.Examined && (v.Mismatch != "" || v.Unnamed != "") }

// says where the object differs; empty when it does not, or was not examined.
func (v Verdict) says() string { return cmp.Or(v.Mismatch, v.Unnamed) }

// Parent is a workload whose pod templates claim the release, of any kind but ReplicaSet.
type Parent struct {
	// Kind, and the group that it is of.
	Kind schema.GroupKind
	// Version of the API in which it is read.
	Version string
	Name    string
	UID     types.UID
	// ResourceVersion is that of the object that was examined.
	ResourceVersion string
	// Exposure that the templates claim.
	Exposure string
	// Mark is the value of the annotation scalegate.dev/held; empty when it is not held.
	Mark string
	// Pods that the spec asks for; nil where it does not say.
	Pods *int32
	// Surge is how many pods its rollouts may have above those; 0 where they take an old one away first.
	Surge int32
	// Paused: its rollouts do not go on for now, whoever paused them.
	Paused bool
	// Scalable: it has a scale subresource, and nobody but people sets its replicas.
	Scalable bool
	// Scaled and Standby are the values of the annotations scalegate.dev/scaled-replicas and /standby-replicas.
	Scaled, Standby string
	Verdict         Verdict
}

// ReplicaSet is a ReplicaSet whose template claims the release.
type ReplicaSet struct {
	Name string
	UID  types.UID
	// Exposure that the template claims.
	Exposure string
	// Replicas that the spec asks for.
	Replicas int32
	// Revision is the number that its Deployment gives it, the highest to the one that it rolls out; 0 where it has none.
	Revision int64
	Verdict  Verdict
}

// Pod is a pod that claims the release.
type Pod struct {
	Name string
	UID  types.UID
	// ResourceVersion is that of the object that was examined.
	ResourceVersion string
	// Created is when the API server stored it.
	Created time.Time
	// Started is when it got its node; zero while it waits for one.
	Started time.Time
	// Exposure that it claims.
	Exposure string
	// Owner is what controls it; the zero Owner when nothing does.
	Owner Owner
	// Unit is the group that it serves in; the zero Unit when it serves by itself.
	Unit Unit
	// Adrift: its labels name such a group, and an owner above it is not seen, so that nobody knows which it is.
	Adrift bool
	// Revision of a StatefulSet that it is of, and its number there.
	Revision string
	Ordinal  int32
	// Held: it has our scheduling gate.
	Held bool
	// Gone: it is being deleted, or has ended.
	Gone bool
	// Ending: it is being deleted, and its containers have not ended. It may serve still.
	Ending bool
	// Ends is by when one that is being deleted should be gone; zero where nobody says.
	Ends time.Time
	// Ready: it answers, as far as its probes say.
	Ready bool
	// Note is the value of the annotation scalegate.dev/hold-reason.
	Note    string
	Verdict Verdict
}

// Unit is a group of pods that serve together, such as one group of a LeaderWorkerSet. Its pods are opened together. A
// ceiling counts it once where its size is known, and else each of its pods: anybody may make pods that name the owner
// of a group as theirs.
type Unit struct {
	// Key is the same for all pods of a unit, and for no other; empty for a pod that serves by itself.
	Key string
	// Size is the most pods that count as one; 0 where nothing says.
	Size int32
}

// Rollout is how far the rollout of a StatefulSet may go.
type Rollout struct {
	// Held: its parent is held, or does not say yet what it rolls out.
	Held bool
	// Revision is what its pods from the ordinal Partition on are to be of.
	Revision  string
	Partition int32
}

// Owner is the controlling owner of an object.
type Owner struct {
	Kind, Name string
	UID        types.UID
}
