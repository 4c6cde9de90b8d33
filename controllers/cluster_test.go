// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// now is when every reconciliation happens.
func now() metav1.Time { return metav1.NewTime(fixture.Day(1)) }

// errBroken is what a broken connection says.
var errBroken = errors.New("connection refused")

// cluster is an API server without admission, and the cache of it, which may lag behind. It writes
// down what is written, and fails what it is told to fail.
type cluster struct {
	t      *testing.T
	scheme *runtime.Scheme
	// api and cache hold the objects. They are the same unless lagging was called.
	api, cache client.WithWatch
	// log has each write and event in its order: "patch Pod p", "apply ModelRelease m1", "event Removed Pod p". That a pod
	// is told why it is held is "note Pod p". Writes of several pods at a time come in any order. What is written of records
	// of decisions is in all, and not in log.
	log, all []string
	// reads are the live ones, such as "get ModelRelease m1" and "list PodList".
	reads []string
	// mutex guards log, and what the fake API server does not guard itself.
	mutex sync.Mutex
	// fails are errors by call: a write as in log, or a read: "get ModelRelease m1", "list PodList", and of
	// the cache "cached list PodList".
	fails map[string]error
	// notes are the texts of the events.
	notes []string
	// made is how many objects got their UID here.
	made int
	// reconciler of releases, made once, since it remembers verdicts and what it took away.
	reconciler *ModelReleaseReconciler
	// clock is the time; now where it is zero.
	clock metav1.Time
	// again is when the policy wanted to be looked at again, last time.
	again time.Duration
}

func newCluster(t *testing.T, objects ...client.Object) *cluster {
	t.Helper()
	c := &cluster{t: t, scheme: runtime.NewScheme(), fails: map[string]error{}}
	for _, add := range []func(*runtime.Scheme) error{
		v1alpha1.AddToScheme, corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, admissionv1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme, autoscalingv2.AddToScheme,
		rbacv1.AddToScheme, storagev1.AddToScheme,
	} {
		if err := add(c.scheme); err != nil {
			t.Fatal(err)
		}
	}
	c.api = c.hold(objects)
	c.cache = c.api
	return c
}

// lagging makes the cache hold these objects instead of those of the API server.
func (c *cluster) lagging(objects ...client.Object) *cluster {
	c.t.Helper()
	c.cache = c.hold(objects)
	return c
}

func (c *cluster) hold(objects []client.Object) client.WithWatch {
	c.t.Helper()
	b := fake.NewClientBuilder().WithScheme(c.scheme).WithStatusSubresource(
		&v1alpha1.SafetyPolicy{}, &v1alpha1.ModelRelease{}, &v1alpha1.SafetyEvaluation{}, &v1alpha1.AdverseFinding{},
		&v1alpha1.EvaluationSuite{}, &v1alpha1.GateDecision{},
		&v1alpha1.ReleaseApproval{}, &v1alpha1.ReleaseWaiver{}, &v1alpha1.ReleaseDetermination{},
		&v1alpha1.PolicyRevision{}, &v1alpha1.PolicyApproval{})
	if err := Index(c.t.Context(), indexes{b}); err != nil {
		c.t.Fatal(err)
	}
	b.WithIndex(&v1alpha1.GateDecision{}, decisionRelease, func(o client.Object) []string {
		return []string{o.GetName()[:len(o.GetName())-len("-00000001")]}
	})
	for _, o := range objects {
		o = copied(c.t, o)
		o.SetGeneration(max(o.GetGeneration(), 1))
		b.WithObjects(o)
	}
	return b.Build()
}

func copied(t *testing.T, o client.Object) client.Object {
	t.Helper()
	c, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		t.Fatalf("%T is no object", o)
	}
	return c
}

// indexes adds indexes to a fake client.
type indexes struct{ builder *fake.ClientBuilder }

func (i indexes) IndexField(_ context.Context, o client.Object, field string, keys client.IndexerFunc) error {
	i.builder.WithIndex(o, field, keys)
	return nil
}

// live is the API server as a client sees it.
func (c *cluster) live() client.Client {
	return client.WithFieldOwner(interceptor.NewClient(c.api, interceptor.Funcs{
		Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if err := c.fails[c.reading("get "+c.kind(o)+" "+key.Name)]; err != nil {
				return err
			}
			return api.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, api client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if err := c.fails[c.reading("list "+c.kind(list))]; err != nil {
				return err
			}
			return api.List(ctx, list, opts...)
		},
		Create: func(ctx context.Context, api client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return c.write("create "+c.kind(o)+" "+o.GetName(), func() error { return c.create(ctx, api, o, opts...) })
		},
		Patch: func(ctx context.Context, api client.WithWatch, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
			verb := "patch "
			if content, err := patch.Data(o); err != nil {
				return err
			} else if strings.Contains(string(content), v1alpha1.AnnotationHoldReason) {
				verb = "note "
			}
			return c.write(verb+c.kind(o)+" "+o.GetName(), func() error { return api.Patch(ctx, o, patch, opts...) })
		},
		Delete: func(ctx context.Context, api client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return c.write("delete "+c.kind(o)+" "+o.GetName(), func() error {
				if err := samePrecondition(ctx, api, copied(c.t, o), opts); err != nil {
					return err
				}
				if err := unfinalized(ctx, api, o, opts); err != nil {
					return err
				}
				return api.Delete(ctx, o, opts...)
			})
		},
		SubResourceCreate: func(ctx context.Context, api client.Client, name string, o, body client.Object, _ ...client.SubResourceCreateOption) error {
			eviction, ok := body.(*policyv1.Eviction)
			if name != "eviction" || !ok || eviction.DeleteOptions == nil || eviction.Name != o.GetName() || eviction.Namespace != o.GetNamespace() {
				return fmt.Errorf("%s of %T is no eviction", name, body)
			}
			return c.write("evict Pod "+o.GetName(), func() error {
				only := eviction.DeleteOptions.Preconditions
				if err := samePrecondition(ctx, c.api, copied(c.t, o), []client.DeleteOption{client.Preconditions{UID: only.UID}}); err != nil {
					return err
				}
				return api.Delete(ctx, o)
			})
		},
		SubResourcePatch: func(ctx context.Context, api client.Client, name string, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return c.write("patch "+name+" of "+c.kind(o)+" "+o.GetName(), func() error { return api.SubResource(name).Patch(ctx, o, patch, opts...) })
		},
		SubResourceApply: func(ctx context.Context, api client.Client, name string, o runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			u := unstructured.Unstructured{}
			raw, err := json.Marshal(o)
			if err := errors.Join(err, json.Unmarshal(raw, &u)); err != nil {
				return err
			}
			if err := c.write("apply "+u.GetKind()+" "+u.GetName(), func() error { return api.SubResource(name).Apply(ctx, o, opts...) }); err != nil {
				return err
			}
			return c.keepState(ctx, api, &u)
		},
	}), "scalegate")
}

// reading writes down what is read.
func (c *cluster) reading(what string) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.reads = append(c.reads, what)
	return what
}

// keepState takes down what was reported on an object.
func (c *cluster) keepState(ctx context.Context, api client.Client, u *unstructured.Unstructured) error {
	o, err := c.scheme.New(u.GroupVersionKind())
	if err != nil {
		return err
	}
	object, ok := o.(client.Object)
	if !ok {
		return fmt.Errorf("%T is no object", o)
	}
	if err := api.Get(ctx, client.ObjectKeyFromObject(u), object); err != nil {
		return err
	}
	return reported.keep(c.scheme, object)
}

// create gives an object what an API server does.
func (c *cluster) create(ctx context.Context, api client.Client, o client.Object, opts ...client.CreateOption) error {
	o.SetGeneration(max(o.GetGeneration(), 1))
	if o.GetUID() == "" {
		c.made++
		o.SetUID(fixture.UID(fmt.Sprintf("made %d", c.made)))
		o.SetCreationTimestamp(now())
	}
	return api.Create(ctx, o, opts...)
}

func (c *cluster) write(what string, do func() error) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.all = append(c.all, what)
	if !strings.Contains(what, " GateDecision ") {
		c.log = append(c.log, what)
	}
	if err := c.fails[what]; err != nil {
		return err
	}
	return do()
}

func (c *cluster) kind(o runtime.Object) string {
	gvk, err := apiutil.GVKForObject(o, c.scheme)
	if err != nil {
		c.t.Fatal(err)
	}
	return gvk.Kind
}

// cached is the client that a reconciler has: reads come from the cache, writes go to the API server.
type cached struct {
	client.Client
	c *cluster
}

func (x cached) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if err := x.c.fails["cached get "+x.c.kind(o)+" "+key.Name]; err != nil {
		return err
	}
	return x.c.cache.Get(ctx, key, o, opts...)
}

func (x cached) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if err := x.c.fails["cached list "+x.c.kind(list)]; err != nil {
		return err
	}
	return x.c.cache.List(ctx, list, opts...)
}

// Eventf implements events.EventRecorder.
func (c *cluster) Eventf(regarding, _ runtime.Object, _, reason, _, note string, args ...any) {
	o, ok := regarding.(client.Object)
	if !ok {
		c.t.Fatalf("an event about %T", regarding)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	told := "event " + reason + " " + c.kind(regarding) + " " + o.GetName()
	c.log, c.all = append(c.log, told), append(c.all, told)
	c.notes = append(c.notes, fmt.Sprintf(note, args...))
}

func newVerdicts() *lru.Cache { return lru.New(verdictsKept) }

// typeOf names the type of an object.
func typeOf(o client.Object) string { return fmt.Sprintf("%T", o) }

// newReconciler is a manager that starts.
func (c *cluster) newReconciler() *ModelReleaseReconciler {
	live := c.live()
	return &ModelReleaseReconciler{
		Client: cached{live, c}, Live: live, Events: c, Now: c.now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts(),
	}
}

// reconcile reconciles the release "m1" once.
func (c *cluster) reconcile() (ctrl.Result, error) {
	if c.reconciler == nil {
		c.reconciler = c.newReconciler()
	}
	return c.reconciler.Reconcile(c.t.Context(), ctrl.Request{
		NamespacedName: types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"},
	})
}

func (c *cluster) now() metav1.Time {
	if c.clock.IsZero() {
		return now()
	}
	return c.clock
}

// mustReconcile fails the test on an error.
func (c *cluster) mustReconcile() ctrl.Result {
	c.t.Helper()
	result, err := c.reconcile()
	if err != nil {
		c.t.Fatal(err)
	}
	return result
}

// read reads an object of the API server.
func read[T client.Object](c *cluster, o T) T {
	c.t.Helper()
	if err := c.api.Get(c.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		c.t.Fatal(err)
	}
	return o
}

func (c *cluster) exists(o client.Object) bool {
	c.t.Helper()
	err := c.api.Get(c.t.Context(), client.ObjectKeyFromObject(o), copied(c.t, o))
	if client.IgnoreNotFound(err) != nil {
		c.t.Fatal(err)
	}
	return err == nil
}

// wantLog fails the test unless these were the writes and events, in this order.
func (c *cluster) wantLog(want ...string) {
	c.t.Helper()
	if !slices.Equal(want, c.log) {
		c.t.Errorf("log:\n%q\nwant:\n%q", c.log, want)
	}
}

// stored is the metadata of an object in the release's namespace.
func stored(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: fixture.Namespace, Name: name, UID: fixture.UID(name), Generation: 1,
		CreationTimestamp: metav1.NewTime(fixture.Day(0)),
	}
}

// governed is the release's namespace with its gate and annotations, as key and value in turn.
func governed(gate string, annotations ...string) *corev1.Namespace {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: fixture.Namespace, UID: fixture.UID(fixture.Namespace), Labels: map[string]string{v1alpha1.LabelGate: gate},
	}}
	for pair := range slices.Chunk(annotations, 2) {
		metav1.SetMetaDataAnnotation(&ns.ObjectMeta, pair[0], pair[1])
	}
	return ns
}

// release is "m1", with a server that is run by its image's own entry point.
func release(modifiers ...func(*v1alpha1.ModelRelease)) *v1alpha1.ModelRelease {
	return fixture.Release("m1", modifiers...)
}

// demanding is a policy whose level ASL-2 needs the requirement "attack".
func demanding(modifiers ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	return fixture.Policy("rsp", append([]func(*v1alpha1.SafetyPolicy){
		fixture.Defining("attack"), fixture.Requiring("ASL-2", "attack"),
	}, modifiers...)...)
}

// result is evidence for "attack": below 0.2 it is met, above 0.5 it has failed.
func result(value string) *v1alpha1.SafetyEvaluation {
	return new(fixture.Evaluation("e1", "attack", value))
}

// podTemplate is what the release declares, for the exposure.
func podTemplate(exposure string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelRelease: "m1", v1alpha1.LabelExposure: exposure}},
		Spec: corev1.PodSpec{
			EnableServiceLinks: new(false),
			Containers: []corev1.Container{{
				Name: "server", Image: "registry.example/server@" + string(fixture.Server("m1").Digest),
				VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/model"}},
			}},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: "registry.example/weights@" + string(fixture.Weights("m1").Digest)},
			}}},
		},
	}
}

// heldDeployment is "d", which waits for its release.
func heldDeployment(modifiers ...func(*corev1.PodTemplateSpec)) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: stored("d")}
	d.Annotations = map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldResume, v1alpha1.AnnotationClearedTemplate: "before"}
	d.Spec.Paused, d.Spec.Template = true, podTemplate("General")
	for _, modify := range modifiers {
		modify(&d.Spec.Template)
	}
	return d
}

// replicaSet is "d-1", which the Deployment "d" controls.
func replicaSet(modifiers ...func(*corev1.PodTemplateSpec)) *appsv1.ReplicaSet {
	r := &appsv1.ReplicaSet{ObjectMeta: stored("d-1")}
	r.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: "Deployment", Name: "d", UID: fixture.UID("d"), Controller: new(true),
	}}
	r.Spec.Template = podTemplate("General")
	for _, modify := range modifiers {
		modify(&r.Spec.Template)
	}
	return r
}

// running is the pod "p", which the ReplicaSet "d-1" controls.
func running(modifiers ...func(*corev1.Pod)) *corev1.Pod {
	template := podTemplate("General")
	p := &corev1.Pod{ObjectMeta: stored("p"), Spec: template.Spec}
	p.Labels = maps.Clone(template.Labels)
	p.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "d-1", UID: fixture.UID("d-1"), Controller: new(true),
	}}
	for _, modify := range modifiers {
		modify(p)
	}
	return p
}

// waits gives a pod our gate, and one of somebody else's.
func waits(p *corev1.Pod) {
	p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/quota"}, {Name: v1alpha1.SchedulingGate}}
}

// otherImage is not what the release declares.
func otherImage(t *corev1.PodTemplateSpec) {
	t.Spec.Containers[0].Image = "registry.example/server@sha256:" + fixture.SHA256("other")
}
