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

// clearance is what a clearance says from a moment on; the text is empty from when it is gone.
type clearance struct {
	from   time.Time
	text   string
	end    time.Time
	free   bool
	owners []string
}

// slack is how much later a clearance may end than the evidence, and how much earlier a grace, since all that is written
// in objects are whole seconds.
const slack = time.Second

// takeNamespace reads the clearances of a namespace.
func (w *Watcher) takeNamespace(e *Event, o *corev1.Namespace) {
	if o.Name == w.Ungoverned {
		for key := range o.Annotations {
			if strings.HasPrefix(key, v1alpha1.AnnotationClearancePrefix) {
				w.violated(UngovernedTouched, e.object(), "it carries "+key, "none is asked for")
			}
		}
	}
	if !w.governs(o.Name) {
		return
	}
	stands := map[string]bool{}
	for key, text := range o.Annotations {
		if name, ok := strings.CutPrefix(key, v1alpha1.AnnotationClearancePrefix); ok {
			stands[o.Name+"/"+name] = true
			w.takeClearance(e, o.Name, name, text)
		}
	}
	for key, history := range w.clearances {
		if ns, _, _ := cut(key); ns == o.Name && !stands[key] && history[len(history)-1].text != "" {
			w.clearances[key] = append(history, clearance{from: w.now})
		}
	}
}

// cut parts namespace and name.
func cut(key string) (namespace, name string, ok bool) { return strings.Cut(key, "/") }

// takeClearance judges a clearance that was written.
func (w *Watcher) takeClearance(e *Event, namespace, name, text string) {
	key := namespace + "/" + name
	history := w.clearances[key]
	if len(history) > 0 && history[len(history)-1].text == text {
		return
	}
	c := clearance{from: w.now, text: text}
	fields := strings.Split(text, "|")
	end, err := time.Parse(time.RFC3339, fields[min(1, len(fields)-1)])
	if err != nil || len(fields) < 5 {
		w.violated(ClearedAgainstEvidence, e.object(), "the clearance of "+name+" cannot be read: "+text, "unknown")
		return
	}
	c.end, c.free, c.owners = end, fields[3] == "free", strings.Split(fields[4], ",")
	w.clearances[key] = append(history, c)
	if e.User != "" && e.User != w.Controller {
		w.violated(ClearedAgainstEvidence, e.object(), e.User+" wrote the clearance of "+name, "only Scalegate may")
	}
	w.judgeClearance(e, namespace, name, history)
}

// judgeClearance judges the clearance that was just added to those before. Once one was withdrawn, nothing from before
// that is an excuse: whoever writes what was decided before a withdrawal undoes it.
func (w *Watcher) judgeClearance(e *Event, namespace, name string, before []clearance) {
	c := w.clearances[namespace+"/"+name][len(before)]
	from := w.before(e.Received)
	if n := len(before); n > 0 && before[n-1].text == "" && before[n-1].from.After(from) {
		from = before[n-1].from
	}
	ok := slices.ContainsFunc(w.moments(namespace, name, from, w.now), func(t time.Time) bool {
		s := w.standing(namespace, name, t)
		return s.State == Approved && !c.end.After(s.Until.Add(slack))
	})
	if !ok {
		w.violated(ClearedAgainstEvidence, e.object(), fmt.Sprintf("the clearance of %s was written until %s", name, c.end.UTC().Format("15:04:05")),
			w.says(namespace, name, from))
	}
}

// cleared tells whether at any moment since a clearance stood by which the pod may be born free.
func (w *Watcher) cleared(p *pod, from time.Time) bool {
	history := w.clearances[p.namespace+"/"+p.release]
	for i, c := range history {
		if i+1 < len(history) && history[i+1].from.Before(from) {
			continue
		}
		if c.free && slices.Contains(c.owners, p.owner) && p.created.Before(c.end) {
			return true
		}
	}
	return false
}

// withdrawn is from when on, at or after a moment, no clearance of a release stood: the moment itself where none did, and
// now where one does still.
func (w *Watcher) withdrawn(key string, since time.Time) time.Time {
	stands := false
	for _, c := range w.clearances[key] {
		switch {
		case !c.from.After(since):
			stands = c.text != ""
		case stands && c.text == "":
			return c.from
		}
	}
	if stands {
		return w.now
	}
	return since
}
