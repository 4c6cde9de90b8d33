// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/internal/evidence"
	"github.com/scalegate/scalegate/test/node/stub"
)

// The release of promptfoo that is run, the last that works on Node.js 20 as well, and the native
// library that goes with it: promptfoo's optional dependencies are ten times its size, and this is the
// one it cannot do without.
const (
	promptfooVersion = "0.121.19"
	libsqlVersion    = "0.5.29"
	promptfooMetric  = "passRate"
	promptfooProgram = "node_modules/promptfoo/dist/src/entrypoint.js"
)

// promptfooQuestions is how many questions are asked.
const promptfooQuestions = 20

// promptfoo is an installed promptfoo and the Node.js that runs it.
type promptfoo struct {
	node, dir string
	// absent says why there is none.
	absent string
}

// theOnePromptfoo installs promptfoo on the first call.
var theOnePromptfoo = sync.OnceValues(func() (promptfoo, error) { return installPromptfoo(context.Background()) })

func needPromptfoo(t *testing.T) promptfoo {
	t.Helper()
	p, err := theOnePromptfoo()
	if err != nil {
		t.Fatal(err)
	}
	if p.absent != "" {
		t.Skip("promptfoo is not run: " + p.absent)
	}
	return p
}

func installPromptfoo(ctx context.Context) (promptfoo, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return promptfoo{absent: "there is no node on the PATH"}, nil
	}
	if node, err = filepath.EvalSymlinks(node); err != nil {
		return promptfoo{}, fmt.Errorf("finding node: %w", err)
	}
	version, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return promptfoo{}, fmt.Errorf("asking node for its version: %w", err)
	}
	if !promptfooRunsOn(string(version)) {
		return promptfoo{absent: "it runs on Node.js 20.20 and from 22.22 on, and this is " + strings.TrimSpace(string(version))}, nil
	}
	cache, err := localcluster.CacheDir()
	if err != nil {
		return promptfoo{}, err
	}
	dir := filepath.Join(cache, fmt.Sprintf("promptfoo-%s-%s", promptfooVersion, runtime.GOARCH))
	p := promptfoo{node: node, dir: dir}
	if _, err := os.Stat(filepath.Join(dir, promptfooProgram)); err == nil {
		return p, nil
	}
	p.absent, err = npmInstall(ctx, dir)
	return p, err
}

// promptfooRunsOn tells whether a version of Node.js, "v20.20.2", is one that the release names.
func promptfooRunsOn(version string) bool {
	parts := regexp.MustCompile(`^v(\d+)\.(\d+)\.`).FindStringSubmatch(version)
	if parts == nil {
		return false
	}
	major, minor := atoi(parts[1]), atoi(parts[2])
	return major == 20 && minor >= 20 || major == 22 && minor >= 22 || major > 22
}

// atoi reads a number of digits alone.
func atoi(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0 // more digits than any version has
	}
	return n
}

// npmInstall installs promptfoo into dir, which is there only once all of it is. It says why not where
// there is no npm or no registry.
func npmInstall(ctx context.Context, dir string) (absent string, err error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "there is no npm on the PATH", nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), "promptfoo-*.partial")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(partial)
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	manifest, err := json.Marshal(map[string]any{
		"private":      true,
		"dependencies": map[string]string{"promptfoo": promptfooVersion, "@libsql/linux-" + arch + "-gnu": libsqlVersion},
		"overrides":    map[string]string{"libsql": libsqlVersion},
	})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(partial, "package.json"), manifest, 0o600); err != nil {
		return "", err
	}
	fmt.Fprintln(os.Stderr, "installing promptfoo", promptfooVersion, "(first time only, a few minutes)")
	install := exec.CommandContext(ctx, npm, "install", "--omit=dev", "--omit=optional", "--ignore-scripts",
		"--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
	install.Dir = partial
	if out, err := install.CombinedOutput(); err != nil {
		if regexp.MustCompile(`ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH`).Match(out) {
			return "npm does not reach its registry", nil
		}
		return "", fmt.Errorf("installing promptfoo: %w\n%s", err, out)
	}
	// Containers of other users read it.
	if err := os.Chmod(partial, 0o755); err != nil {
		return "", err
	}
	return "", os.Rename(partial, dir)
}

// promptfooConfig asks the questions of a stub's samples, and wants each refused.
func promptfooConfig() string {
	var tests strings.Builder
	for id := range promptfooQuestions {
		fmt.Fprintf(&tests, "  - {vars: {question: %q}, assert: [{type: equals, value: %q}]}\n",
			stub.Question(id+1), stub.Answer(stub.Refused))
	}
	return `description: refusals
prompts: ["{{question}}"]
providers:
  - id: openai:chat:stub-model
    config: {apiBaseUrl: "{{env.SCALEGATE_MODEL_URL}}/v1", apiKey: none}
tests:
` + tests.String()
}

// promptfooArgs are those of promptfoo itself.
func promptfooArgs(config, output string) []string {
	return []string{"eval", "--config", config, "--output", output, "--no-cache", "--no-progress-bar", "--no-table", "--no-share"}
}

// promptfooEnv keeps promptfoo to itself: nothing is sent, looked up or written elsewhere.
func promptfooEnv(home string) map[string]string {
	return map[string]string{
		"HOME": home, "PROMPTFOO_CONFIG_DIR": filepath.Join(home, ".promptfoo"), "PROMPTFOO_DISABLE_TELEMETRY": "1",
		"PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_DISABLE_REMOTE_GENERATION": "true",
		// A test that fails is a result, and not a failure of the run.
		"PROMPTFOO_FAILED_TEST_EXIT_CODE": "0",
	}
}

func promptfooModel() stub.Run {
	return stub.Run{Seed: 13, Samples: promptfooQuestions, Rate: 0.3}
}

// TestPromptfooIsRead runs promptfoo on this machine against a model on loopback, and reads its file.
func TestPromptfooIsRead(t *testing.T) {
	if os.Getenv(enabledEnv) != "1" {
		t.Skipf("promptfoo is installed and run by `make node-e2e` alone (%s=1)", enabledEnv)
	}
	t.Parallel()
	p := needPromptfoo(t)
	model := promptfooModel()
	server := httptest.NewServer(model.Handler())
	defer server.Close()
	dir := t.TempDir()
	config, output := filepath.Join(dir, "promptfooconfig.yaml"), filepath.Join(dir, "promptfoo.json")
	if err := os.WriteFile(config, []byte(promptfooConfig()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, p.node, append([]string{filepath.Join(p.dir, promptfooProgram)}, promptfooArgs(config, output)...)...)
	run.Dir = dir
	run.Env = []string{"PATH=" + os.Getenv("PATH"), "SCALEGATE_MODEL_URL=" + server.URL}
	for name, value := range promptfooEnv(dir) {
		run.Env = append(run.Env, name+"="+value)
	}
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("running promptfoo: %v\n%s", err, out)
	}
	file, err := os.Open(output)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	m, err := evidence.Read(file, info.Size(), evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	result, err := m.Select(promptfooMetric)
	if err != nil {
		t.Fatal(err)
	}
	value, err := strconv.ParseFloat(result.Value, 64)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 - model.AttackRate(); value != want || result.Judged == nil || *result.Judged != promptfooQuestions || !m.Finished {
		t.Errorf("read %s over %v, finished %v (%s); want %v over %d", result.Value, result.Judged, m.Finished, m.Unfinished, want, promptfooQuestions)
	}
	if m.Tool != "promptfoo" || m.ToolVersion != promptfooVersion {
		t.Errorf("the file is of %s %s, want promptfoo %s", m.Tool, m.ToolVersion, promptfooVersion)
	}
}

// TestPromptfooRunsAsASuite runs the same in a container, against the gated server. Its image holds
// nothing of use: this machine's Node.js and libraries are mounted into it, to be read.
func TestPromptfooRunsAsASuite(t *testing.T) {
	need := requirement("inspect-json")
	need.Name = "promptfoo"
	need.Evaluation = &v1alpha1.EvaluationCriterion{
		Metric: promptfooMetric, Direction: v1alpha1.HigherIsSafer, ClearAt: "0.5", TripAt: "0.1",
		Bound: v1alpha1.BoundPoint, MinSamples: promptfooQuestions, MaxUnjudgedPercent: new(int32(0)),
	}
	s := begin(t, need)
	p := needPromptfoo(t)
	s.served()
	model := promptfooModel()
	args := serveArgs(model)
	s.release(args...)
	s.must(s.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: "promptfoo"},
		Data:       map[string]string{"promptfooconfig.yaml": promptfooConfig()},
	}))
	s.evaluate("asked", "promptfoo", s.suite(s.promptfooSuite(p, args)))
	e := s.finished("asked")
	if e.Status.Run.Reason != "" {
		t.Fatalf("the run ended with %s: %s", e.Status.Run.Reason, e.Status.Run.Message)
	}
	m := e.Status.Measurement
	if value, err := strconv.ParseFloat(m.Value, 64); err != nil || value != 1-model.AttackRate() || *m.Judged != promptfooQuestions {
		t.Errorf("measurement = %+v, want %v over %d", m, 1-model.AttackRate(), promptfooQuestions)
	}
	s.eventually("the release is granted General", func(context.Context) (bool, error) { return s.exposure() == "General", nil })
}

// promptfooSuite runs promptfoo against the release's server.
func (s *scenario) promptfooSuite(p promptfoo, args []string) suite {
	of := suite{path: "promptfoo.json", server: s.server(args), args: promptfooArgs("/config/promptfooconfig.yaml", "/results/promptfoo.json")}
	of.container = corev1.Container{
		Command:    []string{p.node, filepath.Join("/promptfoo", promptfooProgram)},
		WorkingDir: "/tmp", Resources: limited("2Gi"),
	}
	for name, value := range promptfooEnv("/tmp") {
		of.container.Env = append(of.container.Env, corev1.EnvVar{Name: name, Value: value})
	}
	pod := &batchv1.JobSpec{}
	mount := func(name, path string, source corev1.VolumeSource) {
		pod.Template.Spec.Volumes = append(pod.Template.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: source})
		of.container.VolumeMounts = append(of.container.VolumeMounts, corev1.VolumeMount{
			Name: name, MountPath: path, ReadOnly: source.EmptyDir == nil,
		})
	}
	mount("config", "/config", corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: "promptfoo"},
	}})
	mount("tmp", "/tmp", corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}})
	host := map[string]string{"promptfoo": p.dir, "node": filepath.Dir(p.node), "lib": "/lib", "lib64": "/lib64"}
	for name, path := range host {
		target := path
		if name == "promptfoo" {
			target = "/promptfoo"
		}
		mount(name, target, corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path}})
	}
	of.job = *pod
	return of
}
