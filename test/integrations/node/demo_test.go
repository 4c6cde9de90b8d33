// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"text/template"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// namespace is where the demo's models serve.
const namespace = "serving"

// demo fills in a file of the demo.
func demo(t *testing.T, file string, values map[string]any) []byte {
	t.Helper()
	text, err := template.ParseFiles(filepath.Join(installation.Root(), "test", "demo", file))
	must(t, err)
	var filled bytes.Buffer
	must(t, text.Option("missingkey=error").Execute(&filled, values))
	return filled.Bytes()
}

// sonnet is the demo's first model, in the images that this node has.
func sonnet() map[string]any {
	return map[string]any{
		"Release": "sonnet-4", "Argument": "", "Weights": shared.digests["registry.example/models/sonnet-4"],
		"Server": shared.digests["registry.example/server"], "Guard": shared.digests["registry.example/guard"],
	}
}

func apply(t *testing.T, manifest []byte) {
	t.Helper()
	_, err := shared.RunKubectl(t.Context(), localcluster.KubectlCall{
		Config: shared.Admin(), Args: []string{"apply", "--server-side", "-f", "-"}, Stdin: bytes.NewReader(manifest),
	})
	must(t, err)
}

// holdDemo applies the demo's policy, release and Deployment. The containerd of Debian mounts no images: the weights are a
// container beside the server, as modelcars do, and nothing is pulled.
func holdDemo(t *testing.T) {
	t.Helper()
	must(t, shared.Govern(t.Context(), namespace))
	apply(t, demo(t, "manifests/policy.yaml", nil))
	var release v1alpha1.ModelRelease
	must(t, yaml.UnmarshalStrict(demo(t, "manifests/release.yaml", sonnet()), &release))
	release.Spec.Serving = append(release.Spec.Serving, v1alpha1.ServingContainer{Container: "weights", Artifact: "weights"})
	must(t, shared.Client.Create(t.Context(), &release))
	var d appsv1.Deployment
	must(t, yaml.UnmarshalStrict(demo(t, "manifests/deployment.yaml", sonnet()), &d))
	pod := &d.Spec.Template.Spec
	pod.Containers[0].VolumeMounts = nil
	pod.Containers = append(pod.Containers, corev1.Container{Name: "weights", Image: pod.Volumes[0].Image.Reference})
	pod.Volumes = nil
	for i := range pod.Containers {
		pod.Containers[i].ImagePullPolicy = corev1.PullNever
	}
	must(t, shared.Client.Create(t.Context(), &d))
	eventually(t, func(ctx context.Context) error {
		var r v1alpha1.ModelRelease
		err := errors.Join(shared.Client.Get(ctx, client.ObjectKeyFromObject(&d), &d), shared.Client.Get(ctx, client.ObjectKeyFromObject(&release), &r))
		if !d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] == "" || d.Status.Replicas != 0 || len(r.Status.Workloads) == 0 {
			return errors.Join(err, fmt.Errorf("paused: %v, mark %q, %d pods, workloads %+v",
				d.Spec.Paused, d.Annotations[v1alpha1.AnnotationHeld], d.Status.Replicas, r.Status.Workloads))
		}
		return err
	})
}

// releaseDemo imports the demo's three result files with the command line that is in the image.
func releaseDemo(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	must(t, localcluster.WriteKubeconfig(kubeconfig, shared.Admin()))
	ended := time.Now().Add(-24 * time.Hour).UTC()
	for requirement, of := range map[string]struct {
		file, scorer, value, standardError string
		samples                            int
	}{
		"harmful-request-refusal": {"refusal.json", "", "0.985", "0.0038", 1000},
		"bio-uplift-state":        {"uplift.json", "state_programme_uplift", "1.20", "0.25", 9},
		"bio-uplift":              {"uplift.json", "uplift_ratio", "1.70", "0.30", 9},
	} {
		file := filepath.Join(dir, requirement+".json")
		must(t, os.WriteFile(file, demo(t, "logs/"+of.file, map[string]any{
			"Release": "sonnet-4", "ID": requirement, "Scorer": of.scorer, "Value": of.value, "StandardError": of.standardError, "Samples": of.samples,
			"Started": ended.Add(-time.Minute).Format(time.RFC3339), "Ended": ended.Format(time.RFC3339), "StartedUnix": ended.Unix(),
		}), 0o600))
		run := exec.CommandContext(t.Context(), filepath.Join(installation.Root(), "bin", "linux-"+runtime.GOARCH, "scalegate"),
			"evaluation", "import", file, "--release", "sonnet-4", "--requirement", requirement, "--kubeconfig", kubeconfig, "-n", namespace)
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("importing %s: %v\n%s", requirement, err, out)
		}
	}
	eventually(t, func(ctx context.Context) error {
		var pods corev1.PodList
		err := shared.Client.List(ctx, &pods, client.InNamespace(namespace), client.MatchingLabels{"app": "assistant"})
		running := 0
		for i := range pods.Items {
			for _, c := range pods.Items[i].Status.ContainerStatuses {
				// Only what a container runtime started has an identity there.
				if c.State.Running != nil && c.Ready && len(c.ContainerID) > len("containerd://") {
					running++
				}
			}
		}
		if want := 3 * 3; err != nil || running != want {
			return errors.Join(err, fmt.Errorf("%d containers of %d pods run, want %d", running, len(pods.Items), want))
		}
		return nil
	})
}
