// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	webhook "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/admission"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/test/installation"
)

const (
	// byPolicy is governed, so the mutating policies of the API server hold there.
	byPolicy = "held-by-policy"
	// byWebhook is not; only the mutating handler of this test is asked there, and told that it is governed.
	byWebhook = "held-by-webhook"
)

// same sends the same to both namespaces and compares what comes of it.
type same struct {
	*scenario
	people, replicaSets, controller client.Client
}

func beginSame(t *testing.T) *same {
	t.Helper()
	s := &same{scenario: &scenario{T: t, client: shared.Client}, people: shared.Client}
	// The replicas are managers, which take back a clearance that no evidence supports.
	shared.scaleDown()
	t.Cleanup(func() { s.must(shared.scaleUp(context.WithoutCancel(t.Context()))) })
	s.must(shared.Govern(t.Context(), byPolicy))
	s.must(s.client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: byWebhook}}))
	cfg, err := shared.ServiceAccount(t.Context(), "kube-system", "replicaset-controller")
	s.must(err)
	s.replicaSets, err = installation.Client(cfg)
	s.must(err)
	s.controller, err = shared.ControllerClient(t.Context())
	s.must(err)

	for _, ns := range []string{byPolicy, byWebhook} {
		s.must(s.client.Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "admin"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "admin"},
			Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: installation.Namespace, Name: installation.ServiceAccount}},
		}))
	}

	grant := clearance.Clearance{
		End: time.Now().Add(time.Hour), Exposure: "Trial", Mode: clearance.Free, Owners: []types.UID{"00000000-0000-0000-0000-000000000001"},
		Digests: []string{digest("server")[7:], digest("cleared")[7:]}, Since: time.Now(),
	}
	key := clearance.Key("cleared")
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"`+key+`":"`+grant.String()+`"}}}`))
	s.must(s.controller.Patch(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: byPolicy}}, patch))
	governed := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: byWebhook, Labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}, Annotations: map[string]string{key: grant.String()},
	}}
	s.serve(admission.NewHolds(admission.Options{
		Cache:               fake.NewClientBuilder().WithScheme(installation.Scheme()).WithObjects(governed).Build(),
		Controller:          "system:serviceaccount:" + installation.Namespace + ":" + installation.ServiceAccount,
		WorkloadControllers: []string{"system:serviceaccount:kube-system:replicaset-controller"},
	}))
	return s
}

// serve lets the API server ask the handler about what is sent to byWebhook.
func (s *same) serve(handler webhook.Handler) {
	s.Helper()
	server := httptest.NewTLSServer(http.Handler(&webhook.Webhook{Handler: handler}))
	s.Cleanup(server.Close)
	rule := func(group string, resources ...string) admissionv1.RuleWithOperations {
		return admissionv1.RuleWithOperations{
			Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
			Rule:       admissionv1.Rule{APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: resources},
		}
	}
	c := &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: byWebhook},
		Webhooks: []admissionv1.MutatingWebhook{{
			Name: "same.example.com", AdmissionReviewVersions: []string{"v1"}, SideEffects: new(admissionv1.SideEffectClassNone),
			FailurePolicy:     new(admissionv1.Fail),
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: byWebhook}},
			ClientConfig: admissionv1.WebhookClientConfig{
				URL:      new(server.URL),
				CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
			},
			Rules: []admissionv1.RuleWithOperations{rule("", "pods"), rule("apps", "deployments", "statefulsets"), rule("batch", "jobs")},
		}},
	}
	s.must(s.client.Create(s.Context(), c))
	s.Cleanup(func() {
		if err := s.client.Delete(context.WithoutCancel(s.Context()), c); err != nil {
			s.Error(err)
		}
	})
	s.must(poll(s.Context(), func(ctx context.Context) error {
		d := deployment(byWebhook, "none", "General")
		if err := s.client.Create(ctx, d, client.DryRunAll); err != nil || !d.Spec.Paused {
			return errors.Join(err, errors.New("the webhook is not in force"))
		}
		return nil
	}))
}

// step is one request: what a sender makes of an object.
type step struct {
	by     client.Client
	change func(client.Object)
}

// send changes an object and sends it. Controllers write its status meanwhile.
func (s step) send(ctx context.Context, object client.Object, made bool) error {
	if made {
		s.change(object)
		return s.by.Create(ctx, object)
	}
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		s.change(object)
		return s.by.Update(ctx, object)
	})
}

// both sends the steps for an object to both namespaces, the first one as CREATE and the others as UPDATE, and compares
// the objects after each.
func (s *same) both(t *testing.T, made client.Object, steps []step) {
	t.Helper()
	policy, webhook := copyInto(made, byPolicy), copyInto(made, byWebhook)
	for i, step := range steps {
		for _, object := range []client.Object{policy, webhook} {
			if err := step.send(t.Context(), object, i == 0); err != nil {
				t.Fatalf("step %d in %s: %v", i, object.GetNamespace(), err)
			}
		}
		if diff := cmp.Diff(essence(t, policy), essence(t, webhook)); diff != "" {
			t.Errorf("step %d: the policy and the webhook differ (-policy +webhook):\n%s", i, diff)
		}
	}
}

func copyInto(object client.Object, namespace string) client.Object {
	copied, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		panic("a copy of an object is an object")
	}
	copied.SetNamespace(namespace)
	return copied
}

// essence leaves out what the API server makes up, and the text of the template that ran before, which each
// writes in its own way.
func essence(t *testing.T, object client.Object) map[string]any {
	t.Helper()
	object = copyInto(object, "")
	if text, ok := object.GetAnnotations()[v1alpha1.AnnotationClearedTemplate]; ok {
		if text == "" {
			t.Error("the template that ran before is empty")
		}
		object.GetAnnotations()[v1alpha1.AnnotationClearedTemplate] = "text"
	}
	// The deployment controller numbers what it has seen.
	delete(object.GetAnnotations(), "deployment.kubernetes.io/revision")
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	metadata, ok := content["metadata"].(map[string]any)
	if !ok {
		t.Fatal("an object without metadata")
	}
	for _, key := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields"} {
		delete(metadata, key)
	}
	delete(content, "status")
	return content
}

func TestTheWebhookHoldsAsThePoliciesDo(t *testing.T) {
	s := beginSame(t)
	for claim, row := range s.sameDeployments() {
		t.Run("Deployment, "+claim, func(t *testing.T) { s.both(t, deployment("", "none", "General"), row) })
	}
	for claim, row := range s.sameStatefulSets() {
		t.Run("StatefulSet, "+claim, func(t *testing.T) { s.both(t, statefulSet(), row) })
	}
	for claim, row := range s.sameJobs() {
		t.Run("Job, "+claim, func(t *testing.T) { s.both(t, job(), row) })
	}
	for claim, row := range s.samePods() {
		t.Run("Pod, "+claim, func(t *testing.T) { s.both(t, pod(), row) })
	}
}

// on makes a change of one kind one of any.
func on[T client.Object](change func(T)) func(client.Object) {
	return func(o client.Object) {
		if typed, ok := o.(T); ok {
			change(typed)
		}
	}
}

func (s *same) sameDeployments() map[string][]step {
	type d = *appsv1.Deployment
	person := func(change func(d)) step { return step{s.people, on(change)} }
	named := func(name string) step { return person(func(o d) { o.Name = name }) }
	retemplate := func(o d) { o.Spec.Template.Spec.NodeSelector = map[string]string{"zone": "a"} }
	back := func(o d) { o.Spec.Template.Spec.NodeSelector = nil }
	lift := step{s.controller, on(func(o d) {
		delete(o.Annotations, v1alpha1.AnnotationHeld)
		delete(o.Annotations, v1alpha1.AnnotationClearedTemplate)
		o.Spec.Paused = false
	})}
	return map[string][]step{
		"made":             {named("made")},
		"made paused":      {person(func(o d) { o.Name, o.Spec.Paused = "paused", true })},
		"made with a mark": {person(func(o d) { o.Name, o.Annotations = "typed", map[string]string{v1alpha1.AnnotationHeld: "resume"} })},
		"made with another mark": {person(func(o d) {
			o.Name, o.Spec.Paused, o.Annotations = "odd", true, map[string]string{v1alpha1.AnnotationHeld: "odd"}
		})},
		"made without a claim":       {person(func(o d) { o.Name = "free"; delete(o.Spec.Template.Labels, v1alpha1.LabelRelease) })},
		"unpaused while held":        {named("unpaused"), person(func(o d) { o.Spec.Paused = false })},
		"replaced while held":        {named("replaced"), person(func(o d) { o.Annotations, o.Spec.Paused = nil, false })},
		"scaled while held":          {named("scaled"), person(func(o d) { o.Spec.Replicas = new(int32(5)) })},
		"lifted":                     {named("lifted"), lift},
		"lifted and changed":         {named("changed"), lift, person(retemplate)},
		"lifted, changed and back":   {named("back"), lift, person(retemplate), person(back)},
		"lifted, paused and changed": {named("stopped"), lift, person(func(o d) { o.Spec.Paused = true; retemplate(o) }), person(back)},
		"changed twice and back":     {named("twice"), lift, person(retemplate), person(func(o d) { o.Spec.Template.Spec.HostNetwork = true }), person(func(o d) { back(o); o.Spec.Template.Spec.HostNetwork = false })},
		"its claim is taken off":     {named("unclaimed"), person(func(o d) { delete(o.Spec.Template.Labels, v1alpha1.LabelRelease) })},
	}
}

func statefulSet() *appsv1.StatefulSet {
	return &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{
		Replicas: new(int32(0)), Selector: selector(), Template: template("none", "General"),
	}}
}

func (s *same) sameStatefulSets() map[string][]step {
	type set = *appsv1.StatefulSet
	person := func(change func(set)) step { return step{s.people, on(change)} }
	named := func(name string) step { return person(func(o set) { o.Name = name }) }
	partition := func(n int32) func(set) {
		return func(o set) {
			o.Spec.UpdateStrategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
			o.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: &n}
		}
	}
	retemplate := func(o set) { o.Spec.Template.Spec.NodeSelector = map[string]string{"zone": "a"} }
	back := func(o set) { o.Spec.Template.Spec.NodeSelector = nil }
	return map[string][]step{
		"made": {named("made")},
		"made with a mark": {person(func(o set) {
			o.Name, o.Annotations = "typed", map[string]string{v1alpha1.AnnotationHeld: "partition=3"}
		})},
		"changed":                 {named("changed"), person(retemplate)},
		"changed and back":        {named("back"), person(retemplate), person(back)},
		"changed at a partition":  {person(func(o set) { o.Name = "partitioned"; partition(2)(o) }), person(retemplate), person(back)},
		"another partition, held": {named("repartitioned"), person(retemplate), person(partition(1)), person(back)},
		"with OnDelete":           {person(func(o set) { o.Name, o.Spec.UpdateStrategy.Type = "deleting", appsv1.OnDeleteStatefulSetStrategyType }), person(func(o set) { o.Spec.Replicas = new(int32(1)) })},
	}
}

func job() *batchv1.Job {
	t := template("none", "General")
	t.Spec.RestartPolicy = corev1.RestartPolicyNever
	delete(t.Labels, "app")
	return &batchv1.Job{Spec: batchv1.JobSpec{Template: t, ManualSelector: new(true), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelRelease: "none"}}}}
}

func (s *same) sameJobs() map[string][]step {
	type j = *batchv1.Job
	person := func(change func(j)) step { return step{s.people, on(change)} }
	return map[string][]step{
		"made":                 {person(func(o j) { o.Name = "made" })},
		"made suspended":       {person(func(o j) { o.Name, o.Spec.Suspend = "suspended", new(true) })},
		"made for a queue":     {person(func(o j) { o.Name, o.Labels = "queued", map[string]string{"kueue.x-k8s.io/queue-name": "q"} })},
		"made with a mark":     {person(func(o j) { o.Name, o.Annotations = "typed", map[string]string{v1alpha1.AnnotationHeld: "paused"} })},
		"resumed while held":   {person(func(o j) { o.Name = "resumed" }), person(func(o j) { o.Spec.Suspend = new(false) })},
		"suspended while held": {person(func(o j) { o.Name = "again" }), person(func(o j) { o.Spec.Suspend = new(true) })},
	}
}

func pod() *corev1.Pod {
	t := template("cleared", "Trial")
	return &corev1.Pod{ObjectMeta: t.ObjectMeta, Spec: t.Spec}
}

func (s *same) samePods() map[string][]step {
	type p = *corev1.Pod
	owned := func(uid types.UID) func(p) {
		return func(o p) {
			o.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: uid, Controller: new(true)}}
		}
	}
	const ours = types.UID("00000000-0000-0000-0000-000000000001")
	by := func(c client.Client, name string, changes ...func(p)) []step {
		return []step{{c, on(func(o p) {
			o.Name = name
			for _, change := range changes {
				change(o)
			}
		})}}
	}
	return map[string][]step{
		"of a cleared owner":                 by(s.replicaSets, "free", owned(ours)),
		"of another owner":                   by(s.replicaSets, "stray", owned("00000000-0000-0000-0000-000000000002")),
		"of a cleared owner, by somebody":    by(s.people, "forged", owned(ours)),
		"of a cleared owner that is not one": by(s.replicaSets, "kindred", owned(ours), func(o p) { o.OwnerReferences[0].Kind = "StatefulSet" }),
		"of an owner that does not control":  by(s.replicaSets, "loose", owned(ours), func(o p) { o.OwnerReferences[0].Controller = nil }),
		"of another release":                 by(s.replicaSets, "other", owned(ours), func(o p) { o.Labels[v1alpha1.LabelRelease] = "none" }),
		"with a gate of somebody":            by(s.people, "gated", func(o p) { o.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/wait"}} }),
		"with the hold":                      by(s.people, "held", func(o p) { o.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1alpha1.SchedulingGate}} }),
		"without a claim":                    by(s.people, "plain", func(o p) { delete(o.Labels, v1alpha1.LabelRelease) }),
	}
}
