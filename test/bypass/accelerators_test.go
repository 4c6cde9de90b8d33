// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// asking are the ways to ask for an accelerator.
func asking() map[string]func(*corev1.PodTemplateSpec) {
	all := map[string]func(*corev1.PodTemplateSpec){
		"limits": onServer(func(c *corev1.Container) { c.Resources.Limits = amount("nvidia.com/gpu") }),
		"requests": onServer(func(c *corev1.Container) {
			c.Resources.Requests, c.Resources.Limits = amount("nvidia.com/gpu"), amount("nvidia.com/gpu")
		}),
		"an init container": func(p *corev1.PodTemplateSpec) {
			p.Spec.InitContainers = []corev1.Container{{Name: "init", Image: image("init"), Resources: corev1.ResourceRequirements{Limits: amount("nvidia.com/gpu")}}}
		},
		"the second container": func(p *corev1.PodTemplateSpec) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "more", Image: image("more"), Resources: corev1.ResourceRequirements{Limits: amount("nvidia.com/gpu")}})
		},
		"a resource claim": func(p *corev1.PodTemplateSpec) {
			p.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu", ResourceClaimName: new("gpu")}}
		},
		"a resource claim of a container": func(p *corev1.PodTemplateSpec) {
			p.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu", ResourceClaimTemplateName: new("gpu")}}
			p.Spec.Containers[0].Resources.Claims = []corev1.ResourceClaim{{Name: "gpu"}}
		},
		"a privileged container": onServer(func(c *corev1.Container) { c.SecurityContext = &corev1.SecurityContext{Privileged: new(true)} }),
		"every visible device":   onServer(func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "NVIDIA_VISIBLE_DEVICES", Value: "all"}} }),
		"visible devices from a ConfigMap": onServer(func(c *corev1.Container) {
			c.Env = []corev1.EnvVar{{Name: "NVIDIA_VISIBLE_DEVICES", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "env"}, Key: "devices"}}}}
		}),
		"void devices first and all of them after": onServer(func(c *corev1.Container) {
			c.Env = []corev1.EnvVar{{Name: "NVIDIA_VISIBLE_DEVICES", Value: "void"}, {Name: "NVIDIA_VISIBLE_DEVICES", Value: "all"}}
		}),
		"visible devices of another maker": onServer(func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "AMD_VISIBLE_DEVICES", Value: "all"}} }),
		"devices asked for by mounts": func(p *corev1.PodTemplateSpec) {
			p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
			p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/var/run/nvidia-container-devices/all"}}
		},
		"the runtime class of the maker": func(p *corev1.PodTemplateSpec) { p.Spec.RuntimeClassName = new("nvidia") },
	}
	for _, name := range []string{
		"nvidia.com/mig-1g.10gb", "amd.com/gpu", "google.com/tpu", "aws.amazon.com/neuroncore", "gpu.intel.com/i915",
		"habana.ai/gaudi", "deviceclass.resource.kubernetes.io/gpu.nvidia.com",
	} {
		all["limits of "+name] = onServer(func(c *corev1.Container) { c.Resources.Limits = amount(corev1.ResourceName(name)) })
	}
	for _, path := range []string{"/dev", "/dev/", "/dev/nvidia0", "//dev", "/", "//", "/.", "/./dev", "/.//./dev/./nvidia0", "dev", "/proc/1/root", "/proc/./1/root/dev"} {
		all["host path "+path] = hostPath(path)
	}
	for _, key := range []string{
		"cdi.k8s.io/gpu", "devices.nri.io", "devices.nri.io/container.server", "network-devices.nri.containerd.io/x",
		"io.kubernetes.cri-o.Devices",
	} {
		all["annotation "+key] = func(p *corev1.PodTemplateSpec) { p.Annotations = map[string]string{key: "nvidia.com/gpu=all"} }
	}
	return all
}

// harmless ask for nothing, though they look a little like it.
func harmless() map[string]func(*corev1.PodTemplateSpec) {
	all := map[string]func(*corev1.PodTemplateSpec){
		"nothing":            func(*corev1.PodTemplateSpec) {},
		"cpu":                onServer(func(c *corev1.Container) { c.Resources.Limits = amount("cpu") }),
		"another name":       onServer(func(c *corev1.Container) { c.Resources.Limits = amount("example.com/nvidia.com") }),
		"no devices":         onServer(func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "NVIDIA_VISIBLE_DEVICES", Value: "void"}} }),
		"a variable like it": onServer(func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "CUDA_VISIBLE_DEVICES"}} }),
		"not privileged":     onServer(func(c *corev1.Container) { c.SecurityContext = &corev1.SecurityContext{Privileged: new(false)} }),
		"annotations": func(p *corev1.PodTemplateSpec) {
			p.Annotations = map[string]string{"example.com/cdi.k8s.io": "", "nri.io.example.com/x": "", "x": ""}
		},
		"another runtime": func(p *corev1.PodTemplateSpec) { p.Spec.RuntimeClassName = new("gvisor") },
	}
	for _, path := range []string{"/device", "/data/dev", "/var/lib/dev", "/proc", "/devices/x"} {
		all["host path "+path] = hostPath(path)
	}
	return all
}

const accelerator = "asks for an accelerator and claims no release"

func TestAPodThatAsksForAnAcceleratorClaimsARelease(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	makeRuntimeClasses(t)
	send := func(ns string, change func(*corev1.PodTemplateSpec), of ...func(*corev1.Pod)) error {
		p := pod(ns, of...)
		template := corev1.PodTemplateSpec{ObjectMeta: p.ObjectMeta, Spec: p.Spec}
		change(&template)
		p.ObjectMeta, p.Spec = template.ObjectMeta, template.Spec
		return shared.Client.Create(t.Context(), p, client.DryRunAll)
	}
	for name, change := range asking() {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "privileged") {
				needPrivileged(t)
			}
			refused(t, send(ns, change, unclaimed), accelerator)
			must(t, send(ns, change))
			must(t, send(other, change, unclaimed))
		})
	}
	for name, change := range harmless() {
		t.Run(name, func(t *testing.T) { must(t, send(ns, change, unclaimed)) })
	}
	t.Run("pod-level resources hold no accelerator in any case", func(t *testing.T) {
		level := func(p *corev1.PodTemplateSpec) {
			p.Spec.Resources = &corev1.ResourceRequirements{Limits: amount("nvidia.com/gpu")}
		}
		if err := send(other, level, unclaimed); err == nil {
			t.Error("they do now: the policy has to look at spec.resources")
		}
	})
}

func TestATemplateThatAsksForAnAcceleratorClaimsARelease(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	for kind, parent := range parents() {
		for name, change := range asking() {
			t.Run(kind+" "+name, func(t *testing.T) {
				if strings.Contains(name, "privileged") {
					needPrivileged(t)
				}
				claimless := template()
				delete(claimless.Labels, v1alpha1.LabelRelease)
				change(&claimless)
				refused(t, shared.Client.Create(t.Context(), parent(ns, claimless), client.DryRunAll), accelerator)
				must(t, shared.Client.Create(t.Context(), parent(other, claimless), client.DryRunAll))
			})
		}
		t.Run(kind+" that claims, or asks for nothing", func(t *testing.T) {
			claims := template()
			asking()["limits"](&claims)
			must(t, shared.Client.Create(t.Context(), parent(ns, claims), client.DryRunAll))
			for name, change := range harmless() {
				claimless := template()
				delete(claimless.Labels, v1alpha1.LabelRelease)
				change(&claimless)
				if err := shared.Client.Create(t.Context(), parent(ns, claimless), client.DryRunAll); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func TestALimitRangeThatAddsAnAcceleratorIsSeen(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	must(t, shared.Client.Create(t.Context(), pod(ns, unclaimed), client.DryRunAll))
	must(t, shared.Client.Create(t.Context(), &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "gpus"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Default: amount("nvidia.com/gpu"), DefaultRequest: amount("nvidia.com/gpu"),
		}}},
	}))
	eventually(t, func(ctx context.Context) error {
		return refusal(shared.Client.Create(ctx, pod(ns, unclaimed), client.DryRunAll), accelerator)
	})
}

func TestEveryPodClaimsWhereTheNamespaceSaysSo(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	must(t, shared.Client.Create(t.Context(), pod(ns, unclaimed), client.DryRunAll))
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%q}}}`, v1alpha1.LabelClaims, v1alpha1.ClaimsAll)
	must(t, shared.Client.Patch(t.Context(), namespace(ns, nil), client.RawPatch(types.MergePatchType, []byte(patch))))
	eventually(t, func(ctx context.Context) error {
		return refusal(shared.Client.Create(ctx, pod(ns, unclaimed), client.DryRunAll), "every pod in this namespace claims a release")
	})
	must(t, shared.Client.Create(t.Context(), pod(ns), client.DryRunAll))
}

// What was there before the namespace was governed may shrink, be annotated and go.
func TestWhatWasThereBeforeMayShrink(t *testing.T) {
	t.Parallel()
	ns := leaveAlone(t)
	claimless := template()
	delete(claimless.Labels, v1alpha1.LabelRelease)
	asking()["limits"](&claimless)
	olds := map[string]client.Object{}
	for kind, parent := range parents() {
		olds[kind] = parent(ns, claimless)
		must(t, shared.Client.Create(t.Context(), olds[kind]))
	}
	must(t, shared.Client.Patch(t.Context(), namespace(ns, nil), client.RawPatch(types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"scalegate.dev/gate":"enforced"}}}`))))
	eventually(t, func(ctx context.Context) error {
		return refusal(shared.Client.Create(ctx, pod(ns, unclaimed, withGPU), client.DryRunAll), accelerator)
	})
	for kind, old := range olds {
		t.Run(kind, func(t *testing.T) {
			note := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"note":"x"}}}`))
			must(t, shared.Client.Patch(t.Context(), old, note))
			if scaled(kind) {
				must(t, shared.Client.Patch(t.Context(), old, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":0}}`))))
				must(t, shared.Client.SubResource("scale").Patch(t.Context(), copyOf(old), client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":0}}`))))
			}
			must(t, shared.Client.Delete(t.Context(), old, client.PropagationPolicy(metav1.DeletePropagationBackground)))
		})
	}
}

func amount(name corev1.ResourceName) corev1.ResourceList {
	return corev1.ResourceList{name: resource.MustParse("1")}
}

func onServer(change func(*corev1.Container)) func(*corev1.PodTemplateSpec) {
	return func(p *corev1.PodTemplateSpec) { change(&p.Spec.Containers[0]) }
}

func hostPath(path string) func(*corev1.PodTemplateSpec) {
	return func(p *corev1.PodTemplateSpec) {
		p.Spec.Volumes = []corev1.Volume{{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path}}}}
	}
}
