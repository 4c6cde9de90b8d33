// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/gate"
)

// Plan is what has to be done. What closes is carried out before what opens.
type Plan struct {
	// Clearance is the annotation to write.
	Clearance ClearanceChange
	// Lifts are the parents whose hold ends.
	Lifts []Lift
	// Opens are the pods whose gate is lifted.
	Opens []PodRef
	// Removals are the pods to delete.
	Removals []Removal
	// Workloads are the workloads that claim the release, by kind and name.
	Workloads []v1alpha1.WorkloadStatus
	// Places: what is opened got one of a number of places, by a ceiling or by a count.
	Places bool
	// Scales are the workloads whose replicas are set.
	Scales []Scale
	// Notes are the held pods that do not say yet why they are held.
	Notes []Note
	// ClearedSince, EvidenceEnds, Withdrawal and Removal are what the status is to remember; see [Memory].
	ClearedSince, EvidenceEnds *time.Time
	Withdrawal                 *v1alpha1.Withdrawal
	Removal                    *v1alpha1.RemovalStatus
	// Again is when time alone changes the plan, from now; 0 when it does not.
	Again time.Duration
	// Reason is why what was decided is not what holds, or ReasonEnforced or ReasonUntrustedMutator.
	Reason string
	// Message explains Reason.
	Message string
	// Unexamined: something is held that may be given, and could not be looked at.
	Unexamined bool
}

// ClearanceChange is what becomes of the clearance annotation. The zero value leaves it.
type ClearanceChange struct {
	// Write is the value to write; empty writes nothing.
	Write string
	// Over is the value that Write is to replace, where it gives nothing that this one does not give and ends no later: over it
	// alone it may be written at any time. Empty where Write gives more.
	Over string
	// Withdraw removes the annotation.
	Withdraw bool
	// End is when the clearance ends once this is done; nil when there is none.
	End *time.Time
}

// Lift is the end of a parent's hold.
type Lift struct {
	Kind schema.GroupKind
	// Version of the API in which it was examined.
	Version               string
	Name, ResourceVersion string
	// Mark says how the rollout goes on: the value of the annotation scalegate.dev/held.
	Mark string
}

// PodRef is a pod as it was examined.
type PodRef struct {
	Name            string
	UID             types.UID
	ResourceVersion string
}

// Removal is a pod to take away, and why.
type Removal struct {
	PodRef
	// Reason is ReasonAdverseFinding, ReasonRevoked, ReasonEvidenceExpired, ReasonWorkloadMismatch, ReasonSuperseded or
	// ReasonAboveCeiling.
	Reason  string
	Message string
	// Evict: PodDisruptionBudgets are asked. Otherwise the pod is deleted.
	Evict bool
	// Unlimited: the policy's limit for an hour does not count it, nor does it wait for that.
	Unlimited bool
}

// Critical tells whether a Critical revocation takes the pod, whatever else does.
func (r Removal) Critical() bool {
	return r.Unlimited && (r.Reason == v1alpha1.ReasonRevoked || r.Reason == v1alpha1.ReasonAdverseFinding)
}

// Scale sets the replicas of a workload.
type Scale struct {
	Kind schema.GroupKind
	// Version of the API in which it was read.
	Version               string
	Name, ResourceVersion string
	Replicas              int32
	// Remember is the value of the annotation scalegate.dev/scaled-replicas, see [Scaled]; empty takes it away.
	Remember string
	// Message says why.
	Message string
}

// Note says on a held pod why it is held.
type Note struct {
	PodRef
	// Text is the value of the annotation scalegate.dev/hold-reason: a reason, a colon, and where to look.
	Text string
}

// GivesMore tells whether the plan gives something more than there is, and so needs a live decision.
func (p Plan) GivesMore() bool {
	return p.Clearance.Write != "" || len(p.Lifts) > 0 || len(p.Opens) > 0
}

// Takes tells whether the plan takes something away, and so needs a live decision.
func (p Plan) Takes() bool {
	return p.Clearance.Withdraw || len(p.Removals) > 0 || len(p.Scales) > 0
}

// Counts tells whether the plan depends on how many pods serve, and so needs to count them live.
func (p Plan) Counts() bool {
	return p.Places || len(p.Scales) > 0 || p.Removal != nil || p.Withdrawal != nil && p.Withdrawal.EnforcedTime == nil
}

// For plans what the decision means for the scene. The order in which the scene lists objects, which a
// cluster does not keep, decides nothing.
func For(s Scene, d gate.Decision) Plan {
	s.Parents = slices.SortedFunc(slices.Values(s.Parents), func(a, b Parent) int {
		return cmp.Or(cmp.Compare(a.Kind.String(), b.Kind.String()), cmp.Compare(a.Name, b.Name))
	})
	s.ReplicaSets = slices.SortedFunc(slices.Values(s.ReplicaSets), func(a, b ReplicaSet) int { return cmp.Compare(a.Name, b.Name) })
	s.Pods = slices.SortedFunc(slices.Values(s.Pods), func(a, b Pod) int { return cmp.Compare(a.Name, b.Name) })
	s.settle()
	return enforcementOf(s, d).plan()
}

func enforcementOf(s Scene, d gate.Decision) enforcement {
	e := enforcement{
		scene: s, decision: d, exposures: map[string]gate.ExposureResult{}, ceilings: map[string]int32{}, progress: &progress{},
	}
	for _, x := range d.Exposures {
		e.exposures[x.Name] = x
	}
	if s.Policy != nil {
		for _, x := range s.Policy.Spec.Exposures {
			if x.MaxReplicas != nil {
				e.ceilings[x.Name] = *x.MaxReplicas
			}
		}
	}
	e.units = e.group()
	e.had = e.stands()
	e.record = e.withdrawal()
	return e
}

// enforcement is one decision in one scene.
type enforcement struct {
	scene     Scene
	decision  gate.Decision
	exposures map[string]gate.ExposureResult
	ceilings  map[string]int32
	units     map[string]*unit
	// had is the record of an earlier plan that stands still, and record the one of this plan; nil when there is none.
	had, record *v1alpha1.Withdrawal
	progress    *progress
}

func (e enforcement) plan() Plan {
	plan := Plan{Reason: v1alpha1.ReasonEnforced, Message: "the clearance and every hold are as decided"}
	e.clear(&plan)
	e.remember(&plan)
	if e.governed() {
		e.lift(&plan)
		wave := e.wave(&plan)
		e.open(&plan)
		e.remove(&plan)
		plan.Removals = append(plan.Removals, wave...)
		e.scales(&plan)
		e.note(&plan)
	}
	e.describe(&plan)
	return plan
}

// remember is what the next plan has to know of this one, and when time alone changes it.
func (e enforcement) remember(plan *Plan) {
	plan.EvidenceEnds = e.scene.Memory.EvidenceEnds
	if e.decision.GrantedExposure != "" {
		plan.EvidenceEnds = e.decision.EvidenceEnds
	}
	plan.Withdrawal = e.record
	if since, cleared := e.since(); cleared && e.governed() {
		plan.ClearedSince = &since
	}
	if e.record == nil {
		return
	}
	for _, s := range e.record.Serving {
		if end := e.graceOf(s.Exposure); end != nil {
			plan.again(e.scene.Now, end.Time)
		}
		if ends := e.evidenceEnds(s.Exposure); ends != nil {
			plan.again(e.scene.Now, *ends)
		}
	}
}

// again is to look again at a time, if it is not over.
func (p *Plan) again(now, at time.Time) {
	if wait := at.Sub(now); wait > 0 && (p.Again == 0 || wait < p.Again) {
		p.Again = wait
	}
}

func (e enforcement) governed() bool {
	return e.scene.Namespace.Gate == v1alpha1.GateEnforced
}

// granted tells whether a workload may claim the exposure.
func (e enforcement) granted(exposure string) bool {
	return e.exposures[exposure].Granted
}

// clear decides about the clearance.
func (e enforcement) clear(plan *Plan) {
	key := clearance.Key(e.scene.ReleaseName)
	present, exists := e.scene.Namespace.Annotations[key]
	if !e.governed() || e.decision.GrantedExposure == "" || e.decision.ClearedUntil == nil {
		plan.Clearance.Withdraw = exists
		return
	}
	want := e.wanted()
	if e.withheld() {
		have, err := clearance.Parse(present)
		if err != nil {
			return
		}
		want = e.atMost(want, have)
	}
	// Only what grows has to fit: of several that came to be over the budget together, none takes another's place.
	fits := func() bool {
		return exists && len(want.String()) <= len(present) || clearance.Fits(e.scene.Namespace.Annotations, key, want.String())
	}
	if !fits() {
		plan.Reason, plan.Message = v1alpha1.ReasonClearanceSpaceExhausted, fmt.Sprintf(
			"the clearances of this namespace would take more than %d bytes of its annotations: lower revisionHistoryLimit of the Deployments, or spread the releases over more namespaces",
			clearance.NamespaceBudget)
		if want.Owners = common(want.Owners, present); len(want.Owners) == 0 {
			want.Mode = clearance.Counted
		}
		if !fits() {
			plan.Clearance.Withdraw = exists
			return
		}
	}
	plan.ClearedSince = &want.Since
	if clearance.Needed(present, want, e.scene.Now, e.scene.Spread) {
		if less, shrinks := e.shrunk(want, present); shrinks {
			want, plan.Clearance.Over = less, present
		}
		plan.Clearance.Write, plan.Clearance.End = want.String(), &want.End
	} else if have, err := clearance.Parse(present); err == nil {
		plan.Clearance.End = &have.End
	}
}

func (e enforcement) wanted() clearance.Clearance {
	c := clearance.Clearance{
		End:      *e.decision.ClearedUntil,
		Exposure: e.decision.GrantedExposure,
		Mode:     clearance.Counted,
		Digests:  e.scene.Digests,
		Since:    e.scene.Now.Truncate(time.Second),
	}
	if since, cleared := e.since(); cleared {
		c.Since = since
	}
	if len(e.scene.UntrustedMutators) > 0 {
		return c
	}
	for _, uid := range e.owners() {
		// What changed one pod on its way here may change the next: while a pod differs, its owner's pods
		// are born held.
		if !slices.ContainsFunc(e.scene.Pods, func(p Pod) bool { return p.Owner.UID == uid && !p.Gone && p.Verdict.differs() }) {
			c.Mode = clearance.Free
			c.Owners = append(c.Owners, uid)
		}
	}
	return c
}

// since is when the release was first cleared here, as its status remembers or the clearance that stands does; false when
// it never was. A clearance that is withdrawn for a while does not start it anew.
func (e enforcement) since() (time.Time, bool) {
	if since := e.scene.Memory.ClearedSince; since != nil {
		return *since, true
	}
	have, err := clearance.Parse(e.scene.Namespace.Annotations[clearance.Key(e.scene.ReleaseName)])
	return have.Since, err == nil
}

// owners are the ReplicaSets that match and whose exposure is granted without a ceiling.
func (e enforcement) owners() []types.UID {
	var all []types.UID
	for _, rs := range e.scene.ReplicaSets {
		_, counted := e.ceilings[rs.Exposure]
		if rs.Verdict.Matches() && e.granted(rs.Exposure) && !counted {
			all = append(all, rs.UID)
		}
	}
	return all
}

// common are the owners that the present clearance names already.
func common(owners []types.UID, present string) []types.UID {
	have, err := clearance.Parse(present)
	if err != nil {
		return nil
	}
	return both(owners, have.Owners)
}

func (e enforcement) lift(plan *Plan) {
	for _, p := range e.scene.Parents {
		if p.Mark != "" && p.Verdict.Matches() && (e.granted(p.Exposure) || e.mends(p.Exposure)) && !e.withheld() {
			plan.Lifts = append(plan.Lifts, Lift{Kind: p.Kind, Version: p.Version, Name: p.Name, ResourceVersion: p.ResourceVersion, Mark: p.Mark})
		}
	}
}

// withheld tells whether nothing may grow for now.
func (e enforcement) withheld() bool { return e.scene.Withheld.Reason != "" }

func (p Pod) ref() PodRef {
	return PodRef{Name: p.Name, UID: p.UID, ResourceVersion: p.ResourceVersion}
}
