// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// fleet is a namespace with workloads whose controllers do what those of Kubernetes do, while plans are carried out.
type fleet struct {
	t       *testing.T
	random  *rand.Rand
	scene   enforcement.Scene
	granted bool
	// wish is what the author of each workload wants.
	wish map[string]int32
	made int
	// said is what happened, for whoever reads a failure.
	said []string
}

func newFleet(t *testing.T, seed uint64) *fleet {
	t.Helper()
	f := &fleet{t: t, random: rand.New(rand.NewPCG(seed, 7)), granted: true, wish: map[string]int32{}}
	f.scene = scene(limiting, cleared(counted("Evaluation")))
	for i, kind := range []string{"Deployment", "StatefulSet", "Deployment"} {
		name := "w" + strconv.Itoa(i)
		f.wish[name] = int32(f.random.IntN(5))
		parent(kind, name, "Evaluation", matching, asking(f.wish[name]))(&f.scene)
		within("of-"+name, kind, name)(&f.scene)
	}
	f.ceiling(int32(1 + f.random.IntN(6)))
	return f
}

func (f *fleet) ceiling(n int32) {
	f.scene.Policy = fixture.Policy("rsp", fixture.Exposing(
		v1alpha1.Exposure{Name: "Evaluation", MaxReplicas: &n}, v1alpha1.Exposure{Name: "Internal"}, v1alpha1.Exposure{Name: "General"}))
	f.said = append(f.said, fmt.Sprintf("the ceiling is %d", n))
}

// step changes something that is not Scalegate's.
func (f *fleet) step() {
	switch p := &f.scene.Parents[f.random.IntN(len(f.scene.Parents))]; f.random.IntN(8) {
	case 0, 1, 2:
		n := int32(f.random.IntN(7))
		p.Pods, f.wish[p.Name] = &n, n
		if memory, ok := enforcement.ParseScaled(p.Scaled); ok && memory.Ours == n {
			f.wish[p.Name] = memory.Wish // nobody can see that somebody wants just what is there
		}
		f.said = append(f.said, fmt.Sprintf("somebody scales %s to %d", p.Name, n))
	case 3, 4:
		if n := len(f.scene.Pods); n > 0 {
			f.end(f.random.IntN(n))
		}
	case 5:
		f.ceiling(int32(1 + f.random.IntN(6)))
	case 6:
		f.granted = !f.granted
		f.said = append(f.said, fmt.Sprintf("granted: %v", f.granted))
	case 7:
		f.scene.LimitBy = map[v1alpha1.LimitBy]v1alpha1.LimitBy{
			"": v1alpha1.LimitByScaleReplicas, v1alpha1.LimitByScaleReplicas: "",
		}[f.scene.LimitBy]
		f.said = append(f.said, fmt.Sprintf("limited by %q", f.scene.LimitBy))
	}
}

func (f *fleet) end(i int) {
	f.said = append(f.said, "pod "+f.scene.Pods[i].Name+" ends")
	f.scene.Pods = slices.Delete(slices.Clone(f.scene.Pods), i, i+1)
}

// pods are those of a workload, the ones that go first at the end.
func (f *fleet) pods(p enforcement.Parent) []int {
	var all []int
	for i, pod := range f.scene.Pods {
		if pod.Owner.UID == fixture.UID("of-"+p.Name) || pod.Owner.UID == p.UID {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(a, b int) int {
		x, y := f.scene.Pods[a], f.scene.Pods[b]
		switch {
		case p.Kind.Kind == "StatefulSet":
			return int(x.Ordinal - y.Ordinal)
		case x.Held != y.Held && y.Held:
			return -1
		case x.Held != y.Held:
			return 1
		}
		return x.Created.Compare(y.Created)
	})
	return all
}

// bytes are dice for one throw.
func (f *fleet) bytes() *dice { return &dice{[]byte{byte(f.random.Uint32())}} }

// control makes and deletes pods as the controllers of the workloads do, some of which are slow; it tells whether any had
// something to do. New pods may not have been looked at yet.
func (f *fleet) control() bool {
	did := false
	for i := range f.scene.Pods {
		if f.random.IntN(2) == 0 {
			did = did || f.scene.Pods[i].Verdict != matching
			f.scene.Pods[i].Verdict = matching
		}
	}
	for _, p := range f.scene.Parents {
		if f.random.IntN(3) == 0 {
			did = did || len(f.pods(p)) != int(*p.Pods)
			continue
		}
		for pods := f.pods(p); len(pods) > int(*p.Pods); pods = f.pods(p) {
			f.end(pods[len(pods)-1])
			did = true
		}
		for pods := f.pods(p); len(pods) < int(*p.Pods); pods = f.pods(p) {
			did = true
			f.made++
			created := made(f.scene.Now.Add(time.Duration(f.made) * time.Millisecond))
			if p.Kind.Kind != "StatefulSet" {
				pod(p.Name+"-"+strconv.Itoa(f.made), "Evaluation", pick(f.bytes(), matching, unexamined), held, created, owned("ReplicaSet", "of-"+p.Name))(&f.scene)
				continue
			}
			number := int32(0)
			for slices.ContainsFunc(pods, func(i int) bool { return f.scene.Pods[i].Ordinal == number }) {
				number++
			}
			pod(p.Name+"-"+strconv.Itoa(int(number)), "Evaluation", pick(f.bytes(), matching, unexamined), held, created, ofRevision(p.Name, "1", number),
				func(x *enforcement.Pod) { x.UID = fixture.UID(strconv.Itoa(f.made)) })(&f.scene)
		}
	}
	return did
}

// decision is what the fleet is granted.
func (f *fleet) decision() gate.Decision {
	if f.granted {
		return granting("General")
	}
	return refusing(v1alpha1.ReasonEvidenceMissing)
}

// serves is how many pods of a workload serve.
func (f *fleet) serves(p enforcement.Parent) (n int32) {
	for _, i := range f.pods(p) {
		if !f.scene.Pods[i].Held {
			n++
		}
	}
	return n
}

// settle carries plans out until nothing is left to do. What is scaled up is not scaled down again by what follows from it.
func (f *fleet) settle() {
	f.t.Helper()
	way := map[string]int32{}
	for range 100 {
		did := f.control()
		d := f.decision()
		plan := enforcement.For(f.scene, d)
		f.scene = after(f.scene, plan)
		f.scene.Pods = slices.DeleteFunc(f.scene.Pods, func(p enforcement.Pod) bool { return p.Gone })
		f.scene.Memory = enforcement.Memory{
			Granted: d.GrantedExposure, Subject: d.SubjectDigest, ClearedSince: plan.ClearedSince, EvidenceEnds: plan.EvidenceEnds, Withdrawal: plan.Withdrawal, Removal: plan.Removal,
		}
		for _, s := range plan.Scales {
			f.scale(s, way)
		}
		f.scene.Now = f.scene.Now.Add(time.Minute)
		did = did || slices.ContainsFunc(f.scene.Pods, func(p enforcement.Pod) bool { return p.Verdict != matching })
		if !did && len(plan.Scales)+len(plan.Opens)+len(plan.Removals) == 0 {
			return
		}
	}
	f.t.Fatalf("it does not settle: %q", f.said)
}

func (f *fleet) scale(s enforcement.Scale, way map[string]int32) {
	f.t.Helper()
	f.said = append(f.said, fmt.Sprintf("%s is scaled to %d, remembering %q: %s", s.Name, s.Replicas, s.Remember, s.Message))
	p := &f.scene.Parents[slices.IndexFunc(f.scene.Parents, func(p enforcement.Parent) bool { return p.Name == s.Name })]
	if by := s.Replicas - *p.Pods; by != 0 {
		if by < 0 && s.Replicas < f.serves(*p) {
			f.t.Fatalf("%s is scaled to %d, and %d serve: %q", s.Name, s.Replicas, f.serves(*p), f.said)
		}
		if way[s.Name] > 0 && by < 0 {
			f.t.Fatalf("%s is scaled up and then down: %q", s.Name, f.said)
		}
		way[s.Name] = by
	}
	p.Pods, p.Scaled = new(s.Replicas), s.Remember
}

// check: each author's wish is known, and where the release is limited by its replicas nothing waits and no place is left
// over that somebody wants.
func (f *fleet) check() {
	f.t.Helper()
	var serving int32
	for _, p := range f.scene.Parents {
		serving += f.serves(p)
		wish := *p.Pods
		if memory, ok := enforcement.ParseScaled(p.Scaled); ok {
			wish = memory.Wish
		}
		if wish != f.wish[p.Name] {
			f.t.Fatalf("%s wants %d, and %d is remembered: %q", p.Name, f.wish[p.Name], wish, f.said)
		}
		if f.scene.LimitBy == "" && (p.Scaled != "" || *p.Pods != wish) {
			f.t.Fatalf("%s asks for %d of %d, with %q: %q", p.Name, *p.Pods, wish, p.Scaled, f.said)
		}
	}
	if f.scene.LimitBy == "" || !f.granted {
		return
	}
	for _, p := range f.scene.Parents {
		waits := *p.Pods - f.serves(p)
		// The lowest numbers of a StatefulSet may wait while higher ones serve.
		if waits > 0 && p.Kind.Kind != "StatefulSet" {
			f.t.Fatalf("%d of %s wait: %q", waits, p.Name, f.said)
		}
		free := *f.scene.Policy.Spec.Exposures[0].MaxReplicas - serving
		if free > 0 && f.serves(p) < f.wish[p.Name] {
			f.t.Fatalf("%d places are free, and %s wants %d and has %d: %q", free, p.Name, f.wish[p.Name], f.serves(p), f.said)
		}
	}
}

// Whatever happens around it, scaling comes to rest, takes back nothing that it gave, ends nothing that serves and forgets no wish; and at
// last everything is as its author wants it.
func TestScalingComesToRest(t *testing.T) {
	for seed := range uint64(200) {
		f := newFleet(t, seed)
		for range 25 {
			for range 1 + f.random.IntN(3) {
				f.step()
			}
			f.settle()
			f.check()
		}
		f.scene.LimitBy = ""
		f.settle()
		f.check()
	}
}

// FuzzScales holds what scaling promises against any scene and decision, also such as no cluster has.
func FuzzScales(f *testing.F) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		data := make([]byte, 160)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &dice{data}
		decision, s := d.decision(), d.scene()
		s.LimitBy = pick(d, v1alpha1.LimitByScaleReplicas, "")
		s.Memory = enforcement.Memory{Granted: pick(d, "General", "Internal", ""), Subject: subject}
		for i := range s.Parents {
			d.scalable(&s.Parents[i])
		}
		if d.often() {
			fallback(pick(d, int32(0), 2), d.scalable)(&s)
		}
		for _, scale := range enforcement.For(s, decision).Scales {
			checkScale(t, s, scale)
		}
	})
}

// scalable gives a workload any annotations.
func (d *dice) scalable(p *enforcement.Parent) {
	p.Scalable = d.often()
	p.Scaled = pick(d, "", "5/2", "2/2", "0/2", "9/1", "5/2/m1", "0/2/m0,m1", "0/2/m0", "five")
	p.Standby = pick(d, "", "3", "-1", "x", "2147483647")
	if p.Pods != nil {
		p.Pods = new(pick(d, int32(2), 0, 1, 7, 2147483647))
	}
}

// checkScale: only what may be scaled is, once, not where growth is withheld or nobody governs; nothing that serves ends by it, and what
// is remembered is what was set.
func checkScale(t *testing.T, s enforcement.Scene, scale enforcement.Scale) {
	t.Helper()
	all := slices.Clone(s.Parents)
	if s.Fallback != nil {
		all = append(all, s.Fallback.Parents...)
	}
	i := slices.IndexFunc(all, func(p enforcement.Parent) bool { return p.Name == scale.Name && p.Kind == scale.Kind })
	if i < 0 || !all[i].Scalable || all[i].Pods == nil || scale.ResourceVersion != all[i].ResourceVersion {
		t.Fatalf("scaled %+v of %+v", scale, all)
	}
	if s.Namespace.Gate != v1alpha1.GateEnforced || s.Withheld.Reason != "" {
		t.Errorf("scaled %+v with the gate %q, withheld: %q", scale, s.Namespace.Gate, s.Withheld.Reason)
	}
	p := all[i]
	memory, known := enforcement.ParseScaled(scale.Remember)
	stale := known && len(memory.For) > 0 && scale.Replicas == *p.Pods
	if scale.Remember != "" && (!known || memory.Ours != scale.Replicas && !stale) || scale.Replicas == *p.Pods && scale.Remember == p.Scaled {
		t.Errorf("scaled %+v, which was %d with %q", scale, *p.Pods, p.Scaled)
	}
	if had, ok := enforcement.ParseScaled(p.Scaled); ok && had.Ours == *p.Pods && known && memory.Wish != had.Wish {
		t.Errorf("scaled %+v, and its author wants %d", scale, had.Wish)
	}
	var serves int32
	for _, pod := range s.Pods {
		if !pod.Held && !pod.Gone && s.Owners[pod.Owner.UID].UID == p.UID && pod.Unit.Key == "" {
			serves++
		}
	}
	if scale.Replicas < *p.Pods && scale.Replicas < serves && i < len(s.Parents) {
		t.Errorf("scaled %+v, and %d serve", scale, serves)
	}
}
