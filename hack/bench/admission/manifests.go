// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/admission/measured"
	"github.com/scalegate/scalegate/hack/bench/objects"
	"github.com/scalegate/scalegate/test/installation"
)

// workloadsVariable names the folder with manifests of inference workloads as published, for where it is not beside the
// repository.
const workloadsVariable = "SCALEGATE_WORKLOADS_DIR"

// published are the pods of the Deployments in that folder, as the replicaset controller makes them once they claim the
// release and name its images by digest. There are none where there is no folder.
func published() ([]*corev1.Pod, error) {
	dir := os.Getenv(workloadsVariable)
	if dir == "" {
		dir = filepath.Join(installation.Root(), "..", "shared", "workloads")
	}
	files, err := filepath.Glob(filepath.Join(dir, "deployment", "*.yaml"))
	if err != nil {
		return nil, err
	}
	var pods []*corev1.Pod
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		deployments, err := deploymentsIn(raw)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		for i := range deployments {
			pods = append(pods, claiming(&deployments[i].Spec.Template))
		}
	}
	return pods, nil
}

func deploymentsIn(raw []byte) ([]appsv1.Deployment, error) {
	var all []appsv1.Deployment
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	for {
		var d appsv1.Deployment
		err := decoder.Decode(&d)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		// Another kind in the same file need not fit.
		if err != nil && !strings.Contains(err.Error(), "json:") {
			return nil, err
		}
		if err == nil && d.Kind == "Deployment" {
			all = append(all, d)
		}
	}
}

// claiming is the pod of a template that claims the release, with images that the clearance names. Its volumes, its
// commands and all else are as published.
func claiming(template *corev1.PodTemplateSpec) *corev1.Pod {
	pod := measured.Pod(measured.ClearedOwner)
	pod.Annotations, pod.Spec = template.Annotations, template.Spec
	pod.Labels = map[string]string{v1alpha1.LabelRelease: measured.Release, v1alpha1.LabelExposure: "Internal"}
	maps.Copy(pod.Labels, template.Labels)
	pod.Spec.ServiceAccountName, pod.Spec.DeprecatedServiceAccount = "", ""
	pod.Spec.PriorityClassName, pod.Spec.RuntimeClassName = "", nil
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			containers[i].Image = "registry.example/server@" + string(objects.Digest("server"))
		}
	}
	return pod
}

// deployment is the Deployment of the measured template.
func deployment(claims bool) *appsv1.Deployment {
	template := measured.Template()
	delete(template.Labels, "pod-template-hash")
	if !claims {
		delete(template.Labels, v1alpha1.LabelRelease)
		delete(template.Labels, v1alpha1.LabelExposure)
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "opus-4-"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(4)), Template: template,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "opus-4"}},
		},
	}
}
