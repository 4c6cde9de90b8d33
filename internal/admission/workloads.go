// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Workloads warns about what is applied uncleared in a governed namespace, or rejects it where the
// release's policy says onUncleared: Deny, or where the kind has no hold that loses nothing.
type Workloads struct {
	options Options
	judges  judges
	kinds   map[schema.GroupResource]kinds.Kind
}

// NewWorkloads makes the handler.
func NewWorkloads(o Options) *Workloads {
	byResource := map[schema.GroupResource]kinds.Kind{}
	for _, k := range kinds.All() {
		byResource[k.GroupResource()] = k
	}
	return &Workloads{options: o, judges: judges{cache: o.Cache, now: o.Now}, kinds: byResource}
}

// Handle answers one request.
func (w *Workloads) Handle(ctx context.Context, req admission.Request) admission.Response {
	kind, known := w.kinds[schema.GroupResource{Group: req.Resource.Group, Resource: req.Resource.Resource}]
	if !known || machine(req.UserInfo.Username, w.options.Controller) {
		return admission.Allowed("")
	}
	switch {
	case req.SubResource == "scale" && req.Operation == admissionv1.Update:
		return w.scale(ctx, &req, kind)
	case req.SubResource == "" && (req.Operation == admissionv1.Create || req.Operation == admissionv1.Update):
		return w.apply(ctx, &req, kind)
	default:
		return admission.Allowed("")
	}
}

// change is what a request does to a workload.
type change struct {
	kind      kinds.Kind
	namespace string
	name      string
	object    map[string]any
	// made: there was none before.
	made bool
	// identity: other pods come of it than before.
	identity bool
	// raised: more pods come of it than before.
	raised bool
	// unheld: nobody holds custom kinds at the parent here.
	unheld bool
	// partial: the object is the cache's, which keeps what a workload claims and not its template.
	partial bool
}

func (w *Workloads) apply(ctx context.Context, req *admission.Request, kind kinds.Kind) admission.Response {
	object, err := decode(req.Object.Raw)
	if err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	c := change{
		kind: kind, namespace: req.Namespace, name: nameOf(req, object), object: object,
		made: true, identity: true, raised: true, unheld: w.options.Mutating,
	}
	if req.Operation == admissionv1.Update {
		old, err := decode(req.OldObject.Raw)
		if err != nil {
			return admission.Errored(http.StatusBadRequest, err)
		}
		c.made = false
		c.identity = !sameIdentity(kind, old, object)
		c.raised = kind.ReplicasOf(object) > kind.ReplicasOf(old)
	}
	if !c.identity && !c.raised || derived(req, object) {
		return admission.Allowed("")
	}
	return w.weigh(ctx, c)
}

// sameIdentity reports whether the same pods come of both objects: templates, images and all else that names a model.
func sameIdentity(kind kinds.Kind, old, object map[string]any) bool {
	before, oldErr := kind.TemplatesOf(old)
	after, err := kind.TemplatesOf(object)
	if err != nil || oldErr != nil || !reflect.DeepEqual(before, after) || !reflect.DeepEqual(kind.IdentityOf(old), kind.IdentityOf(object)) {
		return false
	}
	return !slices.ContainsFunc(kind.Images, func(path string) bool {
		return !reflect.DeepEqual(kinds.Values(old, path), kinds.Values(object, path))
	})
}

// weigh judges every claim of a changed workload, and answers.
func (w *Workloads) weigh(ctx context.Context, c change) admission.Response {
	claims := claimsOf(c)
	if len(claims) == 0 || ungoverned(ctx, w.options.Cache, c.namespace) {
		return admission.Allowed("")
	}
	var warnings []string
	for _, claim := range claims {
		j, err := w.judges.judge(ctx, claim)
		if err != nil {
			log.FromContext(ctx).Error(err, "Could not look a claim up", "release", claim.release)
			if c.lossy() {
				return admission.Errored(http.StatusInternalServerError, fmt.Errorf("ModelRelease %s could not be looked up; send it again", claim.release))
			}
			warnings = append(warnings, clip(j.subject()+" is held until ModelRelease "+claim.release+" can be looked up; "+j.command(), maxWarning))
			continue
		}
		if c.partial || !verbatim(c.kind) {
			// What is not known here, and what an operator makes of a template, is judged on the pods.
			j.mismatch = nil
		}
		if j.cleared() {
			continue
		}
		if because := c.rejects(&j); because != "" {
			return admission.Denied(j.denial(because))
		}
		warnings = append(warnings, j.warnings()...)
	}
	return admission.Allowed("").WithWarnings(unique(warnings)...)
}

// claimsOf are the claims of a workload's templates. A template that cannot be read makes none: the API
// server refuses it, or its pods are judged on their own.
func claimsOf(c change) []claim {
	templates, err := c.kind.TemplatesOf(c.object)
	if err != nil {
		return nil
	}
	var claims []claim
	for _, template := range templates {
		if claim, ok := claimOf(c.namespace, c.kind.Kind, c.name, template); ok {
			claim.pod = c.kind.Kind == podKind
			claims = append(claims, claim)
		}
	}
	return claims
}

const podKind = "Pod"

// rejects says why an uncleared workload is rejected; empty when it is taken and held.
func (c change) rejects(j *judgement) string {
	switch {
	case c.lossy():
		return fmt.Sprintf("what runs of a %s cannot be kept while another template waits, so the update is refused until "+
			"the new template is cleared", c.describe())
	case c.made && c.kind.RefuseCreate:
		return fmt.Sprintf("a %s fails for good when its pods are held for long, so it is refused until it is cleared", c.describe())
	case j.deny && (c.identity || !c.held()):
		return fmt.Sprintf("SafetyPolicy %s says onUncleared: Deny, so it is rejected and not held", j.policy)
	default:
		return ""
	}
}

// lossy reports whether holding the change would take down what runs now.
func (c change) lossy() bool {
	switch {
	case c.made || !c.identity:
		return false
	case c.kind.Custom():
		return c.kind.Hold == kinds.HoldNone || c.unheld && c.kind.Hold == kinds.HoldPartition
	case c.kind.Kind == "StatefulSet":
		return c.onDelete()
	default:
		// Another template of a CronJob makes other runs, and ends none.
		return c.kind.Hold == kinds.HoldNone && c.kind.Kind != podKind && c.kind.Kind != "CronJob"
	}
}

func (c change) onDelete() bool {
	strategy, _, err := unstructured.NestedString(c.object, "spec", "updateStrategy", "type")
	return err == nil && strategy == "OnDelete"
}

func (c change) describe() string {
	if c.kind.Kind == "StatefulSet" {
		return "StatefulSet with the strategy OnDelete"
	}
	return c.kind.Kind
}

// held reports whether the workload bears the mark of a hold: then the template waits, and more replicas are more
// of what was cleared before.
func (c change) held() bool {
	annotations, _, err := unstructured.NestedStringMap(c.object, "metadata", "annotations")
	return err == nil && annotations[v1alpha1.AnnotationHeld] != ""
}

// verbatim reports whether pods are made of the template as it is written.
func verbatim(kind kinds.Kind) bool {
	return !kind.Custom() || slices.Contains([]string{"Rollout", "LeaderWorkerSet", "JobSet"}, kind.Kind)
}

func nameOf(req *admission.Request, object map[string]any) string {
	if req.Name != "" {
		return req.Name
	}
	return (&unstructured.Unstructured{Object: object}).GetName()
}

func unique(lines []string) []string {
	var out []string
	for _, line := range lines {
		if !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}
