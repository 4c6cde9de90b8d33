// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package safeguards judges the checks of the cluster that a policy asks for: what serves a release, and where it serves,
// as it was seen. It is pure: what was seen comes in as a [Scene], and an answer says what was looked at, and what a check
// of that kind cannot see.
//
// Invariants: what was not read is Unknown, and never in place. One more workload that breaks a check never makes it in
// place. The order in which objects are listed decides nothing. A check of pods is in place while nothing serves; what
// waits is judged by itself, before it is opened.
package safeguards

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// MaxMessage is how many bytes a message has at most.
const MaxMessage = 512

// Scene is what was seen around a release. What a check needs and is nil was not read, and the check is Unknown.
type Scene struct {
	// Release is the release that is served.
	Release *v1alpha1.ModelRelease
	// Namespace is the name of its namespace, and Labels are those of it; nil when it is gone.
	Namespace string
	Labels    map[string]string
	// Serving are the pods of the release that are not held and have not ended.
	Serving []Workload
	// Network are the NetworkPolicies of the namespace.
	Network *Network
	// Inhabitants are what else is in the namespace.
	Inhabitants *Inhabitants
	// Rights are the RBAC objects that reach into the namespace.
	Rights *Rights
	// Storage are the claims of the namespace and the StorageClasses of the cluster.
	Storage *Storage
}

// Workload is a pod, or a template of pods.
type Workload struct {
	Kind, Name string
	// Exposure that it claims.
	Exposure            string
	Labels, Annotations map[string]string
	Spec                *corev1.PodSpec
	// Template: pods are made of it, and what admission adds to a pod is not there yet.
	Template bool
	// ClaimTemplates are those of a StatefulSet, of which each pod gets a claim.
	ClaimTemplates []corev1.PersistentVolumeClaim
}

// Network are the NetworkPolicies of a namespace.
type Network struct {
	Policies []networkingv1.NetworkPolicy
}

// Inhabitants are the pods of a namespace that have not ended, by name, with the release that each claims; empty for none.
type Inhabitants map[string]string

// Rights are RBAC objects: the roles and bindings of one namespace, and those of the cluster.
type Rights struct {
	Roles               []rbacv1.Role
	RoleBindings        []rbacv1.RoleBinding
	ClusterRoles        []rbacv1.ClusterRole
	ClusterRoleBindings []rbacv1.ClusterRoleBinding
}

// Storage are the claims of a namespace by name, and the names of the StorageClasses that exist.
type Storage struct {
	Claims  map[string]corev1.PersistentVolumeClaim
	Classes sets.Set[string]
}

// Result is the answer to one check.
type Result struct {
	State v1alpha1.SafeguardState
	// Message says what is wrong, on which object and field, and how to mend it; or what is in place.
	Message string
	// LookedAt and CannotSee say what a check of this type looks at, and what it cannot see.
	LookedAt, CannotSee string
	// Replaceable: only pods that serve break it, so that others in their place mend it.
	Replaceable bool
}

// fault is what a check found. The zero fault is none.
type fault struct {
	state v1alpha1.SafeguardState
	text  string
}

func broken(format string, args ...any) fault {
	return fault{v1alpha1.SafeguardBroken, fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) fault {
	return fault{v1alpha1.SafeguardUnknown, fmt.Sprintf(format, args...)}
}

func (f fault) none() bool { return f.state == "" }

// severity orders states; the worst is the highest.
func severity(s v1alpha1.SafeguardState) int {
	return slices.Index([]v1alpha1.SafeguardState{"", v1alpha1.SafeguardInPlace, v1alpha1.SafeguardUnknown, v1alpha1.SafeguardBroken}, s)
}

// worse is the worse of two faults; of two as bad the first.
func (f fault) worse(other fault) fault {
	if severity(other.state) > severity(f.state) {
		return other
	}
	return f
}

// Judge answers a check about what serves where it is needed.
func Judge(a Asked, s Scene) Result {
	row, known := rowOf(a.Check.Type)
	if !known {
		return Result{State: v1alpha1.SafeguardUnknown, Message: fmt.Sprintf("this version of Scalegate has no check %q", a.Check.Type)}
	}
	r := Result{State: v1alpha1.SafeguardInPlace, Message: row.inPlace, LookedAt: row.lookedAt, CannotSee: row.cannotSee}
	var place fault
	if row.place != nil {
		place = row.place(a.Check, s)
	}
	serving, looked := servingFault(a, row, s)
	if row.workload != nil && !looked {
		r.Message = "nothing serves yet; each workload is looked at before it is opened"
	}
	if worst := place.worse(serving); !worst.none() {
		r.State, r.Message = worst.state, worst.text
	}
	r.Replaceable = place.none() && serving.state == v1alpha1.SafeguardBroken
	r.Message = cut(r.Message)
	return r
}

// servingFault is the worst that is found of what serves, of several the first by name; looked tells whether anything
// serves where the check is needed.
func servingFault(a Asked, row row, s Scene) (worst fault, looked bool) {
	if row.workload == nil {
		return fault{}, false
	}
	serving := slices.SortedFunc(slices.Values(s.Serving), func(x, y Workload) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Kind, y.Kind))
	})
	var more int
	for _, w := range serving {
		if !a.Needed(w.Exposure) {
			continue
		}
		looked = true
		f := row.of(a.Check, w, s)
		if f.state == worst.state && !f.none() {
			more++
		}
		if next := worst.worse(f); next != worst {
			worst, more = next, 0
		}
	}
	if more > 0 {
		worst.text = cutTo(worst.text, MaxMessage-24) + fmt.Sprintf(" (and %d more)", more)
	}
	return worst, looked
}

// Of answers a check about one workload that waits: whether it would break what it needs. A check that is not about
// workloads is in place.
func Of(a Asked, w Workload, s Scene) Result {
	r := Result{State: v1alpha1.SafeguardInPlace}
	row, known := rowOf(a.Check.Type)
	if !known || row.workload == nil || !a.Needed(w.Exposure) {
		return r
	}
	if f := row.of(a.Check, w, s); !f.none() {
		r.State, r.Message = f.state, cut(f.text)
	}
	return r
}

func cut(text string) string { return cutTo(text, MaxMessage) }

// cutTo shortens text to at most so many bytes of whole characters.
func cutTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const dots = "..."
	end := most - len(dots)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + dots
}
