// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package meddling is what others install in a cluster and what changes objects as they are made:
// mutating policies and mutating webhooks, each for one kind in one namespace.
package meddling

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"

	admissionreviewv1 "k8s.io/api/admission/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Target is the objects of one kind in one namespace.
type Target struct {
	Namespace string
	// Group and Resource are the kind's, such as apps and deployments.
	Group, Resource string
}

// Name is the name of everything that meddles with the namespace.
func Name(namespace string) string { return "somebody-" + namespace }

// Policy is a mutating policy, and its binding, whose CEL expression gives the JSON patch. It is
// never invoked again after others.
func Policy(target Target, expression string) []client.Object {
	meta := metav1.ObjectMeta{Name: Name(target.Namespace)}
	return []client.Object{
		&admissionv1.MutatingAdmissionPolicy{
			ObjectMeta: meta,
			Spec: admissionv1.MutatingAdmissionPolicySpec{
				FailurePolicy: new(admissionv1.Fail), ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
				MatchConstraints: &admissionv1.MatchResources{
					NamespaceSelector: target.selector(),
					ResourceRules:     []admissionv1.NamedRuleWithOperations{{RuleWithOperations: target.rule()}},
				},
				Mutations: []admissionv1.Mutation{{
					PatchType: admissionv1.PatchTypeJSONPatch, JSONPatch: &admissionv1.JSONPatch{Expression: expression},
				}},
			},
		},
		&admissionv1.MutatingAdmissionPolicyBinding{
			ObjectMeta: meta, Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: meta.Name},
		},
	}
}

// Patch is one operation of a JSON patch.
type Patch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Webhook is the configuration of a mutating webhook that answers every request with the patch,
// served by this process until the test ends. Webhooks run after the mutating policies.
func Webhook(t *testing.T, target Target, patch ...Patch) client.Object {
	t.Helper()
	raw, err := json.Marshal(patch)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		review := admissionreviewv1.AdmissionReview{}
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
			http.Error(w, "not an admission review", http.StatusBadRequest)
			return
		}
		review.Response = &admissionreviewv1.AdmissionResponse{
			UID: review.Request.UID, Allowed: true, Patch: raw, PatchType: new(admissionreviewv1.PatchTypeJSONPatch),
		}
		review.Request = nil
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(review); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: Name(target.Namespace)},
		Webhooks: []admissionv1.MutatingWebhook{{
			Name: "somebody.example.com", AdmissionReviewVersions: []string{"v1"},
			SideEffects: new(admissionv1.SideEffectClassNone), FailurePolicy: new(admissionv1.Fail),
			ReinvocationPolicy: new(admissionv1.NeverReinvocationPolicy), NamespaceSelector: target.selector(),
			ClientConfig: admissionv1.WebhookClientConfig{
				URL:      new(server.URL),
				CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
			},
			Rules: []admissionv1.RuleWithOperations{target.rule()},
		}},
	}
}

func (t Target) selector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": t.Namespace}}
}

func (t Target) rule() admissionv1.RuleWithOperations {
	return admissionv1.RuleWithOperations{
		Operations: []admissionv1.OperationType{admissionv1.Create},
		Rule:       admissionv1.Rule{APIGroups: []string{t.Group}, APIVersions: []string{"*"}, Resources: []string{t.Resource}},
	}
}
