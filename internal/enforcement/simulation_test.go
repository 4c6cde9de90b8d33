// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// crowd is a workload of General in a cluster that carries plans out, replaces what ends, and has crashes. Its budget
// lets no more than one pod be away.
type crowd struct {
	t      *testing.T
	random *rand.Rand
	scene  enforcement.Scene
	size   int
	made   int
	// crashes: pods end by themselves.
	crashes bool
	// leaves are the pods that were on their way out once the last plan was carried out.
	leaves int
}

func newCrowd(t *testing.T, size int, seed uint64) *crowd {
	t.Helper()
	f := &crowd{t: t, random: rand.New(rand.NewPCG(seed, 7)), scene: scene(), size: size}
	for range size {
		f.replace()
	}
	return f
}

// replace makes a pod as its workload does: held, unless somebody opens it.
func (f *crowd) replace() {
	f.made++
	pod(fmt.Sprintf("p%03d", f.made), "General", matching, held, made(f.scene.Now), owned("StatefulSet", "s"))(&f.scene)
}

func (f *crowd) count(is func(enforcement.Pod) bool) int {
	n := 0
	for _, p := range f.scene.Pods {
		if is(p) {
			n++
		}
	}
	return n
}

func (f *crowd) serving() int {
	return f.count(func(p enforcement.Pod) bool { return !p.Held && !p.Gone })
}

func (f *crowd) ending() int { return f.count(func(p enforcement.Pod) bool { return p.Ending }) }

// step plans, carries the plan out as the controller does, and lets time go on to when the plan is to be looked at again, at most.
func (f *crowd) step(d gate.Decision) enforcement.Plan {
	plan := enforcement.For(f.scene, d)
	key := clearance.Key("m1")
	if plan.Clearance.Withdraw {
		delete(f.scene.Namespace.Annotations, key)
	} else if plan.Clearance.Write != "" {
		annotated(key, plan.Clearance.Write)(&f.scene)
	}
	for i, p := range f.scene.Pods {
		switch {
		case slices.Contains(plan.Opens, refOf(p)):
			f.scene.Pods[i].Held, f.scene.Pods[i].Started = false, f.scene.Now
		case slices.ContainsFunc(plan.Removals, func(r enforcement.Removal) bool {
			return r.PodRef == refOf(p) && (!r.Evict || f.serving() == f.size)
		}):
			f.scene.Pods[i].Gone, f.scene.Pods[i].Ending, f.scene.Pods[i].Ends = true, true, f.scene.Now.Add(30*time.Second)
		}
	}
	f.leaves = f.ending()
	f.scene.Memory = enforcement.Memory{Granted: d.GrantedExposure, Subject: d.SubjectDigest, EvidenceEnds: plan.EvidenceEnds, ClearedSince: plan.ClearedSince,
		Withdrawal: plan.Withdrawal, Removal: plan.Removal}
	wait := time.Duration(1+f.random.IntN(90)) * time.Second
	if plan.Again > 0 && plan.Again < wait {
		wait = plan.Again
	}
	f.pass(wait)
	return plan
}

// pass lets time go on, and what ended be replaced.
func (f *crowd) pass(wait time.Duration) {
	f.scene.Now = f.scene.Now.Add(wait)
	crashed := -1
	if f.crashes && f.random.IntN(3) == 0 {
		crashed = f.random.IntN(len(f.scene.Pods))
	}
	before := len(f.scene.Pods)
	name := ""
	if crashed >= 0 && !f.scene.Pods[crashed].Held {
		name = f.scene.Pods[crashed].Name
	}
	f.scene.Pods = slices.DeleteFunc(slices.Clone(f.scene.Pods), func(p enforcement.Pod) bool {
		return p.Name == name || p.Ending && !f.scene.Now.Before(p.Ends)
	})
	for range before - len(f.scene.Pods) {
		f.replace()
	}
}

// From a grant to the end of its evidence, through the grace, to the last pod: with crashes, and a budget that lets one go.
func TestALapseFromItsBeginningToItsEnd(t *testing.T) {
	for size := 1; size <= 9; size++ {
		for seed := range uint64(20) {
			f := newCrowd(t, size, seed)
			f.scene.Policy.Spec.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(1))}
			f.step(granting("General"))
			if f.serving() != size {
				t.Fatalf("%d of %d serve under the grant", f.serving(), size)
			}
			ended := f.scene.Now
			lapse := refusing("", lapsed(ended))
			f.crashes = true
			for f.scene.Now.Before(ended.Add(24 * time.Hour)) {
				f.replacesUpTo(lapse, size)
				f.pass(time.Duration(f.random.IntN(7200)) * time.Second)
			}
			f.crashes = false
			f.drains(lapse, (size+3)/4, 600*time.Second)
		}
	}
}

// replacesUpTo steps through a freeze: nothing is removed, and never do more serve than did.
func (f *crowd) replacesUpTo(d gate.Decision, size int) {
	f.t.Helper()
	within := f.scene.Now
	plan := f.step(d)
	w := plan.Withdrawal
	if w == nil || len(plan.Removals) > 0 && within.Before(w.GraceEndTime.Time) {
		f.t.Fatalf("removed %+v in a freeze, with the record %+v", plan.Removals, w)
	}
	if f.serving() > size {
		f.t.Fatalf("%d serve, and %d did", f.serving(), size)
	}
}

// drains steps until nothing serves: no more at once than may be, and not for ever behind the budget.
func (f *crowd) drains(d gate.Decision, atOnce int, evicting time.Duration) {
	f.t.Helper()
	began, left := f.scene.Now, f.serving()
	for f.serving()+f.ending() > 0 {
		plan := f.step(d)
		if f.leaves > atOnce {
			f.t.Fatalf("%d are on their way at once, and %d may be", f.leaves, atOnce)
		}
		if len(plan.Opens) > 0 || f.serving() > left {
			f.t.Fatalf("opened %+v while it drains", plan.Opens)
		}
		left = f.serving()
		if took := f.scene.Now.Sub(began); took > evicting+time.Duration(f.size)*3*time.Minute {
			f.t.Fatalf("%d of %d serve after %s", f.serving(), f.size, took)
		}
	}
	if plan := f.step(d); plan.Withdrawal == nil || plan.Withdrawal.EnforcedTime == nil || plan.Removal != nil || plan.Reason != v1alpha1.ReasonEnforced {
		f.t.Fatalf("nothing serves, and it is not enforced: %+v, %s: %s", plan.Withdrawal, plan.Reason, plan.Message)
	}
	if plan := f.step(granting("General")); len(plan.Opens) != f.size || plan.Withdrawal != nil {
		f.t.Fatalf("granted again, %d of %d are opened", len(plan.Opens), f.size)
	}
}

// Whatever comes after whatever: of what is lost never more serve than did, no more than is granted is ever lost by absence, and
// what a finding refuses is gone at once.
func TestCausesThatFollowEachOther(t *testing.T) {
	for seed := range uint64(60) {
		f := newCrowd(t, 1+int(seed%8), seed)
		f.step(granting("General"))
		f.crashes = true
		most, granted := f.serving(), true
		for range 60 {
			lost := f.scene.Now
			kinds := map[string]gate.Decision{
				"granted": granting("General"), "absent": refusing(v1alpha1.ReasonEvidenceMissing), "lapsed": refusing("", lapsed(lost)),
				"advisory": refusing("", revoked(v1alpha1.RevocationAdvisory)), "critical": refusing("", revoked(v1alpha1.RevocationCritical)),
				"adverse": refusing("", adverse(exposures()...)), "less": granting("Internal", wanting), "unknown": {},
			}
			kind := []string{"granted", "absent", "lapsed", "advisory", "critical", "adverse", "less", "unknown"}[f.random.IntN(8)]
			f.scene.Policy = scene().Policy
			if kind == "unknown" {
				f.scene.Policy = nil
			}
			for range 1 + f.random.IntN(4) {
				if granted && kind != "granted" {
					most, granted = f.serving(), false
				}
				plan := f.step(kinds[kind])
				switch {
				case kind == "granted":
					most, granted = f.size, true
				case f.serving() > most:
					t.Fatalf("seed %d, %s: %d serve, and %d did", seed, kind, f.serving(), most)
				case kind == "critical" || kind == "adverse":
					if f.serving() > 0 {
						t.Fatalf("seed %d, %s: %d serve", seed, kind, f.serving())
					}
					most = 0
				case len(plan.Removals) > 0:
					// Each grace is longer than all of this takes.
					t.Fatalf("seed %d, %s: removed %+v", seed, kind, plan.Removals)
				}
			}
		}
	}
}
