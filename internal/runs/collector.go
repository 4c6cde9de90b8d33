// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const (
	// CollectContainer is the name of the container that reads the result.
	CollectContainer = "collect"

	resultsVolume = ownNames + "results"
	// collectDirectory is where collect sees the results: not where the evaluation does, which may be a
	// directory that this program's image needs.
	collectDirectory = "/scalegate-results"
	// collectUser is the user of this program's image.
	collectUser = 65532
)

// addCollector makes the template's container the last init container and adds the one that reads its result. All
// containers of the template get the results volume and the variables.
func addCollector(in Input, spec *corev1.PodSpec, v variables) {
	user := evaluationUser(spec)
	spec.InitContainers = append(spec.InitContainers, spec.Containers[0])
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		c.Env = slices.Concat(v.environment(), c.Env)
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: resultsVolume, MountPath: resultsDirectory(in.Suite)})
	}
	spec.Volumes = append(spec.Volumes, corev1.Volume{
		Name: resultsVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}},
	})
	room := min(podMessageBytes/(len(spec.InitContainers)+1), MaxMessageBytes)
	spec.Containers = []corev1.Container{{
		Name:  CollectContainer,
		Image: in.Collector.Image,
		Args: []string{
			"collect",
			"--directory=" + collectDirectory,
			"--path=" + literally(in.Suite.Spec.Result.Path),
			metricFlag + literally(in.Metric),
			fmt.Sprintf("--message-bytes=%d", room),
		},
		// Below the limit, so that memory is given back before the kernel ends the process.
		Env: []corev1.EnvVar{{Name: "GOMEMLIMIT", Value: "192MiB"}},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("256Mi")},
		},
		VolumeMounts:             []corev1.VolumeMount{{Name: resultsVolume, MountPath: collectDirectory, ReadOnly: true}},
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		ImagePullPolicy:          corev1.PullIfNotPresent,
		SecurityContext: &corev1.SecurityContext{
			RunAsNonRoot: new(true), RunAsUser: new(user), RunAsGroup: new(int64(collectUser)),
			AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true), Privileged: new(false),
			Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}}
}

// evaluationUser is the user that the evaluation runs as, where the template says so and it is not root: files that
// are for their owner alone can then be read.
func evaluationUser(spec *corev1.PodSpec) int64 {
	var user *int64
	if spec.SecurityContext != nil {
		user = spec.SecurityContext.RunAsUser
	}
	if own := spec.Containers[0].SecurityContext; own != nil && own.RunAsUser != nil {
		user = own.RunAsUser
	}
	if user == nil || *user <= 0 {
		return collectUser
	}
	return *user
}
