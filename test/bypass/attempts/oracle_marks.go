// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Remembers tells whether a held object remembers how it goes on as its author last wanted it, and which template ran
// before; and whether a hold that was lifted by a return left it as its author wanted it.
func Remembers(r Request, content map[string]any) bool {
	_, held := switchOf(r.Kind)
	switch {
	case r.Sub != "" || content == nil || r.Way.Deletes():
		return true
	case r.Kind.Group == ownGroup:
		return r.stamped(content)
	case r.Kind.Resource == "pods" && r.Old == nil:
		return keepsGates(r.New, content) && r.noted(content)
	case !held || !r.Ground.Governed() || r.Who.Name == controllerName:
		return true
	}
	return r.keepsNotes(content) && r.keepsRollout(content) && r.remembers(content)
}

// remembers looks at our marks.
func (r Request) remembers(content map[string]any) bool {
	switch held := Holds(r.Kind, content); {
	case held:
		return textAt(content, metadata, annotations, heldKey) == r.mark() && r.keepsTemplate(content)
	case Holds(r.Kind, r.Old):
		return r.asWanted(content)
	default:
		return !marked(content) && r.switched(content) && (!r.returns() || textAt(content, metadata, annotations, clearedTextKey) == "")
	}
}

// keepsGates tells whether a new pod has every gate that was sent.
func keepsGates(sent, content map[string]any) bool {
	return !slices.ContainsFunc(listAt(sent, spec, "schedulingGates"), func(gate map[string]any) bool {
		return !slices.ContainsFunc(listAt(content, spec, "schedulingGates"), func(kept map[string]any) bool { return kept["name"] == gate["name"] })
	})
}

// mostNoteBytes is how much a pod's annotations may hold so that one more has room: all of them may hold 256 KiB.
const mostNoteBytes = 261000

// noted tells whether a new pod says why it is held, where it is, whatever was typed there; and whether everything else is
// noted as it was sent. Who holds a pod by hand, where no policy does, says it himself.
func (r Request) noted(content map[string]any) bool {
	sent, stands := mapAt(r.New, metadata, annotations), mapAt(content, metadata, annotations)
	size := 0
	for key, value := range sent {
		if text, _ := value.(string); key != holdReasonKey {
			size += len(key) + len(text)
			if stands[key] != value {
				return false
			}
		}
	}
	ours := claims(r.New) && r.Ground.Governed() && gated(content) && !r.Unmutated && len(sent) <= MostNotes && size <= mostNoteBytes
	if !ours {
		return stands[holdReasonKey] == sent[holdReasonKey]
	}
	reason, _ := stands[holdReasonKey].(string)
	return strings.HasPrefix(reason, "NotLookedAt: ") && strings.Contains(reason, " of release "+claim(r.New)+" ") && strings.HasSuffix(reason, "kubectl describe modelrelease "+claim(r.New)) && len(reason) <= 256
}

// keepsNotes tells whether the annotations that are not ours are as they were sent.
func (r Request) keepsNotes(content map[string]any) bool {
	for _, key := range differing(mapAt(r.New, metadata, annotations), mapAt(content, metadata, annotations), "") {
		if !strings.HasPrefix(key, ownPrefix) {
			return false
		}
	}
	return true
}

// keepsRollout tells whether all that the author sent about the rollout, besides the partition, is as it was sent.
func (r Request) keepsRollout(content map[string]any) bool {
	path, _ := switchOf(r.Kind)
	if !r.partitioned() {
		return true
	}
	parent := strings.Split(path, ".")
	parent = parent[:len(parent)-1]
	kept := mapAt(content, parent...)
	for key, value := range mapAt(r.New, parent...) {
		if key != "partition" && !same(kept[key], value) {
			return false
		}
	}
	return true
}

// Remembered is what an object remembers, in short.
func Remembered(content map[string]any) string {
	kept := textAt(content, metadata, annotations, clearedTextKey)
	return fmt.Sprintf("%q, and a template of %d bytes", textAt(content, metadata, annotations, heldKey), len(kept))
}

// switchOf is the path of what holds a kind.
func switchOf(kind Kind) (path string, ok bool) {
	switch kind.Resource {
	case "deployments":
		return "spec.paused", true
	case "jobs":
		return "spec.suspend", true
	case "statefulsets":
		return "spec.updateStrategy.rollingUpdate.partition", true
	default:
		c, _ := customOf(kind)
		path = c.partition + c.suspend
		return path, path != ""
	}
}

// returns tells whether a return to what ran before lifts the hold: a run has nothing before it.
func (r Request) returns() bool {
	return !slices.Contains([]string{"jobs", "jobsets", "workloads"}, r.Kind.Resource)
}

// partitioned tells whether the hold is a partition.
func (r Request) partitioned() bool {
	c, _ := customOf(r.Kind)
	return r.Kind.Resource == "statefulsets" || c.partition != ""
}

// halted tells whether the switch stands at what does not run.
func (r Request) halted(content map[string]any) bool {
	if c, ok := customOf(r.Kind); ok {
		return c.halted(content)
	}
	path, _ := switchOf(r.Kind)
	return first(reach(content, path)) == true
}

// mark is what the mark has to say: the author's own switch, as it was sent last.
func (r Request) mark() string {
	path, _ := switchOf(r.Kind)
	sent := first(reach(r.New, path))
	valid := regexp.MustCompile(`^(resume|paused)$`)
	if r.partitioned() {
		valid = regexp.MustCompile(`^partition=[0-9]{1,9}$`)
	}
	switch {
	case r.partitioned() && sent == nil:
		return "partition=0"
	case r.partitioned() && sent != int64(noOrdinal):
		return fmt.Sprintf("partition=%v", sent)
	case !r.partitioned() && !r.halted(r.New):
		return "resume"
	}
	for _, content := range []map[string]any{r.New, r.Old} {
		if mark := textAt(content, metadata, annotations, heldKey); valid.MatchString(mark) {
			return mark
		}
	}
	if r.partitioned() {
		return fmt.Sprintf("partition=%d", noOrdinal)
	}
	return "paused"
}

// longest is the longest template that is kept, in bytes.
const longest = 65536

// keepsTemplate tells whether the template that ran before is kept: by those kinds that a return lifts.
func (r Request) keepsTemplate(content map[string]any) bool {
	kept := textAt(content, metadata, annotations, clearedTextKey)
	_, there := mapAt(content, metadata, annotations)[clearedTextKey]
	switch {
	case !r.returns():
		return true
	case r.Old == nil:
		return !there
	case Holds(r.Kind, r.Old):
		return kept == textAt(r.Old, metadata, annotations, clearedTextKey)
	case r.On == "large":
		return !there
	default:
		return kept != "" && len(kept) <= longest
	}
}

// switched tells whether the switch stands as it was sent, where it was.
func (r Request) switched(content map[string]any) bool {
	path, _ := switchOf(r.Kind)
	sent := first(reach(r.New, path))
	return sent == nil || same(first(reach(content, path)), sent)
}

// asWanted tells whether the switch stands, after the hold, as the mark of the held object said.
func (r Request) asWanted(content map[string]any) bool {
	path, _ := switchOf(r.Kind)
	stands, mark := first(reach(content, path)), textAt(r.Old, metadata, annotations, heldKey)
	if sent := first(reach(r.New, path)); !same(sent, first(reach(r.Old, path))) {
		return same(stands, sent) || stands == nil && !r.halted(r.New)
	}
	if r.partitioned() {
		return mark == fmt.Sprintf("partition=%v", stands)
	}
	if mapAt(r.New, metadata, labels)[queueLabel] != nil && slices.Contains([]string{"jobs", "jobsets"}, r.Kind.Resource) {
		return r.halted(content) // Kueue starts it.
	}
	return r.halted(content) == (mark == "paused")
}
