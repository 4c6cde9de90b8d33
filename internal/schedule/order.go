// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	// maxName keeps the name of an evaluation one that a label can hold.
	maxName = 63
	// hashDigits is how much of a digest is in a name.
	hashDigits = 10
)

// Order is one SafetyEvaluation to create.
type Order struct {
	// Name follows from release, requirement, artifacts, suite, and the run before it: it is the same for
	// whoever sees the same, and never that of an earlier run.
	Name        string
	Requirement string
	Suite       string
	// Artifacts are all of the release's.
	Artifacts []v1alpha1.SubjectArtifact
}

func newOrder(release *v1alpha1.ModelRelease, r *v1alpha1.Requirement, artifacts []v1alpha1.SubjectArtifact, last *v1alpha1.SafetyEvaluation) Order {
	before := ""
	if last != nil {
		before = string(last.UID)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{
		release.Name, r.Name, gate.Digest(artifacts, nil), r.Suite(), before,
	}, "\x00")))
	stem := release.Name + "-" + r.Name
	stem = stem[:min(len(stem), maxName-1-hashDigits)]
	return Order{
		Name:        strings.TrimRight(stem, "-.") + "-" + hex.EncodeToString(sum[:])[:hashDigits],
		Requirement: r.Name,
		Suite:       r.Suite(),
		Artifacts:   artifacts,
	}
}

// Evaluation is the object to create. It has no owner: evidence outlives its release, and a release that is made again
// finds it.
func (o Order) Evaluation(release *v1alpha1.ModelRelease) *v1alpha1.SafetyEvaluation {
	return &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: release.Namespace, Name: o.Name},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject:     v1alpha1.EvaluationSubject{Release: release.Name, Artifacts: o.Artifacts},
			Requirement: o.Requirement,
			Job:         &v1alpha1.JobSource{Suite: o.Suite},
		},
	}
}
