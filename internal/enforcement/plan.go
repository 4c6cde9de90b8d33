// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/gate"
)

// Plan is what has to be done. What closes is carried out before what opens.
type Plan struct {
	// Clearance is the annotation to write.
	Clearance ClearanceChange
	// Lifts are the Deployments whose hold ends.
	Lifts []Lift
	// Opens are the pods whose gate is lifted.
	Opens []PodRef
	// Removals are the pods to delete.
	Removals []Removal
	// Workloads are the workloads that claim the release, by kind and name.
	Workloads []v1alpha1.WorkloadStatus
	// Reason is why what was decided is not what holds, or ReasonEnforced or ReasonUntrustedMutator.
	Reason string
	// Message explains Reason.
	Message string
}

// ClearanceChange is what becomes of the clearance annotation. The zero value leaves it.
type ClearanceChange struct {
	// Write is the value to write; empty writes nothing.
	Write string
	// Withdraw removes the annotation.
	Withdraw bool
	// End is when the clearance ends once this is done; nil when there is none.
	End *time.Time
}

// Lift is the end of a Deployment's hold.
type Lift struct {
	Name, ResourceVersion string
	// Paused: its author had paused it, so it stays paused.
	Paused bool
}

// PodRef is a pod as it was examined.
type PodRef struct {
	Name            string
	UID             types.UID
	ResourceVersion string
}

// Removal is a pod to delete, and why.
type Removal struct {
	PodRef
	// Reason is ReasonAdverseFinding or ReasonWorkloadMismatch.
	Reason  string
	Message string
}

// GivesMore tells whether the plan gives something more than there is, and so needs a live decision.
func (p Plan) GivesMore() bool {
	return p.Clearance.Write != "" || len(p.Lifts) > 0 || len(p.Opens) > 0
}

// Takes tells whether the plan takes something away, and so needs a live decision.
func (p Plan) Takes() bool {
	return p.Clearance.Withdraw || len(p.Removals) > 0
}

// For plans what the decision means for the scene. The order in which the scene lists objects, which a
// cluster does not keep, decides nothing.
func For(s Scene, d gate.Decision) Plan {
	s.Deployments = slices.SortedFunc(slices.Values(s.Deployments), func(a, b Deployment) int { return cmp.Compare(a.Name, b.Name) })
	s.ReplicaSets = slices.SortedFunc(slices.Values(s.ReplicaSets), func(a, b ReplicaSet) int { return cmp.Compare(a.Name, b.Name) })
	s.Pods = slices.SortedFunc(slices.Values(s.Pods), func(a, b Pod) int { return cmp.Compare(a.Name, b.Name) })
	e := enforcement{scene: s, decision: d, exposures: map[string]gate.ExposureResult{}, ceilings: map[string]int32{}}
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
	return e.plan()
}

// enforcement is one decision in one scene.
type enforcement struct {
	scene     Scene
	decision  gate.Decision
	exposures map[string]gate.ExposureResult
	ceilings  map[string]int32
}

func (e enforcement) plan() Plan {
	plan := Plan{Reason: v1alpha1.ReasonEnforced, Message: "the clearance and every hold are as decided"}
	e.clear(&plan)
	if e.governed() {
		e.lift(&plan)
		e.open(&plan)
		e.remove(&plan)
	}
	e.describe(&plan)
	return plan
}

func (e enforcement) governed() bool {
	return e.scene.Namespace.Gate == v1alpha1.GateEnforced
}

// granted tells whether a workload may claim the exposure.
func (e enforcement) granted(exposure string) bool {
	return e.exposures[exposure].Granted
}

// adverse tells whether an exposure is refused by an adverse finding. One that the policy does not know, such as one
// that was renamed, is only when every exposure is.
func (e enforcement) adverse(exposure string) bool {
	if x, known := e.exposures[exposure]; known {
		return x.Adverse && !x.Granted
	}
	for _, x := range e.exposures {
		if !x.Adverse || x.Granted {
			return false
		}
	}
	return len(e.exposures) > 0
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
	if clearance.Needed(present, want, e.scene.Now) {
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

// since is when the release was first cleared here, by the clearance that stands; false when none does.
func (e enforcement) since() (time.Time, bool) {
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
	return slices.DeleteFunc(slices.Clone(owners), func(uid types.UID) bool { return !slices.Contains(have.Owners, uid) })
}

func (e enforcement) lift(plan *Plan) {
	for _, dep := range e.scene.Deployments {
		if dep.Mark != "" && dep.Verdict.Matches() && e.granted(dep.Exposure) {
			plan.Lifts = append(plan.Lifts, Lift{
				Name: dep.Name, ResourceVersion: dep.ResourceVersion, Paused: dep.Mark == v1alpha1.HeldPaused,
			})
		}
	}
}

// open lifts the gates of held pods, the oldest first, up to the ceiling of the exposure they claim.
func (e enforcement) open(plan *Plan) {
	serving := map[string]int32{}
	var held []Pod
	for _, pod := range e.scene.Pods {
		switch {
		case pod.Gone:
		case pod.Held:
			held = append(held, pod)
		default:
			serving[pod.Exposure]++
		}
	}
	// Those of one moment keep their order by name.
	slices.SortStableFunc(held, func(a, b Pod) int { return a.Created.Compare(b.Created) })
	for _, pod := range held {
		ceiling, counted := e.ceilings[pod.Exposure]
		if !pod.Verdict.Matches() || !e.granted(pod.Exposure) || (counted && serving[pod.Exposure] >= ceiling) {
			continue
		}
		serving[pod.Exposure]++
		plan.Opens = append(plan.Opens, pod.ref())
	}
}

// remove deletes what an adverse finding says must not serve, and what was born free and changed on its way from
// its owner. A pod that runs, of an owner that matches, and that was made since the release is cleared here was
// born free, or it was opened and matched then. Older ones run since before the namespace was governed.
func (e enforcement) remove(plan *Plan) {
	owners := e.owners()
	since, cleared := e.since()
	for _, pod := range e.scene.Pods {
		switch {
		case pod.Held || pod.Gone:
		case e.adverse(pod.Exposure):
			plan.Removals = append(plan.Removals, Removal{pod.ref(), v1alpha1.ReasonAdverseFinding, e.decision.Message})
		case cleared && pod.Verdict.differs() && slices.Contains(owners, pod.Owner.UID) && !pod.Created.Before(since):
			plan.Removals = append(plan.Removals, Removal{pod.ref(), v1alpha1.ReasonWorkloadMismatch,
				"the pod differs from the cleared owner that it was made from: " + pod.Verdict.Mismatch})
		}
	}
}

func (p Pod) ref() PodRef {
	return PodRef{Name: p.Name, UID: p.UID, ResourceVersion: p.ResourceVersion}
}
