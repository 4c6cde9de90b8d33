// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gathering"
)

const (
	controller = "system:serviceaccount:scalegate-system:scalegate-controller-manager"
	replicaSet = "system:serviceaccount:kube-system:replicaset-controller"
	person     = "jane"
)

func scheme(tb testing.TB) *runtime.Scheme {
	tb.Helper()
	s := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(s), corev1.AddToScheme(s), appsv1.AddToScheme(s), batchv1.AddToScheme(s)); err != nil {
		tb.Fatal(err)
	}
	return s
}

// options are those of a manager whose cache has the objects. With broken, every read but that of a namespace fails.
func options(tb testing.TB, broken bool, objects ...client.Object) Options {
	tb.Helper()
	return Options{
		Cache: stored{objects: objects, broken: broken}, Scheme: scheme(tb), Now: func() time.Time { return fixture.Day(10) },
		Controller: controller, WorkloadControllers: []string{replicaSet},
	}
}

// stored is a cache that has these objects and hands out copies, as the manager's does.
type stored struct {
	objects []client.Object
	broken  bool
}

func (s stored) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	metadata, partial := into.(*metav1.PartialObjectMetadata)
	if s.broken && !partial {
		return errors.New("the cache is broken")
	}
	if _, maps := into.(*unstructured.Unstructured); maps {
		return &cache.ErrResourceNotCached{GVK: into.GetObjectKind().GroupVersionKind()}
	}
	for _, o := range s.objects {
		ns, isNamespace := o.(*corev1.Namespace)
		switch {
		case client.ObjectKeyFromObject(o) != key:
		case partial && isNamespace:
			metadata.ObjectMeta = *ns.ObjectMeta.DeepCopy()
			return nil
		case reflect.TypeOf(o) == reflect.TypeOf(into):
			reflect.ValueOf(into).Elem().Set(reflect.ValueOf(o.DeepCopyObject()).Elem())
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: reflect.TypeOf(into).String()}, key.Name)
}

func (s stored) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	if s.broken {
		return errors.New("the cache is broken")
	}
	var asked client.ListOptions
	asked.ApplyOptions(options)
	for _, o := range s.objects {
		if asked.Namespace != "" && o.GetNamespace() != asked.Namespace {
			continue
		}
		switch list := into.(type) {
		case *v1alpha1.SafetyEvaluationList:
			if e, ok := o.(*v1alpha1.SafetyEvaluation); ok && indexed(e, asked.FieldSelector) {
				list.Items = append(list.Items, *e.DeepCopy())
			}
		case *v1alpha1.ModelReleaseList:
			if r, ok := o.(*v1alpha1.ModelRelease); ok {
				list.Items = append(list.Items, *r.DeepCopy())
			}
		case *v1alpha1.AdverseFindingList:
			if f, ok := o.(*v1alpha1.AdverseFinding); ok {
				list.Items = append(list.Items, *f.DeepCopy())
			}
		case *v1alpha1.ReleaseApprovalList, *v1alpha1.ReleaseWaiverList, *v1alpha1.ReleaseDeterminationList, *v1alpha1.PolicyRevisionList:
			// Nobody said anything.
		default:
			return fmt.Errorf("there is no list of %T here", into)
		}
	}
	return nil
}

func indexed(e *v1alpha1.SafetyEvaluation, selector fields.Selector) bool {
	if selector == nil {
		return true
	}
	if value, ok := selector.RequiresExactMatch(gathering.ByRelease); ok {
		return slices.Contains(gathering.Release(e), value)
	}
	value, ok := selector.RequiresExactMatch(gathering.ByFile)
	return ok && slices.Contains(gathering.Files(e), value)
}

// world is a governed namespace with the release "good", which is cleared, and "bad", which lacks evidence, both under
// the policy "rsp"; and "strict", which lacks evidence under a policy that denies.
func world() []client.Object {
	requiring := []func(*v1alpha1.SafetyPolicy){fixture.Requiring("ASL-2", "uplift"), fixture.Defining("uplift", fixture.NeededFrom("Internal"))}
	denying := append(requiring[:2:2], func(p *v1alpha1.SafetyPolicy) { p.Spec.OnUncleared = v1alpha1.DenyUncleared })
	passed := fixture.Evaluation("passed", "uplift", "0.1", fixture.For("good"), fixture.About(fixture.Weights("good"), fixture.Server("good")))
	return []client.Object{
		namespace(fixture.Namespace, v1alpha1.GateEnforced), namespace("free", ""),
		fixture.Policy("rsp", requiring...), fixture.Policy("strict-rsp", denying...),
		fixture.Release("good"), fixture.Release("bad"), fixture.Release("strict", fixture.Governed("strict-rsp")), &passed,
	}
}

func namespace(name, gate string) *corev1.Namespace {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/metadata.name": name}}}
	if gate != "" {
		ns.Labels[v1alpha1.LabelGate] = gate
	}
	return ns
}

// template serves a release as it is declared.
func template(release string) corev1.PodTemplateSpec {
	server, weights := fixture.Server(release), fixture.Weights(release)
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web", v1alpha1.LabelRelease: release}},
		Spec: corev1.PodSpec{
			EnableServiceLinks: new(false), AutomountServiceAccountToken: new(false),
			Containers: []corev1.Container{{
				Name: "server", Image: "registry.example/server@" + string(server.Digest),
				VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
			}},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: "registry.example/models@" + string(weights.Digest)},
			}}},
		},
	}
}

// sent is a request to be changed further.
type sent struct{ admission.Request }

// send makes a request of a resource of a group, by a person, in the governed namespace. A nil old object is a CREATE.
func send(t *testing.T, group, resource string, old, object any) sent {
	t.Helper()
	req := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		UID: "1", Namespace: fixture.Namespace, Name: "web", Operation: admissionv1.Create,
		Resource: metav1.GroupVersionResource{Group: group, Version: "v1", Resource: resource},
		UserInfo: authenticationv1.UserInfo{Username: person},
		Object:   runtime.RawExtension{Raw: raw(t, object)},
	}}
	if old != nil {
		req.Operation = admissionv1.Update
		req.OldObject = runtime.RawExtension{Raw: raw(t, old)}
	}
	return sent{req}
}

// by changes who sent the request.
func (s sent) by(username string) sent {
	s.UserInfo.Username = username
	return s
}

// among changes the groups of who sent the request.
func (s sent) among(groups ...string) sent {
	s.UserInfo.Groups = groups
	return s
}

// in changes the namespace of the request.
func (s sent) in(namespace string) sent {
	s.Namespace = namespace
	return s
}

// through changes the subresource of the request.
func (s sent) through(subresource string) sent {
	s.SubResource = subresource
	return s
}

func raw(tb testing.TB, object any) []byte {
	tb.Helper()
	out, err := json.Marshal(object)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func deployment(release string, replicas int32, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: fixture.Namespace, Name: "web"},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Template: template(release)},
	}
	for _, c := range change {
		c(d)
	}
	return d
}
