// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package census

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func one() resource.Quantity { return resource.MustParse("1") }

func limits(name string) corev1.PodSpec {
	return corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{
		Limits: corev1.ResourceList{"cpu": one(), corev1.ResourceName(name): one()},
	}}}}
}

func variable(name, value string) corev1.PodSpec {
	return corev1.PodSpec{Containers: []corev1.Container{{Env: []corev1.EnvVar{{Name: "A"}, {Name: name, Value: value}}}}}
}

func TestAskedForAnAccelerator(t *testing.T) {
	for name, tc := range map[string]struct {
		spec corev1.PodSpec
		want string
	}{
		"nothing":                             {},
		"a limit":                             {limits("nvidia.com/gpu"), "resource nvidia.com/gpu"},
		"a limit of a sliced device":          {limits("nvidia.com/mig-1g.10gb"), "resource nvidia.com/mig-1g.10gb"},
		"a device class":                      {limits("deviceclass.resource.kubernetes.io/gpu"), "resource deviceclass.resource.kubernetes.io/gpu"},
		"a resource that is no accelerator":   {spec: limits("example.com/nic")},
		"a resource whose name only looks it": {spec: limits("not-nvidia.com/gpu")},
		"a request of an init container": {corev1.PodSpec{InitContainers: []corev1.Container{{Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{"amd.com/gpu": one()},
		}}}}, "resource amd.com/gpu"},
		"a claim of the pod": {corev1.PodSpec{ResourceClaims: []corev1.PodResourceClaim{{Name: "gpu"}}}, "resource claim gpu"},
		"a claim of a container": {corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{
			Claims: []corev1.ResourceClaim{{Name: "gpu"}},
		}}}}, "resource claim gpu"},
		"a runtime class":                       {corev1.PodSpec{RuntimeClassName: new("nvidia-cdi")}, "runtime class nvidia-cdi"},
		"another runtime class":                 {spec: corev1.PodSpec{RuntimeClassName: new("gvisor")}},
		"a variable of the runtime":             {variable("NVIDIA_VISIBLE_DEVICES", "all"), "variable NVIDIA_VISIBLE_DEVICES"},
		"a variable of another runtime":         {variable("HABANA_VISIBLE_DEVICES", "0"), "variable HABANA_VISIBLE_DEVICES"},
		"a variable that asks for none":         {spec: variable("NVIDIA_VISIBLE_DEVICES", "void")},
		"a variable that is empty":              {spec: variable("NVIDIA_VISIBLE_DEVICES", "")},
		"a variable that chooses among its own": {spec: variable("CUDA_VISIBLE_DEVICES", "0")},
		"a variable whose value is elsewhere": {corev1.PodSpec{Containers: []corev1.Container{{Env: []corev1.EnvVar{{
			Name: "AMD_VISIBLE_DEVICES", ValueFrom: &corev1.EnvVarSource{},
		}}}}}, "variable AMD_VISIBLE_DEVICES"},
		"a variable of an ephemeral container": {corev1.PodSpec{EphemeralContainers: []corev1.EphemeralContainer{{
			EphemeralContainerCommon: corev1.EphemeralContainerCommon{Env: []corev1.EnvVar{{Name: "NVIDIA_VISIBLE_DEVICES", Value: "all"}}},
		}}}, "variable NVIDIA_VISIBLE_DEVICES"},
		"privileged with the devices of the node, as device plug-ins are": {spec: corev1.PodSpec{
			Containers: []corev1.Container{{SecurityContext: &corev1.SecurityContext{Privileged: new(true)}}},
			Volumes:    []corev1.Volume{{VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/dev"}}}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := DefaultAccelerators().Asked(&tc.spec); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestOnlyTheInstallationsAcceleratorsCount(t *testing.T) {
	spec := limits("nvidia.com/gpu")
	for _, named := range []Accelerators{{"example.com/"}, {}} {
		if how := named.Asked(&spec); how != "" {
			t.Errorf("got %q of an installation that names %q", how, named)
		}
	}
}

func TestParseAccelerators(t *testing.T) {
	for name, tc := range map[string]struct {
		expression string
		want       Accelerators
	}{
		"one":                          {"['nvidia.com/']", Accelerators{"nvidia.com/"}},
		"over lines, quoted both ways": {"[\n  'nvidia.com/',\n  \"amd.com/gpu\",\n]\n", Accelerators{"nvidia.com/", "amd.com/gpu"}},
		"none":                         {"[]", Accelerators{}},
		"none, over lines":             {" [\n ]\n", Accelerators{}},
		"a comma alone":                {expression: "[,]"},
		"an empty prefix":              {expression: "['']"},
		"an expression":                {expression: "['nvidia.com/'] + params.more"},
		"an escape":                    {expression: `['nvidia\u002ecom/']`},
		"no text":                      {expression: "[1]"},
		"a hole":                       {expression: "['a',,'b']"},
		"nothing":                      {},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseAccelerators(tc.expression)
			if (err != nil) != (tc.want == nil) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if err != nil && !strings.Contains(err.Error(), "write it as a list of prefixes") {
				t.Errorf("no remedy in %v", err)
			}
		})
	}
}

func TestDefaultAcceleratorsAreThoseShipped(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "config", "admission", "parameters.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var parameters corev1.ConfigMap
	if err := yaml.Unmarshal(raw, &parameters); err != nil {
		t.Fatal(err)
	}
	shipped, err := ParseAccelerators(parameters.Data[AcceleratorVariable])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shipped, DefaultAccelerators()); diff != "" {
		t.Errorf("config/admission/parameters.yaml and DefaultAccelerators differ:\n%s", diff)
	}
}

func TestOfNamespace(t *testing.T) {
	for name, tc := range map[string]struct {
		gate, exempt string
		want         State
	}{
		"enforced":                         {v1alpha1.GateEnforced, "", Governed},
		"audited":                          {v1alpha1.GateAudited, "", Audited},
		"exempt with a reason":             {"", "training only", Exempt},
		"exempt without a reason":          {"", " \n", Ungoverned},
		"nothing":                          {"", "", Ungoverned},
		"a word that guards nothing":       {"Enforced", "", Ungoverned},
		"enforced and exempt: the gate is": {v1alpha1.GateEnforced, "training only", Governed},
		"audited and exempt: the gate is":  {v1alpha1.GateAudited, "training only", Audited},
	} {
		t.Run(name, func(t *testing.T) {
			got := OfNamespace(map[string]string{v1alpha1.LabelGate: tc.gate}, map[string]string{v1alpha1.AnnotationExempt: tc.exempt})
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func pod(namespace, name string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: limits("nvidia.com/gpu")}
	for _, c := range change {
		c(p)
	}
	return p
}

func static(p *corev1.Pod) {
	p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "hash"}
}

func ended(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }

func plain(p *corev1.Pod) { p.Spec = corev1.PodSpec{} }

// counted takes a census of pods; the name of a namespace begins with its state, "gone" does not exist.
func counted(pods ...*corev1.Pod) Result {
	tally := Tally{Accelerators: DefaultAccelerators()}
	for _, p := range pods {
		tally.Add(p)
	}
	return tally.Result(func(namespace string) (State, bool) {
		state, _, _ := strings.Cut(namespace, "-")
		return State(state), namespace != "gone"
	})
}

func TestTally(t *testing.T) {
	for name, tc := range map[string]struct {
		pods []*corev1.Pod
		want Result
	}{
		"nothing": {want: Result{Pods: map[State]int{}}},
		"each state": {
			pods: []*corev1.Pod{pod("governed", "a"), pod("governed", "b"), pod("audited", "a"), pod("exempt", "a"), pod("ungoverned", "a")},
			want: Result{
				Pods:       map[State]int{Governed: 2, Audited: 1, Exempt: 1, Ungoverned: 1},
				Namespaces: []Namespace{{Name: "ungoverned", Pods: 1}},
			},
		},
		"pods without an accelerator, ended, and of a namespace that is gone": {
			pods: []*corev1.Pod{pod("ungoverned", "a", plain), pod("ungoverned", "b", ended), pod("gone", "a")},
			want: Result{Pods: map[State]int{}},
		},
		"static pods where a gate stands are ungoverned": {
			pods: []*corev1.Pod{pod("governed", "b", static), pod("governed", "a", static), pod("governed", "c"), pod("audited", "a", static)},
			want: Result{
				Pods: map[State]int{Governed: 1, Ungoverned: 3},
				Namespaces: []Namespace{
					{Name: "governed", Pods: 2, Static: []string{"a", "b"}}, {Name: "audited", Pods: 1, Static: []string{"a"}},
				},
			},
		},
		"static pods elsewhere are as their namespace": {
			pods: []*corev1.Pod{pod("exempt", "a", static), pod("ungoverned", "a", static)},
			want: Result{
				Pods:       map[State]int{Exempt: 1, Ungoverned: 1},
				Namespaces: []Namespace{{Name: "ungoverned", Pods: 1}},
			},
		},
		"the namespaces with the most come first": {
			pods: []*corev1.Pod{pod("ungoverned-b", "a"), pod("ungoverned-a", "a"), pod("ungoverned-c", "a"), pod("ungoverned-c", "b")},
			want: Result{
				Pods:       map[State]int{Ungoverned: 4},
				Namespaces: []Namespace{{Name: "ungoverned-c", Pods: 2}, {Name: "ungoverned-a", Pods: 1}, {Name: "ungoverned-b", Pods: 1}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range States() {
				tc.want.Pods[s] += 0
			}
			got := counted(tc.pods...)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if got.Covered() != (tc.want.Pods[Ungoverned] == 0) {
				t.Errorf("covered: %v", got.Covered())
			}
		})
	}
}

func TestMessage(t *testing.T) {
	many := []*corev1.Pod{pod("governed", "kept")}
	for i := range 7 {
		many = append(many, pod(fmt.Sprintf("ungoverned-%d", i), "a"))
	}
	for name, tc := range map[string]struct {
		pods []*corev1.Pod
		want string
	}{
		"covered": {
			[]*corev1.Pod{pod("governed", "a"), pod("exempt", "a")},
			"every pod that asks for an accelerator is governed, audited or exempt",
		},
		"at most five namespaces are named": {many,
			"accelerator pods that no gate stands before: 7, in ungoverned-0 (1), ungoverned-1 (1), " +
				"ungoverned-2 (1), ungoverned-3 (1), ungoverned-4 (1) and 2 more: label the namespace scalegate.dev/gate=audited, " +
				"or say in its annotation scalegate.dev/exempt why it needs no gate",
		},
		"static pods have a remedy of their own": {
			[]*corev1.Pod{pod("governed", "etcd-x", static)},
			"accelerator pods that no gate stands before: 1, in governed (1 static: etcd-x): " +
				"take the manifests of static pods off their nodes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := counted(tc.pods...).Message(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestStaticPodsAreNamedUpToABound(t *testing.T) {
	var pods []*corev1.Pod
	for i := range 20 {
		pods = append(pods, pod("governed", fmt.Sprintf("p-%02d", 19-i), static))
	}
	got := counted(pods...)
	want := []Namespace{{Name: "governed", Pods: 20, Static: []string{"p-00", "p-01", "p-02", "p-03", "p-04"}}}
	if diff := cmp.Diff(want, got.Namespaces); diff != "" {
		t.Error(diff)
	}
}

func TestAcceleratorsOfAPolicy(t *testing.T) {
	policy := func(variables ...admissionv1.Variable) *admissionv1.ValidatingAdmissionPolicy {
		return &admissionv1.ValidatingAdmissionPolicy{Spec: admissionv1.ValidatingAdmissionPolicySpec{Variables: variables}}
	}
	for name, tc := range map[string]struct {
		policy *admissionv1.ValidatingAdmissionPolicy
		want   Accelerators
	}{
		"it names them": {
			policy(admissionv1.Variable{Name: "claims", Expression: "[]"}, admissionv1.Variable{Name: "accelerators", Expression: "['x.org/']"}),
			Accelerators{"x.org/"},
		},
		"it has no such variable": {policy(), DefaultAccelerators()},
		"it does not exist":       {nil, DefaultAccelerators()},
		"it computes them":        {policy(admissionv1.Variable{Name: "accelerators", Expression: "params.all"}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := AcceleratorsOf(tc.policy)
			if _, unreadable := errors.AsType[*ExpressionError](err); unreadable != (tc.want == nil) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
