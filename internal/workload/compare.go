// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"
	"strings"
	"time"
)

// Comparer compares many templates and pods with the same declaration. The pods of one owner differ in little but their
// names, so it remembers those that it compared, and what they came to: a pod that is like one of them comes to the same. One
// goroutine may use it at a time.
type Comparer struct {
	declared Declared
	table    table
	// compared are the last pods that differ in more than their names.
	compared []comparedPod
}

// comparedPod is a pod that was compared, and what it came to.
type comparedPod struct {
	pod   map[string]any
	found *Mismatch
}

// remembered is how many pods are remembered: more kinds of pods than one release usually has.
const remembered = 8

// NewComparer returns a Comparer that remembers nothing yet.
func NewComparer(declared Declared) *Comparer {
	return &Comparer{declared: declared, table: fieldTable()}
}

// Template is [MatchTemplate] with the declaration.
func (c *Comparer) Template(template map[string]any) *Mismatch {
	return c.match(template, false)
}

// Pod is [MatchPod] with the declaration. The pod is not to change as long as the Comparer is used.
func (c *Comparer) Pod(pod map[string]any) *Mismatch {
	for _, other := range c.compared {
		// A mismatch may quote the name of the token's volume, which the next pod has another of.
		if like, renamed := alike(pod, other.pod); like && (!renamed || other.found == nil) {
			return other.found
		}
	}
	found := c.match(withoutObject(pod), true)
	if plain(pod) {
		if len(c.compared) == remembered {
			c.compared = slices.Delete(c.compared, 0, 1)
		}
		c.compared = append(c.compared, comparedPod{pod, found})
	}
	return found
}

// Fields that say which pod it is, when it was made and where it runs, and not what runs. Matching looks at none of them: they
// are left out where [MatchPod] leaves them out, and are Harmless in the table.
func pertainsToObject(key string) bool {
	return key == "status" || key == "apiVersion" || key == "kind"
}

func pertainsToName(key string) bool {
	return key == "name" || key == "uid" || key == "resourceVersion" || key == "creationTimestamp"
}

func pertainsToPlace(key string) bool { return key == "nodeName" || key == "hostname" }

// plain tells whether the fields of a pod that are not compared with those of others have a value that can be read: else
// it is refused for that.
func plain(pod map[string]any) bool {
	metadata, isMetadata := pod["metadata"].(map[string]any)
	spec, isSpec := pod["spec"].(map[string]any)
	if !isMetadata || !isSpec {
		return false
	}
	for key, value := range metadata {
		text, isText := value.(string)
		if pertainsToName(key) && !isText {
			return false
		}
		if key != "creationTimestamp" {
			continue
		}
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return false
		}
	}
	for key, value := range spec {
		if _, isText := value.(string); pertainsToPlace(key) && !isText {
			return false
		}
	}
	return true
}

// alike tells whether two pods, of which b is plain, differ in nothing that matching looks at; and whether they are so with
// the volume of the token, of which Kubernetes makes up the name, called another name in each.
func alike(a, b map[string]any) (like, renamed bool) {
	if !plain(a) {
		return false, false
	}
	s := sameness{tokens: [2]string{nameOfToken(a), nameOfToken(b)}}
	s.renamed = s.tokens[0] != s.tokens[1]
	return s.maps(a, b, pertainsToObject, s.part), s.renamed
}

// nameOfToken is the name of the volume that is called as the one of the token; empty where none is, or several.
func nameOfToken(pod map[string]any) string {
	spec, _ := pod["spec"].(map[string]any)
	volumes, _ := spec["volumes"].([]any)
	var found string
	for _, volume := range volumes {
		fields, _ := volume.(map[string]any)
		name, _ := fields["name"].(string)
		if !strings.HasPrefix(name, tokenVolumePrefix) {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}
