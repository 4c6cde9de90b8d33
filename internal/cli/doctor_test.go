// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/cli/doctor"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/guards"
)

// installed are the parts of an installation, all as they should be.
func installed(t *testing.T) []client.Object {
	t.Helper()
	files, err := config.Admission()
	if err != nil {
		t.Fatal(err)
	}
	parameters, err := guards.Defaults(files)
	if err != nil {
		t.Fatal(err)
	}
	set, err := guards.Render(files, parameters)
	if err != nil {
		t.Fatal(err)
	}
	policy := fixture.Policy("rsp")
	policy.Status.ObservedGeneration = new(policy.Generation)
	for _, kind := range []string{v1alpha1.ConditionGuarded, v1alpha1.ConditionCovered} {
		policy.Status.Conditions = append(policy.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionTrue})
	}
	webhook := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: doctor.WebhookName}}
	webhook.Webhooks = []admissionv1.ValidatingWebhook{{Name: "a", ClientConfig: admissionv1.WebhookClientConfig{CABundle: []byte("x")}}}
	all := []client.Object{policy, webhook, namespace("serving", v1alpha1.GateEnforced)}
	for _, object := range set {
		o, ok := object.(client.Object)
		if !ok {
			t.Fatalf("%T is no object", object)
		}
		all = append(all, o)
	}
	kinds, err := config.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range doctor.KindNames() {
		resource, _, _ := strings.Cut(name, ".")
		data, err := fs.ReadFile(kinds, "scalegate.dev_"+resource+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, crd); err != nil {
			t.Fatal(err)
		}
		crd.Status.Conditions = []apiextensionsv1.CustomResourceDefinitionCondition{{Type: "Established", Status: "True"}}
		all = append(all, crd)
	}
	return all
}

// namespace has the gate, or none where that is empty.
func namespace(name, gate string) *corev1.Namespace {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if gate != "" {
		ns.Labels = map[string]string{v1alpha1.LabelGate: gate}
	}
	return ns
}

// asking is a pod that asks for an accelerator; owner is "Kind name", or empty.
func asking(namespace, name, owner string, labels map[string]string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}}
	if kind, of, owned := strings.Cut(owner, " "); owned {
		p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: of, UID: fixture.UID(of), Controller: new(true)}}
	}
	p.Spec.Containers = []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
		Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")},
	}}}
	return p
}

// template is a workload of apps/v1 in the namespace trial whose template asks for an accelerator; owner is as with asking.
func template(kind, name, owner string, labels map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": kind,
		"spec": map[string]any{"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "c", "resources": map[string]any{"limits": map[string]any{"nvidia.com/gpu": "1"}}}}},
		}},
	}}
	o.SetNamespace("trial")
	o.SetName(name)
	o.SetUID(fixture.UID(name))
	if kind, of, owned := strings.Cut(owner, " "); owned {
		o.SetOwnerReferences([]metav1.OwnerReference{{Kind: kind, Name: of, UID: fixture.UID(of), Controller: new(true)}})
	}
	return o
}

// doctorCase is a run of doctor on an installation that is well but for what it says.
type doctorCase struct {
	// without is a MutatingAdmissionPolicy that is not there.
	without string
	objects []client.Object
	refuse  refusal
	args    []string

	wantCode int
	want     []string
	wantNot  []string
	wantErr  string
}

func (tc doctorCase) check(t *testing.T) {
	var objects []client.Object
	for _, o := range append(installed(t), tc.objects...) {
		if _, policy := o.(*admissionv1.MutatingAdmissionPolicy); !policy || o.GetName() != tc.without {
			objects = append(objects, o)
		}
	}
	got := run(t, cluster(t, tc.refuse, objects...), append([]string{"doctor"}, tc.args...)...)
	if got.code != tc.wantCode {
		t.Errorf("code %d, want %d; errors: %s\n%s", got.code, tc.wantCode, got.errors, got.out)
	}
	contains(t, got.out, tc.want)
	for _, not := range tc.wantNot {
		if strings.Contains(got.out, not) {
			t.Errorf("it says %q:\n%s", not, got.out)
		}
	}
	contains(t, got.errors, []string{tc.wantErr})
}

func TestDoctor(t *testing.T) {
	claim := map[string]string{v1alpha1.LabelRelease: "m1"}
	for name, tc := range map[string]doctorCase{
		"all is well": {
			want:    []string{"admission objects are as installed", "1 enforced, 0 audited", "32 checks: 25 OK, 7 to look at, 0 failed"},
			wantNot: []string{"FAIL"},
		},
		"a guard is gone": {
			without:  "scalegate-hold-pods",
			wantCode: 2,
			want:     []string{"FAIL  guards", "- MutatingAdmissionPolicy scalegate-hold-pods is missing"},
		},
		"the parameters are the installation's own": {
			objects: []client.Object{&corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Namespace: doctor.SystemNamespace, Name: guards.ParametersName},
			}},
			wantCode: 1,
			wantErr:  "ConfigMap scalegate-admission-parameters: data.",
		},
		"accelerators without a gate are a warning, and no failure": {
			objects: []client.Object{namespace("attic", ""), asking("attic", "a", "", nil), asking("attic", "b", "", nil)},
			want:    []string{"2 ungoverned", "- attic: 2 pods"},
			wantNot: []string{"FAIL"},
		},
		"what claims nothing is told by the owner of its pods, once": {
			objects: []client.Object{
				namespace("trial", v1alpha1.GateAudited),
				template("Deployment", "chat", "", map[string]any{"app": "chat"}),
				template("ReplicaSet", "chat-1", "Deployment chat", map[string]any{"app": "chat"}),
				asking("trial", "chat-1-a", "ReplicaSet chat-1", nil), asking("trial", "chat-1-b", "ReplicaSet chat-1", nil),
				template("StatefulSet", "idle", "", map[string]any{}), asking("trial", "alone", "", nil),
				template("Deployment", "claimant", "", map[string]any{v1alpha1.LabelRelease: "m1"}),
			},
			want: []string{
				"3 workloads ask for an accelerator and claim no release",
				"- trial: Deployment chat (resource nvidia.com/gpu, 2 pods)", "- trial: StatefulSet idle (resource nvidia.com/gpu)",
				"- trial: Pod alone (resource nvidia.com/gpu, 1 pod)",
			},
			wantNot: []string{"chat-1", "claimant"},
		},
		"what runs without a clearance": {
			objects: []client.Object{asking("serving", "a", "ReplicaSet chat-1", claim), asking("serving", "b", "ReplicaSet chat-1", claim)},
			want:    []string{"2 pods run without a clearance", "- serving: ReplicaSet chat-1 (2 pods of release m1: there is none)"},
		},
	} {
		t.Run(name, tc.check)
	}
}

func TestDoctorLooksAtRightsAndAtWhatItMay(t *testing.T) {
	for name, tc := range map[string]doctorCase{
		"who may mint tokens": {
			objects: []client.Object{
				&rbacv1.ClusterRole{
					ObjectMeta: metav1.ObjectMeta{Name: "minter"},
					Rules:      []rbacv1.PolicyRule{{Verbs: []string{"create"}, APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"}}},
				},
				&rbacv1.RoleBinding{
					ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "minters"},
					RoleRef:    rbacv1.RoleRef{Kind: "ClusterRole", Name: "minter"}, Subjects: []rbacv1.Subject{{Kind: "Group", Name: "ci"}},
				},
			},
			wantCode: 2,
			want:     []string{"FAIL  tokens", "- Group ci (RoleBinding minters in kube-system)"},
		},
		"one namespace alone": {
			objects: []client.Object{namespace("attic", ""), asking("attic", "a", "", nil), asking("serving", "a", "", nil)},
			args:    []string{"-n", "serving"},
			want:    []string{"in namespace serving alone", "1 governed, 0 audited, 0 exempt, 0 ungoverned", "- serving: Pod a"},
			wantNot: []string{"attic"},
		},
		"a namespace that does not exist": {
			args:     []string{"-n", "nowhere"},
			wantCode: 1,
			wantErr:  "there is no namespace nowhere: name another one with --namespace",
		},
		"what may not be read was not looked at": {
			refuse: func(verb string, object any, _ string) error {
				switch object.(type) {
				case *rbacv1.ClusterRoleList, *corev1.PodList:
					return forbidden(verb, "things")
				}
				return nil
			},
			want:    []string{"WARN  tokens", "not looked at: you may not read pods", "What was not looked at shows to somebody"},
			wantNot: []string{"FAIL", "OK    accelerators", "OK    uncleared"},
		},
		"the connection breaks": {
			refuse: func(_ string, object any, _ string) error {
				if _, ok := object.(*corev1.PodList); ok {
					return errors.New("connection refused")
				}
				return nil
			},
			wantCode: 1,
			wantErr:  "reading pods: connection refused",
		},
	} {
		t.Run(name, tc.check)
	}
}

func TestDoctorAsData(t *testing.T) {
	objects := append(installed(t), namespace("attic", ""))
	for i := range 12 {
		name := fmt.Sprintf("attic-%02d", i)
		objects = append(objects, namespace(name, ""), asking(name, "a", "", nil))
	}
	got := run(t, cluster(t, nil, objects...), "doctor", "-o", "json")
	if got.code != 0 {
		t.Fatalf("code %d: %s", got.code, got.errors)
	}
	var report doctor.Report
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Checks {
		if c.Name == "accelerators" && len(c.Items) != 12 {
			t.Errorf("the data has %d of 12 items", len(c.Items))
		}
	}
	// How many there are is not what this is about.
	golden(t, "doctor.json", regexp.MustCompile(`all \d+ admission`).ReplaceAllString(got.out, "all N admission"))
}

// halved gives the pods in two pages: the first one's, and the rest.
type halved struct{ client.WithWatch }

func (h halved) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if err := h.WithWatch.List(ctx, list, opts...); err != nil {
		return err
	}
	if pods, ok := list.(*corev1.PodList); ok {
		options := (&client.ListOptions{}).ApplyOptions(opts)
		switch {
		case options.Limit == 0:
			return errors.New("not asked in pages")
		case options.Continue == "":
			pods.Items, pods.Continue = pods.Items[:1], "more"
		default:
			pods.Items = pods.Items[1:]
		}
	}
	return nil
}

func TestDoctorReadsPodsInPages(t *testing.T) {
	objects := append(installed(t), asking("serving", "a", "", nil), asking("serving", "b", "", nil), asking("serving", "c", "", nil))
	got := run(t, halved{cluster(t, nil, objects...)}, "doctor")
	contains(t, got.out, []string{"3 governed"})
}
