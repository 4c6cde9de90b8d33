// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

const tagged = "registry.example/other:latest"

// inEveryList runs a row for a container in each list that a pod has.
func inEveryList(change func(*corev1.Container)) map[string]func(*Scene) {
	c := corev1.Container{Name: "extra", Image: "registry.example/extra@sha256:" + strings.Repeat("0", 64)}
	change(&c)
	return map[string]func(*Scene){
		"spec.containers[extra]":     serving(func(w *Workload) { w.Spec.Containers = append(w.Spec.Containers, c) }),
		"spec.initContainers[extra]": serving(func(w *Workload) { w.Spec.InitContainers = append(w.Spec.InitContainers, c) }),
		"spec.ephemeralContainers[extra]": serving(func(w *Workload) {
			w.Spec.EphemeralContainers = append(w.Spec.EphemeralContainers, corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon(c)})
		}),
	}
}

func TestImagesPinned(t *testing.T) {
	rows := map[string]testRow{}
	for field, change := range inEveryList(func(c *corev1.Container) { c.Image = tagged }) {
		rows["a tag in "+field] = testRow{change, isBroken, []string{"Pod p1: " + field + ".image", tagged, "by digest"}}
	}
	for field, change := range inEveryList(func(*corev1.Container) {}) {
		rows["a digest in "+field] = testRow{change: change, want: inPlace}
	}
	for name, image := range map[string]string{
		"a digest that is too short":      "registry.example/a@sha256:0123",
		"a digest in capitals":            "registry.example/a@sha256:" + strings.Repeat("A", 64),
		"a digest of another algorithm":   "registry.example/a@sha512:" + strings.Repeat("0", 64),
		"two digests":                     "registry.example/a@sha256:" + strings.Repeat("0", 64) + "@sha256:" + strings.Repeat("0", 64),
		"no image":                        "",
		"a digest as the name of the tag": "registry.example/a:sha256-" + strings.Repeat("0", 64),
	} {
		rows[name] = testRow{serving(func(w *Workload) { w.Spec.Containers[0].Image = image }), isBroken, []string{"spec.containers[server].image"}}
	}
	rows["a tag beside the digest"] = testRow{change: serving(func(w *Workload) {
		w.Spec.Containers[0].Image = "registry.example/a:v1@sha256:" + strings.Repeat("0", 64)
	}), want: inPlace}
	rows["an image volume by tag"] = testRow{serving(func(w *Workload) { w.Spec.Volumes[0].Image.Reference = tagged }), isBroken,
		[]string{"spec.volumes[weights].image.reference"}}
	judgeRows(t, v1alpha1.SafeguardImagesPinned, rows)
}

func TestEgressBandwidthLimited(t *testing.T) {
	says := func(text string) func(*Scene) {
		return serving(func(w *Workload) { w.Annotations[annotationEgressBandwidth] = text })
	}
	judgeRows(t, v1alpha1.SafeguardEgressBandwidthLimited, map[string]testRow{
		"the limit itself":            {change: says("10M"), want: inPlace},
		"the limit written otherwise": {change: says("10000k"), want: inPlace},
		"a little more":               {says("10000001"), isBroken, []string{"is 10000001, which is above 10M", "10M or less"}},
		"binary is more":              {says("10Mi"), isBroken, []string{"above 10M"}},
		"nothing at all":              {says("0"), isBroken, []string{"no limit"}},
		"less than nothing":           {says("-1M"), isBroken, []string{"no limit"}},
		"no number":                   {says("unlimited"), isBroken, []string{"no limit"}},
		"empty":                       {says(""), isBroken, []string{"no limit"}},
		"no annotation":               {serving(func(w *Workload) { w.Annotations = nil }), isBroken, []string{"has no annotation kubernetes.io/egress-bandwidth"}},
		"the network of the node":     {serving(func(w *Workload) { w.Spec.HostNetwork = true }), isBroken, []string{"spec.hostNetwork"}},
	})
	odd := asking(v1alpha1.SafeguardEgressBandwidthLimited)
	odd.Check.MaxEgressBandwidth = "lots"
	if got := Judge(odd, sound()); got.State != isNot {
		t.Errorf("a policy that cannot be read: %+v", got)
	}
}

func TestRuntimeClass(t *testing.T) {
	judgeRows(t, v1alpha1.SafeguardRuntimeClass, map[string]testRow{
		"the other of the list": {change: serving(func(w *Workload) { w.Spec.RuntimeClassName = new("kata") }), want: inPlace},
		"none":                  {serving(func(w *Workload) { w.Spec.RuntimeClassName = nil }), isBroken, []string{"is not set", "gvisor, kata"}},
		"an empty one":          {serving(func(w *Workload) { w.Spec.RuntimeClassName = new("") }), isBroken, []string{"is not set"}},
		"another":               {serving(func(w *Workload) { w.Spec.RuntimeClassName = new("runc") }), isBroken, []string{"is runc", "gvisor, kata"}},
	})
}

func TestNoServiceAccountToken(t *testing.T) {
	token := corev1.Volume{Name: "kube-api-access-x", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		Sources: []corev1.VolumeProjection{
			{ConfigMap: &corev1.ConfigMapProjection{}}, {ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}},
		},
	}}}
	certificate := func(signer string) func(*Scene) {
		v := token.DeepCopy()
		v.Projected.Sources[1] = corev1.VolumeProjection{PodCertificate: &corev1.PodCertificateProjection{SignerName: signer}}
		return serving(func(w *Workload) { w.Spec.Volumes = append(w.Spec.Volumes, *v) })
	}
	harmless := token.DeepCopy()
	harmless.Projected.Sources = harmless.Projected.Sources[:1]
	judgeRows(t, v1alpha1.SafeguardNoServiceAccountToken, map[string]testRow{
		"a token by admission":              {serving(func(w *Workload) { w.Spec.Volumes = append(w.Spec.Volumes, token) }), isBroken, []string{"spec.volumes[kube-api-access-x]", "automountServiceAccountToken to false"}},
		"a certificate in a token's place":  {certificate("kubernetes.io/kube-apiserver-client-pod"), isBroken, []string{"spec.volumes[kube-api-access-x]", "client certificate"}},
		"a certificate of another signer":   {change: certificate("example.com/mesh"), want: inPlace},
		"a projection without one":          {change: serving(func(w *Workload) { w.Spec.Volumes = append(w.Spec.Volumes, *harmless) }), want: inPlace},
		"a pod whose service account is so": {change: serving(func(w *Workload) { w.Spec.AutomountServiceAccountToken = nil }), want: inPlace},
		"a template that does not say":      {serving(func(w *Workload) { w.Template, w.Spec.AutomountServiceAccountToken = true, nil }), isBroken, []string{"is not false"}},
		"a template that wants one":         {serving(func(w *Workload) { w.Template, w.Spec.AutomountServiceAccountToken = true, new(true) }), isBroken, []string{"is not false"}},
		"a template that wants none":        {change: serving(func(w *Workload) { w.Template = true }), want: inPlace},
	})
}

func TestSafeguardContainer(t *testing.T) {
	guard := "registry.example/guard@" + string(fixture.Safeguard("m1").Digest)
	filters := "registry.example/filters@" + string(fixture.Safeguard("filters").Digest)
	sidecar := corev1.ContainerRestartPolicyAlways
	without := func(w *Workload) { w.Spec.Containers = w.Spec.Containers[:1] }
	two := func(s *Scene) {
		fixture.Of(fixture.Weights("m1"), fixture.Server("m1"), fixture.Safeguard("m1"), fixture.Safeguard("filters"))(s.Release)
		s.Serving = s.Serving[:1]
	}
	mounted := corev1.Volume{Name: "filters", VolumeSource: corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: filters}}}
	judgeRows(t, v1alpha1.SafeguardSafeguardContainer, map[string]testRow{
		"no container runs it": {serving(without), isBroken, []string{"Pod p1", "the safeguard safeguard-2"}},
		"another digest":       {serving(func(w *Workload) { w.Spec.Containers[1].Image = filters }), isBroken, []string{"by the digest"}},
		"the digest and a tag": {change: serving(func(w *Workload) {
			w.Spec.Containers[1].Image = "other.example/g:v1@" + string(fixture.Safeguard("m1").Digest)
		}), want: inPlace},
		"a sidecar": {change: serving(func(w *Workload) {
			without(w)
			w.Spec.InitContainers = []corev1.Container{{Name: "guard", Image: guard, RestartPolicy: &sidecar}}
		}), want: inPlace},
		"an init container ends": {serving(func(w *Workload) {
			without(w)
			w.Spec.InitContainers = []corev1.Container{{Name: "guard", Image: guard}}
		}), isBroken, []string{"no container that stays"}},
		"an ephemeral container": {serving(func(w *Workload) {
			without(w)
			w.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "guard", Image: guard}}}
		}), isBroken, []string{"no container that stays"}},
		"a release without a safeguard": {func(s *Scene) { s.Release = fixture.Release("m1"); s.Serving = nil }, isBroken, []string{"spec.artifacts"}},
		"one of two":                    {two, isBroken, []string{"safeguard-3"}},
		"the second is mounted": {change: func(s *Scene) {
			two(s)
			serving(func(w *Workload) {
				w.Spec.Volumes = append(w.Spec.Volumes, mounted)
				w.Spec.Containers[1].VolumeMounts = []corev1.VolumeMount{{Name: "filters"}}
			})(s)
		}, want: inPlace},
		"a volume that nobody mounts": {func(s *Scene) {
			two(s)
			serving(func(w *Workload) { w.Spec.Volumes = append(w.Spec.Volumes, mounted) })(s)
		}, isBroken, []string{"safeguard-3"}},
		"all are mounted and none is run": {func(s *Scene) {
			s.Serving = s.Serving[:1]
			serving(func(w *Workload) {
				without(w)
				w.Spec.Volumes = append(w.Spec.Volumes, corev1.Volume{Name: "g", VolumeSource: corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: guard}}})
				w.Spec.Containers[0].VolumeMounts = append(w.Spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: "g"})
			})(s)
		}, isBroken, []string{"none is run"}},
	})
}

func TestReadOnlyWeights(t *testing.T) {
	with := func(source corev1.VolumeSource, change func(*Workload)) func(*Scene) {
		return serving(func(w *Workload) {
			w.Spec.Volumes = append(w.Spec.Volumes, corev1.Volume{Name: "v", VolumeSource: source})
			w.Spec.Containers[0].VolumeMounts = append(w.Spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: "v", MountPath: "/v"})
			if change != nil {
				change(w)
			}
		})
	}
	readOnly := func(w *Workload) { w.Spec.Containers[0].VolumeMounts[1].ReadOnly = true }
	claim := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "c"}}
	closed := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "c", ReadOnly: true}}
	node := corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/models"}}
	from := func(spec corev1.PersistentVolumeClaimSpec) corev1.VolumeSource {
		return corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: spec}}}
	}
	device := func(w *Workload) {
		w.Spec.Containers[0].VolumeMounts = w.Spec.Containers[0].VolumeMounts[:1]
		w.Spec.Containers[0].VolumeDevices = []corev1.VolumeDevice{{Name: "v"}}
	}
	rows := map[string]testRow{
		"a claim that is written to":            {with(claim, nil), isBroken, []string{"spec.containers[server].volumeMounts[v]", "set readOnly to true"}},
		"a claim that is read":                  {change: with(claim, readOnly), want: inPlace},
		"a claim that is closed":                {change: with(closed, nil), want: inPlace},
		"a claim as a device":                   {with(claim, device), isBroken, []string{"volumeDevices[v]"}},
		"a closed claim as a device":            {change: with(closed, device), want: inPlace},
		"a path of the node, though it is read": {with(node, readOnly), isBroken, []string{"spec.volumes[v].hostPath"}},
		"a path of the node that nobody mounts": {serving(func(w *Workload) {
			w.Spec.Volumes = append(w.Spec.Volumes, corev1.Volume{Name: "v", VolumeSource: node})
		}), isBroken, []string{"hostPath"}},
		"scratch space":                           {change: with(corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}, nil), want: inPlace},
		"an NFS share that is written to":         {with(corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{}}, nil), isBroken, []string{"volumeMounts[v]"}},
		"an NFS share that is closed":             {change: with(corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{ReadOnly: true}}, nil), want: inPlace},
		"a CSI volume that is written to":         {with(corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{}}, nil), isBroken, []string{"volumeMounts[v]"}},
		"a CSI volume that is closed":             {change: with(corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{ReadOnly: new(true)}}, nil), want: inPlace},
		"a volume of no kind that is known":       {with(corev1.VolumeSource{}, nil), isBroken, []string{"volumeMounts[v]"}},
		"an ephemeral claim that is new":          {change: with(from(corev1.PersistentVolumeClaimSpec{}), nil), want: inPlace},
		"an ephemeral claim from a snapshot":      {with(from(corev1.PersistentVolumeClaimSpec{DataSource: &corev1.TypedLocalObjectReference{Name: "s"}}), nil), isBroken, []string{"volumeMounts[v]"}},
		"an ephemeral claim of a volume by label": {with(from(corev1.PersistentVolumeClaimSpec{Selector: &metav1.LabelSelector{}}), nil), isBroken, []string{"volumeMounts[v]"}},
		"an ephemeral claim of no class":          {with(from(corev1.PersistentVolumeClaimSpec{StorageClassName: new("")}), nil), isBroken, []string{"volumeMounts[v]"}},
		"a privileged container reads": {with(claim, func(w *Workload) {
			readOnly(w)
			w.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
		}), isBroken, []string{"privileged", "leave it out"}},
		"a privileged container that mounts nothing": {serving(func(w *Workload) {
			w.Spec.InitContainers = []corev1.Container{{Name: "tool", SecurityContext: &corev1.SecurityContext{Privileged: new(true)}}}
		}), isBroken, []string{"spec.initContainers[tool].securityContext.privileged"}},
		"a privileged container has a device": {with(closed, func(w *Workload) {
			device(w)
			w.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
		}), isBroken, []string{"privileged"}},
		"a container that may mount": {with(claim, func(w *Workload) {
			readOnly(w)
			w.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"SYS_ADMIN"}}}
		}), isBroken, []string{"spec.containers[server].securityContext.capabilities.add[SYS_ADMIN]"}},
		"a container with another capability": {change: with(claim, func(w *Workload) {
			readOnly(w)
			w.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"NET_BIND_SERVICE"}}}
		}), want: inPlace},
		"a claim template that is written to": {serving(func(w *Workload) {
			w.ClaimTemplates = []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}}}
			w.Spec.Containers[0].VolumeMounts = append(w.Spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: "data"})
		}), isBroken, []string{"volumeMounts[data]"}},
	}
	for field, change := range inEveryList(func(c *corev1.Container) { c.VolumeMounts = []corev1.VolumeMount{{Name: "v"}} }) {
		rows["a claim that is written to from "+field] = testRow{func(s *Scene) { with(claim, readOnly)(s); change(s) }, isBroken, []string{field + ".volumeMounts[v]"}}
	}
	judgeRows(t, v1alpha1.SafeguardReadOnlyWeights, rows)
}

func TestEncryptedStorage(t *testing.T) {
	claimed := func(c corev1.PersistentVolumeClaim) func(*Scene) {
		return func(s *Scene) {
			s.Storage.Claims["c"] = c
			serving(func(w *Workload) {
				w.Spec.Volumes = append(w.Spec.Volumes, corev1.Volume{Name: "v", VolumeSource: corev1.VolumeSource{
					PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "c"},
				}})
			})(s)
		}
	}
	of := func(class *string) corev1.PersistentVolumeClaim {
		return corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: class}}
	}
	ephemeral := func(class *string) func(*Scene) {
		return serving(func(w *Workload) {
			w.Spec.Volumes = append(w.Spec.Volumes, corev1.Volume{Name: "v", VolumeSource: corev1.VolumeSource{
				Ephemeral: &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{
					Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: class},
				}},
			}})
		})
	}
	// The annotation of old comes before the field.
	annotated := func(class string) corev1.PersistentVolumeClaim {
		c := of(new("encrypted"))
		c.Annotations = map[string]string{corev1.BetaStorageClassAnnotation: class}
		return c
	}
	lost := of(new("encrypted"))
	lost.Status.Phase = corev1.ClaimLost
	judgeRows(t, v1alpha1.SafeguardEncryptedStorage, map[string]testRow{
		"a claim of the list":            {change: claimed(of(new("encrypted"))), want: inPlace},
		"a claim of another class":       {claimed(of(new("plain"))), isBroken, []string{"its claim c has storageClassName \"plain\"", "anew with encrypted"}},
		"a claim of no class":            {claimed(of(new(""))), isBroken, []string{"storageClassName \"\""}},
		"a claim that waits for a class": {claimed(of(nil)), isNot, []string{"no storageClassName yet"}},
		"a claim that is lost":           {claimed(lost), isBroken, []string{"lost its volume"}},
		"a claim that does not exist":    {func(s *Scene) { claimed(of(nil))(s); delete(s.Storage.Claims, "c") }, isNot, []string{"does not exist", "create it"}},
		"a class that does not exist":    {func(s *Scene) { claimed(of(new("encrypted")))(s); s.Storage.Classes.Delete("encrypted") }, isNot, []string{"no StorageClass of that name"}},
		"an ephemeral claim of the list": {change: ephemeral(new("encrypted")), want: inPlace},
		"an ephemeral claim of another":  {ephemeral(new("plain")), isBroken, []string{"spec.volumes[v].ephemeral"}},
		"an ephemeral claim of none":     {ephemeral(nil), isBroken, []string{"the default class may be any"}},
		"a claim template of another": {serving(func(w *Workload) {
			template := of(new("plain"))
			template.Name = "data"
			w.ClaimTemplates = []corev1.PersistentVolumeClaim{template}
		}), isBroken, []string{"spec.volumeClaimTemplates[data]"}},
		"a claim whose annotation names another":  {claimed(annotated("plain")), isBroken, []string{"its claim c has storageClassName \"plain\""}},
		"a claim whose annotation is of the list": {change: claimed(annotated("encrypted")), want: inPlace},
		"a claim template whose annotation names another": {serving(func(w *Workload) {
			template := annotated("plain")
			template.Name = "data"
			w.ClaimTemplates = []corev1.PersistentVolumeClaim{template}
		}), isBroken, []string{"spec.volumeClaimTemplates[data]"}},
		"an ephemeral claim whose annotation names another": {func(s *Scene) {
			ephemeral(new("encrypted"))(s)
			volumes := s.Serving[0].Spec.Volumes
			volumes[len(volumes)-1].Ephemeral.VolumeClaimTemplate.Annotations = annotated("plain").Annotations
		}, isBroken, []string{"spec.volumes[v].ephemeral"}},
		"nothing was read": {func(s *Scene) { s.Storage = nil }, isNot, []string{"could not be read"}},
		"worse comes before unknown": {func(s *Scene) {
			claimed(of(nil))(s)
			ephemeral(new("plain"))(s)
		}, isBroken, []string{"\"plain\""}},
	})
}
