// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const adaptersNamespace = "adapters"

// answers are the releases in the namespace of the adapters' tests, with the code that each must end with.
func answers() map[string]int { return map[string]int{"m1": 0, "refused": 2, "awaited": 3} }

// pipeline is what a pipeline has: the binary and a kubeconfig whose account may do what config/adapters/reader says.
type pipeline struct{ binary, kubeconfig string }

// open makes the releases, the account and the kinds of other tools.
func openPipeline(t *testing.T) pipeline {
	t.Helper()
	apply(t, "-f", filepath.Join("testdata", "adapter-crds.yaml"))
	out, err := shared.Kubectl(t.Context(), shared.Admin(), "wait", "--for=condition=Established", "--timeout=60s",
		"-f", filepath.Join("testdata", "adapter-crds.yaml"))
	if err != nil {
		t.Fatalf("%s %v", out, err)
	}
	must(t, shared.Govern(t.Context(), adaptersNamespace))
	admin := shared.as(t, "admin")
	repo := repository{namespace: adaptersNamespace, rate: "0.01", time: time.Now().Add(-time.Minute)}
	refused, awaited := named(t, repo.files(t, "release"), "ModelRelease", "m1"), named(t, repo.files(t, "release"), "ModelRelease", "m1")
	refused.SetName("refused")
	must(t, unstructured.SetNestedField(refused.Object, "Everybody", "spec", "exposure"))
	awaited.SetName("awaited")
	for _, o := range append(repo.files(t, "policy", "release", "evidence"), refused, awaited) {
		_, err := resource(admin, o).Create(t.Context(), o, metav1.CreateOptions{})
		must(t, err)
	}
	hasReason(t, admin, release(adaptersNamespace), "Released")
	hasReason(t, admin, refused, "InvalidSpec")
	hasReason(t, admin, awaited, "EvidenceMissing")

	reader := strings.ReplaceAll(string(config(t, "adapters", "reader", "reader.yaml")), "namespace: serving", "namespace: "+adaptersNamespace)
	_, err = shared.RunKubectl(t.Context(), localcluster.KubectlCall{
		Config: shared.Admin(), Args: []string{"apply", "--server-side", "-f", "-"}, Stdin: strings.NewReader(reader),
	})
	must(t, err)
	binary, err := shared.Build(t.Context())
	must(t, err)
	cfg, err := shared.ServiceAccount(t.Context(), adaptersNamespace, "scalegate-gate")
	must(t, err)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, localcluster.WriteKubeconfig(kubeconfig, cfg))
	return pipeline{binary, kubeconfig}
}

// run runs a program with scalegate on its PATH, and returns its output and exit code.
func (p pipeline) run(t *testing.T, env []string, name string, args ...string) (output string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append([]string{"KUBECONFIG=" + p.kubeconfig, "PATH=" + filepath.Dir(p.binary) + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return out.String(), failed.ExitCode()
	}
	must(t, err)
	return out.String(), 0
}

// jobOf is the Job of an analysis template.
func jobOf(t *testing.T, file string) batchv1.JobSpec {
	t.Helper()
	template := struct {
		Spec struct {
			Metrics []struct {
				Provider struct {
					Job struct {
						Spec any `json:"spec"`
					} `json:"job"`
				} `json:"provider"`
			} `json:"metrics"`
		} `json:"spec"`
	}{}
	must(t, yaml.Unmarshal(config(t, "adapters", "argo-rollouts", file), &template))
	text, err := yaml.Marshal(template.Spec.Metrics[0].Provider.Job.Spec)
	must(t, err)
	var job batchv1.JobSpec
	must(t, yaml.UnmarshalStrict(text, &job))
	return job
}

// filled puts the values of parameters into arguments, where they stand between before and after.
func filled(args []string, before, after, name string) []string {
	values := map[string]string{"release": name, "namespace": adaptersNamespace, "for": "Released", "timeout": "0s"}
	all := make([]string, 0, len(args))
	for _, arg := range args {
		for key, value := range values {
			arg = strings.ReplaceAll(arg, before+key+after, value)
		}
		all = append(all, arg)
	}
	return all
}

func TestAdapters(t *testing.T) {
	t.Parallel()
	explained(t)
	p := openPipeline(t)
	for _, file := range []string{
		"argo-rollouts/analysistemplate.yaml", "argo-rollouts/clusteranalysistemplate.yaml", "kueue/admissioncheck.yaml", "tekton/task.yaml",
	} {
		t.Run(file+" is valid", func(t *testing.T) {
			apply(t, "--namespace="+adaptersNamespace, "--dry-run=server", "-f", filepath.Join(installation.Root(), "config", "adapters", file))
		})
	}
	t.Run("kargo/stage.yaml is valid", func(t *testing.T) {
		stage := strings.ReplaceAll(string(config(t, "adapters", "kargo", "stage.yaml")), "namespace: models", "namespace: "+adaptersNamespace)
		p.applies(t, stage)
	})
	t.Run("both analysis templates do the same", func(t *testing.T) {
		if diff := cmp.Diff(jobOf(t, "analysistemplate.yaml"), jobOf(t, "clusteranalysistemplate.yaml")); diff != "" {
			t.Error(diff)
		}
	})
	task := struct {
		Spec struct {
			Steps []struct {
				Args []string `json:"args"`
			} `json:"steps"`
		} `json:"spec"`
	}{}
	must(t, yaml.Unmarshal(config(t, "adapters", "tekton", "task.yaml"), &task))
	for name, want := range answers() {
		t.Run("Argo Rollouts and Kargo, release "+name, func(t *testing.T) {
			args := jobOf(t, "analysistemplate.yaml").Template.Spec.Containers[0].Args
			if out, code := p.run(t, nil, p.binary, filled(args, "{{args.", "}}", name)...); code != want {
				t.Errorf("it ends with %d, want %d: %s", code, want, out)
			}
		})
		t.Run("Tekton, release "+name, func(t *testing.T) {
			if out, code := p.run(t, nil, p.binary, filled(task.Spec.Steps[0].Args, "$(params.", ")", name)...); code != want {
				t.Errorf("it ends with %d, want %d: %s", code, want, out)
			}
		})
		t.Run("GitHub, release "+name, func(t *testing.T) { p.action(t, name, want) })
		t.Run("GitOps Promoter, release "+name, func(t *testing.T) { p.commitStatus(t, name, want) })
	}
	t.Run("an exposure is waited for with the rights of the reader", func(t *testing.T) {
		args := []string{"wait", "modelrelease", "m1", "--namespace=" + adaptersNamespace, "--for=exposure=General", "--timeout=0s"}
		if out, code := p.run(t, nil, p.binary, args...); code != 0 {
			t.Errorf("it ends with %d: %s", code, out)
		}
	})
	t.Run("GitOps Promoter gets no YAML out of a name", func(t *testing.T) {
		script := filepath.Join(installation.Root(), "config", "adapters", "gitops-promoter", "commit-status")
		for _, args := range [][]string{
			{"m1\nx: y", adaptersNamespace, "repo", strings.Repeat("a", 40)}, {"m1", adaptersNamespace, "repo", "HEAD"}, {"m1"},
		} {
			if out, code := p.run(t, nil, script, args...); code != 1 || strings.Contains(out, "apiVersion") {
				t.Errorf("%q ends with %d: %s", args, code, out)
			}
		}
	})
}

// applies has the API server judge an object, strictly.
func (p pipeline) applies(t *testing.T, text string) {
	t.Helper()
	_, err := shared.RunKubectl(t.Context(), localcluster.KubectlCall{
		Config: shared.Admin(), Stdin: strings.NewReader(text),
		Args: []string{"apply", "--server-side", "--validate=strict", "--dry-run=server", "--namespace=" + adaptersNamespace, "-f", "-"},
	})
	must(t, err)
}

// outcomeOf is the word for an exit code in the GitHub action.
func outcomeOf(code int) string { return map[int]string{0: "pass", 2: "blocked", 3: "pending"}[code] }

// action runs the step of the GitHub action as the runner does: bash -e, with the variables that env gives it.
func (p pipeline) action(t *testing.T, name string, want int) {
	t.Helper()
	action := struct {
		Runs struct {
			Steps []struct {
				Env map[string]string `json:"env"`
				Run string            `json:"run"`
			} `json:"steps"`
		} `json:"runs"`
	}{}
	must(t, yaml.Unmarshal(config(t, "adapters", "github", "action.yml"), &action))
	step := action.Runs.Steps[0]
	if strings.Contains(step.Run, "${{") {
		t.Error("an input stands in the script, where it could be read as one")
	}
	outputs := filepath.Join(t.TempDir(), "outputs")
	env := []string{"GITHUB_OUTPUT=" + outputs}
	for key, value := range step.Env {
		env = append(env, key+"="+filled([]string{value}, "${{ inputs.", " }}", name)[0])
	}
	out, code := p.run(t, env, "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step.Run)
	written, err := os.ReadFile(outputs)
	if code != want || err != nil || string(written) != "outcome="+outcomeOf(want)+"\n" {
		t.Errorf("it ends with %d and %q (%v), want %d: %s", code, written, err, want, out)
	}
	if told := strings.Contains(out, "::error title=Scalegate::ModelRelease "+adaptersNamespace+"/"+name); told != (want != 0) {
		t.Errorf("an error is told: %v: %s", told, out)
	}
}

// commitStatus has the script print the CommitStatus of a release, and the API server judge it.
func (p pipeline) commitStatus(t *testing.T, name string, want int) {
	t.Helper()
	script := filepath.Join(installation.Root(), "config", "adapters", "gitops-promoter", "commit-status")
	out, code := p.run(t, nil, script, name, adaptersNamespace, "models", strings.Repeat("ab", 20))
	if code != 0 {
		t.Fatalf("it ends with %d: %s", code, out)
	}
	status := parse(t, []byte(out))[0]
	phase, _, err := unstructured.NestedString(status.Object, "spec", "phase")
	if wantPhase := map[int]string{0: "success", 2: "failure", 3: "pending"}[want]; err != nil || phase != wantPhase {
		t.Errorf("the phase is %q (%v), want %q", phase, err, wantPhase)
	}
	p.applies(t, out)
}
