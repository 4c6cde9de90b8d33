// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// FuzzBody sends any bytes to every handler: as the object of a request for a kind, as the object before it, and as
// the whole body. None panics, and what is no review of an object never gets a patch.
func FuzzBody(f *testing.F) {
	for _, object := range []any{
		deployment("bad", 1), deployment("good", 2, marked), sound(), fixture.Release("m1"),
		fixture.Evaluation("e", "uplift", "0.1"), fixture.Finding("f", "uplift", "sha256:0", fixture.ResolvedBy("n", "e")),
		map[string]any{"spec": map[string]any{"replicas": 3}}, []any{}, nil,
	} {
		f.Add(raw(f, object), uint8(0))
	}
	f.Add([]byte(`{"metadata":{"labels":{"scalegate.dev/release":{}}},"spec":{"template":[],"schedulingGates":[null,{}],"resolution":{"namespace":{}}}}`), uint8(3))
	o := options(f, false, world()...)
	var handlers []http.Handler
	for _, h := range []admission.Handler{NewWorkloads(o), NewKinds(o), NewHolds(o)} {
		handlers = append(handlers, (&admission.Webhook{Handler: h}).WithRecoverPanic(false))
	}
	resources := []metav1.GroupVersionResource{
		{Version: "v1", Resource: "pods"}, {Group: "apps", Version: "v1", Resource: "deployments"}, {Group: "apps", Version: "v1", Resource: "statefulsets"},
		{Group: "apps", Version: "v1", Resource: "daemonsets"}, {Group: "batch", Version: "v1", Resource: "jobs"},
		{Group: "serving.kserve.io", Version: "v1beta1", Resource: "llminferenceservices"},
		{Group: v1alpha1.Group, Version: "v1alpha1", Resource: "safetypolicies"}, {Group: v1alpha1.Group, Version: "v1alpha1", Resource: "modelreleases"},
		{Group: v1alpha1.Group, Version: "v1alpha1", Resource: "safetyevaluations"}, {Group: v1alpha1.Group, Version: "v1alpha1", Resource: "adversefindings"},
	}
	f.Fuzz(func(t *testing.T, data []byte, choice uint8) {
		bodies := [][]byte{data}
		if json.Valid(data) {
			request := admissionv1.AdmissionRequest{
				UID: "1", Namespace: fixture.Namespace, Name: "web", Operation: admissionv1.Create,
				Resource: resources[int(choice)%len(resources)],
			}
			request.Object.Raw = data
			if choice&16 != 0 {
				request.SubResource = "scale"
			}
			bodies = append(bodies, raw(t, review(request)))
			request.Operation = admissionv1.Update
			request.OldObject.Raw = raw(t, deployment("good", 1))
			bodies = append(bodies, raw(t, review(request)))
			request.Object, request.OldObject = request.OldObject, request.Object
			bodies = append(bodies, raw(t, review(request)))
		}
		for _, body := range bodies {
			for _, handler := range handlers {
				r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					t.Fatalf("answered %d to %q", w.Code, body)
				}
			}
		}
	})
}

func review(request admissionv1.AdmissionRequest) admissionv1.AdmissionReview {
	return admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"}, Request: &request,
	}
}

func BenchmarkWorkloads(b *testing.B) {
	o := options(b, false, world()...)
	for name, object := range map[string]any{"cleared": deployment("good", 1), "uncleared": deployment("bad", 1)} {
		b.Run(name, func(b *testing.B) {
			handler := &admission.Webhook{Handler: NewWorkloads(o)}
			request := admissionv1.AdmissionRequest{
				UID: "1", Namespace: fixture.Namespace, Name: "web", Operation: admissionv1.Create,
				Resource: metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
			}
			request.Object.Raw = raw(b, object)
			body := raw(b, review(request))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
