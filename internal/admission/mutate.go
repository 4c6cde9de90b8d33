// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Holds does what the mutating admission policies do, for API servers that have none: it adds holds and stamps
// identities. Each rule is that of the policy of the same name in config/admission. It refuses nothing: what it
// did not see is refused by the validating policies, as neither held nor cleared.
type Holds struct {
	options Options
}

// NewHolds makes the handler.
func NewHolds(o Options) *Holds {
	return &Holds{options: o}
}

// mutation is one request whose object is changed in place.
type mutation struct {
	user      authenticationv1.UserInfo
	namespace string
	// object is to be changed; old is nil at CREATE and only read.
	object, old map[string]any
}

// Handle answers one request.
func (h *Holds) Handle(ctx context.Context, req admission.Request) admission.Response {
	mutate := h.rule(schema.GroupResource{Group: req.Resource.Group, Resource: req.Resource.Resource}, &req)
	if mutate == nil {
		return admission.Allowed("")
	}
	object, err := decode(req.Object.Raw)
	if err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	old, err := decodeOld(req.OldObject.Raw)
	if err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	mutate(ctx, mutation{user: req.UserInfo, namespace: req.Namespace, object: object, old: old})
	changed, err := json.Marshal(object)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(req.Object.Raw, changed)
}

// rule is what happens to a kind; nil when nothing does.
func (h *Holds) rule(resource schema.GroupResource, req *admission.Request) func(context.Context, mutation) {
	create, update := req.Operation == admissionv1.Create, req.Operation == admissionv1.Update
	if req.SubResource != "" || !create && !update {
		return nil
	}
	if resource.Group == v1alpha1.Group {
		return h.stamp(resource.Resource, update)
	}
	hold := h.hold(resource, create)
	if hold == nil || req.UserInfo.Username == h.options.Controller && resource.Resource != "pods" {
		return nil
	}
	return func(ctx context.Context, m mutation) {
		if !ungoverned(ctx, h.options.Cache, req.Namespace) {
			hold(ctx, m)
		}
	}
}

// stamp is what is stamped on a kind of ours; nil for those that nobody signs.
func (h *Holds) stamp(resource string, update bool) func(context.Context, mutation) {
	switch resource {
	case "safetyevaluations":
		return h.stampEvaluation
	case "modelreleases":
		return h.stampRelease
	case "releaseapprovals", "policyapprovals":
		return stampApprover
	case "releasewaivers":
		return stampSigner("requester")
	case "releasedeterminations":
		return stampSigner("author")
	case "safetypolicies":
		return stampPolicyAuthor
	case "adversefindings":
		if update {
			return stampResolver
		}
	}
	return nil
}

// hold is how a kind is held; nil for those that are not.
func (h *Holds) hold(resource schema.GroupResource, create bool) func(context.Context, mutation) {
	switch resource {
	case schema.GroupResource{Resource: "pods"}:
		if create {
			return h.holdPod
		}
	case schema.GroupResource{Group: "apps", Resource: "deployments"}:
		return holdDeployment
	case schema.GroupResource{Group: "apps", Resource: "statefulsets"}:
		return holdStatefulSet
	case schema.GroupResource{Group: "batch", Resource: "jobs"}:
		return holdJob
	}
	return nil
}

// at reads a field of an object; nil when it is not there.
func at(object map[string]any, path ...string) any {
	var value any = object
	for _, name := range path {
		fields, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = fields[name]
	}
	return value
}

// textAt reads a text; empty when there is none.
func textAt(object map[string]any, path ...string) string {
	text, _ := at(object, path...).(string)
	return text
}

// has reports whether a field is there.
func has(object map[string]any, path ...string) bool {
	fields, ok := at(object, path[:len(path)-1]...).(map[string]any)
	_, there := fields[path[len(path)-1]]
	return ok && there
}

// put sets a field of an object, and makes the objects that lead to it.
func put(object map[string]any, value any, path ...string) {
	for _, name := range path[:len(path)-1] {
		next, ok := object[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			object[name] = next
		}
		object = next
	}
	object[path[len(path)-1]] = value
}

// drop removes a field where it is.
func drop(object map[string]any, path ...string) {
	if fields, ok := at(object, path[:len(path)-1]...).(map[string]any); ok {
		delete(fields, path[len(path)-1])
	}
}
