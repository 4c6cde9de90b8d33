// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// driftFacts is what an object says of another model that running pods answer with.
type driftFacts struct {
	// what it does, in a phrase that follows its name.
	what string
	// shown are the values that say which other model it is; never empty.
	shown []string
	// targets are the pods. Where they cannot be read, unreadable says why, and any pod may be one.
	targets    kinds.Targets
	unreadable string
	// everywhere: the pods may be in any namespace.
	everywhere bool
}

// driftIn reads what an object says; nil when it changes nothing.
func driftIn(row kinds.Drift, object map[string]any) *driftFacts {
	shown := row.Shown(object)
	if len(shown) == 0 {
		return nil
	}
	targets, err := row.Targets(object)
	d := &driftFacts{what: row.What, shown: shown, targets: targets, everywhere: row.Everywhere}
	if err != nil {
		d.unreadable = err.Error()
	}
	return d
}

func (d *driftFacts) equal(other *driftFacts) bool {
	if d == nil || other == nil {
		return d == other
	}
	return slices.Equal(d.shown, other.shown) && slices.Equal(d.targets.Releases, other.targets.Releases) &&
		d.targets.Pool == other.targets.Pool && selectorText(d.targets.Selector) == selectorText(other.targets.Selector)
}

func selectorText(s labels.Selector) string {
	if s == nil {
		return "none"
	}
	return s.String()
}

// poolGroups are the groups that an InferencePool may be of, with the version of each.
func poolGroups() map[string]string {
	return map[string]string{"inference.networking.k8s.io": "v1", "inference.networking.x-k8s.io": "v1alpha2"}
}

// poolSelector is what an InferencePool selects: its first version had plain labels, later ones name them.
func poolSelector(object map[string]any) labels.Selector {
	set := labels.Set{}
	for _, path := range []string{"spec.selector", "spec.selector.matchLabels"} {
		for _, value := range kinds.Values(object, path) {
			fields, _ := value.(map[string]any)
			for key, value := range fields {
				if text, ok := value.(string); ok {
					set[key] = text
				}
			}
		}
	}
	if len(set) == 0 {
		return labels.Nothing()
	}
	return labels.SelectorFromSet(set)
}

// drifted is why what answers for a release is not what was evaluated; the zero value when nothing shows that.
type drifted struct {
	reason, message string
}

// driftOf looks for an object that changes what the running pods of a release answer with. A release that runs
// nothing does not drift. The first by kind and name is told.
func (c *customKinds) driftOf(release *v1alpha1.ModelRelease, pods []corev1.Pod) drifted {
	if c == nil || release == nil {
		return drifted{}
	}
	serving := slices.DeleteFunc(slices.Clone(pods), func(pod corev1.Pod) bool { return held(&pod) || over(&pod) })
	if len(serving) == 0 {
		return drifted{}
	}
	found := c.drifting(release.Namespace)
	slices.SortStableFunc(found, func(a, b *parent) int {
		return strings.Compare(a.Kind+"/"+a.Name, b.Kind+"/"+b.Name)
	})
	for _, p := range found {
		shown := undeclared(p.drift.shown, release)
		if len(shown) == 0 || !c.reaches(p, release.Name, serving) {
			continue
		}
		name := p.Kind + " " + p.Name
		if p.Namespace != release.Namespace {
			name += " in namespace " + p.Namespace
		}
		message := fmt.Sprintf("%s %s: %s. Remove it, or release what it names and serve that",
			name, p.drift.what, cut(strings.Join(shown, ", "), maxShown))
		if p.drift.unreadable != "" {
			message = fmt.Sprintf("%s may change what the pods answer with: %s. Correct it, or remove it", name, p.drift.unreadable)
		}
		return drifted{driftReason(p), message}
	}
	return drifted{}
}

// maxShown is how much of what an object names is repeated in a message.
const maxShown = 300

// driftReason is the reason of the condition for what an object does.
func driftReason(p *parent) string {
	switch {
	case p.drift.targets.Pool != "":
		return v1alpha1.ReasonRouteRewritten
	case p.Kind == "RayService":
		return v1alpha1.ReasonServeConfigChanged
	default:
		return v1alpha1.ReasonAdapterAttached
	}
}

// undeclared are the values that are not pinned to the digest of an artifact of the release. What the release declares
// was evaluated with it.
func undeclared(shown []string, release *v1alpha1.ModelRelease) []string {
	return slices.DeleteFunc(slices.Clone(shown), func(value string) bool {
		return slices.ContainsFunc(release.Spec.Artifacts, func(a v1alpha1.Artifact) bool {
			return pinned(value, a.Digest)
		})
	})
}

// pinned tells whether a value names what it is by this digest: an OCI image, with its scheme or without one, or a text
// by its field. Whoever fetches from any other URL, or reads a path, looks at no digest.
func pinned(value string, digest v1alpha1.Digest) bool {
	name, found := strings.CutSuffix(value, "@"+string(digest))
	if !found {
		return false
	}
	// A host with a port, the path, a tag.
	image := regexp.MustCompile(`^[A-Za-z0-9][\w.-]*(:[0-9]+)?(/[A-Za-z0-9][\w.-]*)*(:[\w.-]+)?$`)
	return image.MatchString(strings.TrimPrefix(name, "oci://"))
}

// reaches tells whether an object changes one of the pods.
func (c *customKinds) reaches(p *parent, release string, pods []corev1.Pod) bool {
	d := p.drift
	if d.unreadable != "" || slices.Contains(d.targets.Releases, release) || selectsAny(d.targets.Selector, pods) {
		return true
	}
	if d.targets.Pool == "" {
		return false
	}
	for group := range poolGroups() {
		pool := c.find(schema.GroupKind{Group: group, Kind: "InferencePool"}, types.NamespacedName{Namespace: p.Namespace, Name: d.targets.Pool})
		if pool != nil && selectsAny(pool.pool, pods) {
			return true
		}
	}
	return false
}

func selectsAny(selector labels.Selector, pods []corev1.Pod) bool {
	return selector != nil && slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return selector.Matches(labels.Set(pod.Labels)) })
}
