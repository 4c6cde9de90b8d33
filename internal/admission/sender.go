// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const (
	serviceAccounts  = "system:serviceaccount:"
	kubeSystem       = serviceAccounts + "kube-system:"
	controlManager   = "system:kube-controller-manager"
	nodes            = "system:node:"
	schedulerAccount = "system:kube-scheduler"
)

// machine reports whether a request comes from what carries out a decision that somebody else made: the
// controllers of Kubernetes, kubelets, and Scalegate itself. Nobody reads a warning there, and a rejection would
// only make them try again; what they make is held like everything else.
func machine(username, controller string) bool {
	return username == controller || username == controlManager || username == schedulerAccount ||
		strings.HasPrefix(username, kubeSystem) || strings.HasPrefix(username, nodes)
}

// derived reports whether an operator makes the object for another one, which was judged when somebody applied it.
// Whoever pretends this is held without an explanation.
func derived(req *admission.Request, object map[string]any) bool {
	if !strings.HasPrefix(req.UserInfo.Username, serviceAccounts) {
		return false
	}
	return metav1.GetControllerOf(&unstructured.Unstructured{Object: object}) != nil
}
