// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// longestName is that of a label's value and of a Service's name.
	longestName = 63
	// digits of a digest that tell two names apart.
	nameDigits = 10
)

// EvaluationLabel is the value of the label scalegate.dev/evaluation for an evaluation of that name: the name, or
// its beginning and a digest where the name is too long for a label.
func EvaluationLabel(evaluation string) string {
	if len(evaluation) <= longestName {
		return evaluation
	}
	return beginning(evaluation, longestName-nameDigits-1) + "-" + fingerprint(evaluation)
}

// Shortened tells whether a label may be that of an evaluation whose name is too long for one.
func Shortened(label string) bool {
	at := strings.LastIndexByte(label, '-')
	return at >= 0 && len(label)-at-1 == nameDigits && strings.Trim(label[at+1:], "0123456789abcdef") == ""
}

// ServerName is the name of the server's Job, Service and NetworkPolicy of an evaluation. It holds a digest of the
// evaluation's UID, so that an evaluation made again under the same name has a server of its own.
func ServerName(e *v1alpha1.SafetyEvaluation) string { return serverName(e.Namespace, e.Name, e.UID) }

// OfServer tells whether a Job is the server of the evaluation that controls it. Its name says so, which nobody changes.
func OfServer(job metav1.Object) bool {
	owner := metav1.GetControllerOf(job)
	return owner != nil && owner.Kind == "SafetyEvaluation" && job.GetName() == serverName(job.GetNamespace(), owner.Name, owner.UID)
}

func serverName(namespace, evaluation string, uid types.UID) string {
	const prefix = "model-"
	readable := beginning(strings.ReplaceAll(evaluation, ".", "-"), longestName-len(prefix)-nameDigits-1)
	return prefix + readable + "-" + fingerprint(namespace+"/"+evaluation+"/"+string(uid))
}

// jobNamePrefix is the generateName of the Job: an API server appends five characters, and pods bear the name in a label.
func jobNamePrefix(evaluation string) string {
	const random = 5
	return beginning(evaluation, longestName-random-1) + "-"
}

// beginning cuts a name so that another part can follow after a dash.
func beginning(name string, limit int) string {
	return strings.TrimRight(name[:min(len(name), limit)], "-.")
}

func fingerprint(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:nameDigits]
}
