// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// maxTemplateText is how many characters of a template a held workload keeps.
const maxTemplateText = 65536

// parent is a workload and how it was before.
type parent struct {
	mutation
	claims, wasHeld bool
	// changed: the template is another one than before. Not set at CREATE.
	changed bool
	// returned: the template is the one that ran before the hold.
	returned bool
}

func parentOf(m mutation) parent {
	p := parent{mutation: m}
	template := at(m.object, "spec", "template")
	p.claims = has(m.object, "spec", "template", "metadata", "labels", v1alpha1.LabelRelease)
	if m.old == nil {
		return p
	}
	p.wasHeld = has(m.old, "metadata", "annotations", v1alpha1.AnnotationHeld)
	p.changed = !reflect.DeepEqual(template, at(m.old, "spec", "template"))
	p.returned = p.wasHeld && has(m.old, "metadata", "annotations", v1alpha1.AnnotationClearedTemplate) &&
		templateText(template) == textAt(m.old, "metadata", "annotations", v1alpha1.AnnotationClearedTemplate)
	return p
}

// marks are the marks of a hold that the object and its predecessor bear; empty where there is none.
func (p *parent) marks() (now, before string) {
	return textAt(p.object, "metadata", "annotations", v1alpha1.AnnotationHeld),
		textAt(p.old, "metadata", "annotations", v1alpha1.AnnotationHeld)
}

// mark notes the hold.
func (p *parent) mark(value string) {
	put(p.object, value, "metadata", "annotations", v1alpha1.AnnotationHeld)
}

// unmark takes off what says that there is a hold, also where somebody typed it.
func (p *parent) unmark() {
	drop(p.object, "metadata", "annotations", v1alpha1.AnnotationHeld)
	drop(p.object, "metadata", "annotations", v1alpha1.AnnotationClearedTemplate)
}

// keepTemplate notes the template that ran before, so that a return to it needs no controller.
func (p *parent) keepTemplate() {
	text := ""
	switch {
	case p.wasHeld:
		text = textAt(p.old, "metadata", "annotations", v1alpha1.AnnotationClearedTemplate)
	case p.old != nil:
		if text = templateText(at(p.old, "spec", "template")); utf8.RuneCountInString(text) > maxTemplateText {
			text = ""
		}
	}
	if text == "" {
		drop(p.object, "metadata", "annotations", v1alpha1.AnnotationClearedTemplate)
		return
	}
	put(p.object, text, "metadata", "annotations", v1alpha1.AnnotationClearedTemplate)
}

// templateText is a template as text, the same for the same template: JSON with sorted keys. The policies
// inside the API server write CEL's text instead. Each compares only with what it wrote itself, so a workload that
// is held while one takes the other's place waits for the controller when it returns.
func templateText(template any) string {
	text, err := json.Marshal(template)
	if err != nil {
		return ""
	}
	return string(text)
}

// holdDeployment is scalegate-hold-deployments.
func holdDeployment(_ context.Context, m mutation) {
	p := parentOf(m)
	paused, _ := at(p.object, "spec", "paused").(bool)
	now, before := p.marks()
	mark := v1alpha1.HeldResume
	switch {
	case !paused:
	case now == v1alpha1.HeldResume || now == v1alpha1.HeldPaused:
		mark = now
	case p.wasHeld:
		mark = before
	default:
		mark = v1alpha1.HeldPaused
	}
	if p.claims && (p.wasHeld || p.changed || p.old == nil) && !p.returned {
		p.mark(mark)
		p.keepTemplate()
		put(p.object, true, "spec", "paused")
		return
	}
	p.unmark()
	if p.wasHeld && paused && mark == v1alpha1.HeldResume {
		drop(p.object, "spec", "paused")
	}
}

// holdStatefulSet is scalegate-hold-statefulsets.
func holdStatefulSet(_ context.Context, m mutation) {
	p := parentOf(m)
	rolls := textAt(p.object, "spec", "updateStrategy", "type") == "RollingUpdate"
	path := []string{"spec", "updateStrategy", "rollingUpdate", "partition"}
	partition := whole(at(p.object, path...))
	mark := v1alpha1.HeldPartitionPrefix + strconv.FormatInt(partition, 10)
	if partition == v1alpha1.HeldPartition {
		now, before := p.marks()
		for _, said := range []string{before, now} {
			if partitionMark().MatchString(said) {
				mark = said
			}
		}
	}
	if p.claims && rolls && (p.wasHeld || p.changed) && !p.returned {
		p.mark(mark)
		p.keepTemplate()
		put(p.object, int64(v1alpha1.HeldPartition), path...)
		return
	}
	p.unmark()
	if p.wasHeld && partition == v1alpha1.HeldPartition {
		author, err := strconv.ParseInt(strings.TrimPrefix(mark, v1alpha1.HeldPartitionPrefix), 10, 32)
		if err == nil {
			put(p.object, author, path...)
		}
	}
}

func partitionMark() *regexp.Regexp {
	return regexp.MustCompile(`^partition=[0-9]{1,9}$`)
}

func whole(value any) int64 {
	n, _ := value.(int64)
	return n
}

// holdJob is scalegate-hold-jobs.
func holdJob(_ context.Context, m mutation) {
	p := parentOf(m)
	queued := has(p.object, "metadata", "labels", "kueue.x-k8s.io/queue-name")
	suspended, _ := at(p.object, "spec", "suspend").(bool)
	mark := v1alpha1.HeldResume
	if suspended {
		mark = v1alpha1.HeldPaused
		now, before := p.marks()
		for _, said := range []string{before, now} {
			if said == v1alpha1.HeldResume || said == v1alpha1.HeldPaused {
				mark = said
			}
		}
	}
	if p.claims && !queued && (p.wasHeld || p.changed || p.old == nil) {
		p.mark(mark)
		put(p.object, true, "spec", "suspend")
		return
	}
	drop(p.object, "metadata", "annotations", v1alpha1.AnnotationHeld)
	if p.wasHeld && suspended && mark == v1alpha1.HeldResume && !queued {
		put(p.object, false, "spec", "suspend")
	}
}
