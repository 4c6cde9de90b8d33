// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package enforcement turns a decision about a release into what has to be done in the cluster:
// which clearance to write or withdraw, which holds to lift, which pods to open and which to
// remove. It is pure: what stands in the cluster comes in as a Scene, what is to be done goes out
// as a Plan, and the controller carries it out.
//
// Invariants: nothing is opened that was not examined and found to match; absence and error
// remove nothing; only an adverse finding, or a pod that differs from the owner it was born
// free from, removes what runs.
package enforcement

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Scene is what stands in the cluster around one release.
type Scene struct {
	// Now is the time of the plan.
	Now time.Time
	// ReleaseName is the release's name, also when it is gone.
	ReleaseName string
	// Policy is the policy of the release; nil when either is gone.
	Policy *v1alpha1.SafetyPolicy
	// Namespace is the release's namespace.
	Namespace Namespace
	// Digests are the image digests that a pod of the release may carry, 64 hexadecimal digits each.
	Digests []string
	// Deployments, ReplicaSets and Pods are those that claim the release.
	Deployments []Deployment
	ReplicaSets []ReplicaSet
	Pods        []Pod
	// UntrustedMutators are the names of what may change pods here without the policy's trust.
	UntrustedMutators []string
}

// Namespace is what matters of a Namespace.
type Namespace struct {
	// Gate is the value of the label scalegate.dev/gate.
	Gate string
	// Annotations are all of its annotations.
	Annotations map[string]string
}

// Verdict is what an examination of a template or a pod found. The zero Verdict is not
// examined, and opens nothing.
type Verdict struct {
	// Examined: the live object was compared with the release.
	Examined bool
	// Mismatch says where it differs; empty when it matches.
	Mismatch string
}

// Matches tells whether the object was examined and found to match.
func (v Verdict) Matches() bool { return v.Examined && v.Mismatch == "" }

// differs tells whether the object was examined and found to differ.
func (v Verdict) differs() bool { return v.Examined && v.Mismatch != "" }

// Deployment is a Deployment whose template claims the release.
type Deployment struct {
	Name string
	// ResourceVersion is that of the object that was examined.
	ResourceVersion string
	// Exposure that the template claims.
	Exposure string
	// Mark is the value of the annotation scalegate.dev/held; empty when it is not held.
	Mark string
	// Replicas that the spec asks for.
	Replicas int32
	Verdict  Verdict
}

// ReplicaSet is a ReplicaSet whose template claims the release.
type ReplicaSet struct {
	Name string
	UID  types.UID
	// Deployment is the name of the Deployment that controls it; empty when none does.
	Deployment string
	// Exposure that the template claims.
	Exposure string
	// Replicas that the spec asks for.
	Replicas int32
	Verdict  Verdict
}

// Pod is a pod that claims the release.
type Pod struct {
	Name string
	UID  types.UID
	// ResourceVersion is that of the object that was examined.
	ResourceVersion string
	// Created is when the API server stored it.
	Created time.Time
	// Exposure that it claims.
	Exposure string
	// Owner is what controls it; the zero Owner when nothing does.
	Owner Owner
	// Held: it has our scheduling gate.
	Held bool
	// Gone: it is being deleted, or has ended.
	Gone    bool
	Verdict Verdict
}

// Owner is the controlling owner of a pod.
type Owner struct {
	Kind, Name string
	UID        types.UID
}
