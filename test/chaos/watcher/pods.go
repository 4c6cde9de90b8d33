// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// pod is what matters of a pod.
type pod struct {
	namespace, name, uid, release, app, template string
	// owner is the UID of what controls it.
	owner   string
	created time.Time
	// gated: it waits. Ended: it is being deleted, or over. Over: its containers have ended, or it is gone.
	gated, ended, over bool
	at                 uint64
}

// serves tells whether it serves, or is about to.
func (p *pod) serves() bool { return !p.gated && !p.ended }

func (p *pod) object() string { return "pods " + p.namespace + "/" + p.name }

// runs tells whether it serves, or did and has not ended yet.
func (p *pod) runs() bool { return !p.gated && !p.over }

// count is how many pods of a release run, from a moment on: those that serve, and those that are being deleted.
type count struct {
	from time.Time
	pods int
}

func read(o *corev1.Pod, at uint64) *pod {
	p := &pod{
		namespace: o.Namespace, name: o.Name, uid: string(o.UID), release: o.Labels[v1alpha1.LabelRelease],
		app: o.Labels["app"], template: o.Labels["pod-template-hash"], created: o.CreationTimestamp.Time, at: at,
		gated: slices.ContainsFunc(o.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool {
			return g.Name == v1alpha1.SchedulingGate
		}),
		over: o.Status.Phase == corev1.PodSucceeded || o.Status.Phase == corev1.PodFailed,
	}
	p.ended = p.over || o.DeletionTimestamp != nil
	for _, owner := range o.OwnerReferences {
		if owner.Controller != nil && *owner.Controller {
			p.owner = string(owner.UID)
		}
	}
	return p
}

// takePods reads what was written to a pod, or which pods there are.
func (w *Watcher) takePods(e *Event) error {
	switch {
	case e.Verb == VerbList:
		w.forget(e)
	case e.Subresource == "eviction", e.Verb == "delete" && len(e.Object) == 0:
		for _, p := range w.pods {
			if p.namespace == e.Namespace && p.name == e.Name && !p.ended {
				after := *p
				after.ended, after.at = true, e.RV
				w.become(e, p, &after)
			}
		}
	case e.Verb == "delete":
		gone := *e
		gone.Verb = "" // the object is as it was
		return with(&gone, func(_ *Event, o *corev1.Pod) {
			after := read(o, e.RV)
			after.ended = true
			// One that has time to end is not gone yet.
			after.over = after.over || o.DeletionTimestamp == nil || o.DeletionGracePeriodSeconds == nil || *o.DeletionGracePeriodSeconds == 0
			w.see(e, o, after)
		})
	default:
		return with(e, func(e *Event, o *corev1.Pod) { w.see(e, o, read(o, e.RV)) })
	}
	return nil
}

// forget drops the pods that a list does not have any more.
func (w *Watcher) forget(e *Event) {
	for uid, p := range w.pods {
		if p.namespace == e.Namespace && p.at <= e.RV && !e.UIDs[uid] {
			after := *p
			after.ended, after.over = true, true
			w.become(e, p, &after)
			delete(w.pods, uid)
		}
	}
}

func (w *Watcher) see(e *Event, o *corev1.Pod, after *pod) {
	if after.namespace == w.Ungoverned {
		if mark := marks(o); mark != "" {
			w.violated(UngovernedTouched, after.object(), "it carries "+mark, "none is asked for")
		}
		return
	}
	before := w.pods[after.uid]
	if !w.governs(after.namespace) || after.release == "" || before != nil && before.at >= after.at {
		return
	}
	w.become(e, before, after)
}

// marks are what only Scalegate puts on a pod.
func marks(o *corev1.Pod) string {
	for _, g := range o.Spec.SchedulingGates {
		if g.Name == v1alpha1.SchedulingGate {
			return "the gate " + g.Name
		}
	}
	for key := range o.Annotations {
		if strings.HasPrefix(key, "scalegate.dev/") {
			return "the annotation " + key
		}
	}
	return ""
}

// become judges how a pod changed; before is nil for one that is new.
func (w *Watcher) become(e *Event, before, after *pod) {
	w.pods[after.uid] = after
	served := before != nil && before.serves()
	if ran := before != nil && before.runs(); ran != after.runs() {
		key, n := after.namespace+"/"+after.release, w.count(after.namespace, after.release, (*pod).runs)
		w.running[key] = append(w.running[key], count{w.now, n})
	}
	switch {
	case !served && after.serves():
		w.started(e, before, after)
	case served && after.ended && e.User == w.Controller:
		w.removed(e, after)
	}
}

// count is how many pods of a release there are of which something holds.
func (w *Watcher) count(namespace, release string, holds func(*pod) bool) int {
	n := 0
	for _, p := range w.pods {
		if p.namespace == namespace && p.release == release && holds(p) {
			n++
		}
	}
	return n
}

// started judges a pod that came to serve: born free, or opened.
func (w *Watcher) started(e *Event, before, p *pod) {
	from := w.before(e.Received)
	// Nobody saw how: the log lost it, and it came to light by a read, or by a write that cannot change gates.
	unknown := e.User == "" || e.Subresource != ""
	if before == nil && (w.cleared(p, from) || unknown && w.approved(p, from)) {
		return
	}
	switch {
	case before == nil:
		w.violated(UnevaluatedStarts, p.object(), "it was born without a gate, and no clearance stood that names its owner "+p.owner,
			w.says(p.namespace, p.release, from))
		return
	case !unknown && e.User != w.Controller:
		w.violated(UnevaluatedStarts, p.object(), e.User+" lifted its gate", w.says(p.namespace, p.release, from))
		return
	case w.approved(p, from):
	case !w.continues(p, from):
		w.violated(UnevaluatedStarts, p.object(), "its gate was lifted", w.says(p.namespace, p.release, from))
		return
	default:
		w.judgeFreeze(p)
	}
	w.judgeCeiling(p, from)
}

// approved tells whether the release was, at any moment since.
func (w *Watcher) approved(p *pod, from time.Time) bool {
	return slices.ContainsFunc(w.moments(p.namespace, p.release, from, w.now), func(t time.Time) bool {
		return w.standing(p.namespace, p.release, t).State == Approved
	})
}

// continues tells whether, at any moment since, pods of the release that served might be replaced.
func (w *Watcher) continues(p *pod, from time.Time) bool {
	policy := w.policy(p.namespace)
	for _, t := range w.moments(p.namespace, p.release, from, w.now) {
		switch s := w.standing(p.namespace, p.release, t); s.State {
		case Lapsed:
			if t.Before(s.Since.Add(policy.lapse)) {
				return true
			}
		case Advisory:
			if t.Before(s.Since.Add(policy.advisory)) {
				return true
			}
		case Absent:
			if policy.lapse > 0 {
				return true
			}
		case Adverse, Critical, Approved:
		}
	}
	return false
}

// judgeFreeze judges a pod that was opened after its release lost its grant: it may only take the place of another.
func (w *Watcher) judgeFreeze(p *pod) {
	key := p.namespace + "/" + p.release
	lost, ever := w.lost(p.namespace, p.release)
	if !ever {
		w.violated(UnevaluatedStarts, p.object(), "its gate was lifted, and its release was never granted anything",
			w.says(p.namespace, p.release, time.Time{}))
		return
	}
	until := w.after(w.withdrawn(key, lost))
	most := w.mostRunning(key, w.before(lost), until)
	if n := w.count(p.namespace, p.release, (*pod).serves); n > most {
		w.violated(FrozenGrows, p.object(), fmt.Sprintf("its gate was lifted, and %d serve; at most %d did when the grant was lost", n, most),
			w.says(p.namespace, p.release, w.before(lost)))
	}
}

// lost is when the release was last approved, and false when it never was.
func (w *Watcher) lost(namespace, name string) (time.Time, bool) {
	moments := w.moments(namespace, name, time.Time{}, w.now)
	for i, t := range slices.Backward(moments) {
		if w.standing(namespace, name, t).State == Approved {
			return moments[min(i+1, len(moments)-1)], true
		}
	}
	return time.Time{}, false
}

// mostRunning is the largest count from one moment to another.
func (w *Watcher) mostRunning(key string, from, to time.Time) int {
	most, begin := 0, 0
	for _, c := range w.running[key] {
		switch {
		case !c.from.After(from):
			begin = c.pods
		case !c.from.After(to):
			most = max(most, c.pods)
		}
	}
	return max(most, begin)
}

// judgeCeiling judges a pod that was opened: with it no more may serve than the ceiling and what rollouts have beside it.
func (w *Watcher) judgeCeiling(p *pod, from time.Time) {
	most := w.policy(p.namespace).ceiling(from, true)
	if most == nil {
		return
	}
	surge := min(int(*most), w.surge(p.namespace, p.release))
	if n := w.count(p.namespace, p.release, (*pod).serves); n > int(*most)+surge {
		w.violated(AboveCeiling, p.object(), fmt.Sprintf("its gate was lifted, and %d serve; the ceiling is %d, and rollouts may have %d beside it",
			n, *most, surge), w.says(p.namespace, p.release, from))
	}
}

// surge is how many pods rollouts may have above a ceiling: one for each Deployment of which pods of two templates are
// there and one serves. Every Deployment of a run has a maxSurge of 1.
func (w *Watcher) surge(namespace, release string) int {
	templates, serve := map[string]map[string]bool{}, map[string]bool{}
	for _, p := range w.pods {
		if p.namespace != namespace || p.release != release || p.ended || p.template == "" {
			continue
		}
		if templates[p.app] == nil {
			templates[p.app] = map[string]bool{}
		}
		templates[p.app][p.template] = true
		serve[p.app] = serve[p.app] || p.serves()
	}
	n := 0
	for app, all := range templates {
		if len(all) > 1 && serve[app] {
			n++
		}
	}
	return n
}

// removed judges a pod that served and that Scalegate deleted or evicted.
func (w *Watcher) removed(e *Event, p *pod) {
	from := w.before(e.Received)
	policy := w.policy(p.namespace)
	for _, t := range w.moments(p.namespace, p.release, from, w.now) {
		if policy.over(w.standing(p.namespace, p.release, t), t) {
			return
		}
	}
	served := w.count(p.namespace, p.release, (*pod).serves) + 1
	if lowest := policy.ceiling(from, false); lowest != nil && served > int(*lowest) {
		return
	}
	w.violated(ApprovedTaken, p.object(), fmt.Sprintf("Scalegate removed it, one of %d that served", served),
		w.says(p.namespace, p.release, from))
}
