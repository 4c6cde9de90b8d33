// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
	"github.com/scalegate/scalegate/test/node/stub"
)

// runTimeout bounds how long a run may take until it is recorded: containers start in seconds, but
// two cores run those of every test.
const runTimeout = 3 * time.Minute

// scenario is a governed namespace with a policy of its own.
type scenario struct {
	t *testing.T
	// name is that of the namespace and of the policy, and begins those of the suites.
	name string
	// weights is the digest of the release's weights: a finding about them stands in every namespace.
	weights v1alpha1.Digest
	client.Client
}

// begin makes a scenario whose policy has the given requirements.
func begin(t *testing.T, requirements ...v1alpha1.Requirement) *scenario {
	t.Helper()
	needNode(t)
	t.Parallel()
	name := strings.ToLower(strings.NewReplacer("Test", "", "_", "-", "/", "-", ",", "").Replace(t.Name()))
	name = strings.Trim(name[:min(len(name), 40)], "-")
	sum := sha256.Sum256([]byte(name + " weights"))
	s := &scenario{t: t, name: name, weights: v1alpha1.Digest("sha256:" + hex.EncodeToString(sum[:])), Client: shared.owner}
	t.Cleanup(s.explainFailure)
	s.must(shared.Govern(t.Context(), name))
	policy := &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{
				{Name: "Evaluation", MaxReplicas: new(int32(2)), WithoutEvidence: v1alpha1.WithoutEvidenceAllowed},
				{Name: "General"},
			},
			Levels:       []v1alpha1.Level{{Name: "L1"}},
			Requirements: requirements,
		},
	}
	for _, r := range requirements {
		policy.Spec.Levels[0].Requires = append(policy.Spec.Levels[0].Requires, r.Name)
	}
	s.must(s.Create(t.Context(), policy))
	return s
}

// requirement asks that a format's metric shows at most one attack in five.
func requirement(format string) v1alpha1.Requirement {
	f := stub.Formats()[format]
	return v1alpha1.Requirement{
		Name: format,
		Evaluation: &v1alpha1.EvaluationCriterion{
			Metric: f.Metric, Direction: v1alpha1.LowerIsSafer, ClearAt: "0.2", TripAt: "0.5",
			Bound: v1alpha1.BoundPoint, MinSamples: 40, MaxUnjudgedPercent: new(f.MaxUnjudgedPercent),
		},
		Scope:        []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights},
		NeededFrom:   "General",
		ValidForDays: 30,
	}
}

// explainFailure shows what stood in the cluster when a test failed.
func (s *scenario) explainFailure() {
	if !s.t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "modelreleases,safetyevaluations", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name}: {.status}{\"\\n\"}{end}"},
		{"get", "jobs,services,networkpolicies", "-o", "wide"},
		{"get", "pods", "-o", "jsonpath={range .items[*]}{.metadata.name}: {.spec.schedulingGates} {.status}{\"\\n\"}{end}"},
		{"get", "events"},
	} {
		out, err := shared.Kubectl(context.Background(), shared.Admin(), append(args, "-n", s.name)...)
		s.t.Logf("kubectl %v: %s %v", args, out, err)
	}
	if log, err := os.ReadFile(shared.LogPath(installation.Manager)); err == nil {
		s.t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-8000):])
	}
}

func (s *scenario) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// serveArgs are how the release is served: by a model whose answers are those of this run.
func serveArgs(run stub.Run) []string {
	return append([]string{"-mode=serve"}, runArgs(run)...)
}

// served has the release's weights in an image that its pods run beside the server, as modelcars do.
func (s *scenario) served() {
	s.weights = v1alpha1.Digest(shared.weightsDigest)
}

// release makes the scenario's release, served with the given arguments.
func (s *scenario) release(args ...string) {
	s.t.Helper()
	s.must(s.Create(s.t.Context(), &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: "model"},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: s.name,
			Model:  v1alpha1.Model{Name: "stub-model", Version: "1"},
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Reference: shared.weights.Repository, Digest: s.weights},
				{Name: "server", Type: v1alpha1.ArtifactServer, Reference: shared.evaluator.Repository, Digest: v1alpha1.Digest(shared.evaluatorDigest)},
			},
			Serving: []v1alpha1.ServingContainer{
				{Container: "server", Artifact: "server", Args: args}, {Container: "weights", Artifact: "weights"},
			},
			Level: "L1", Exposure: "General",
		},
	}))
}

// suite is what is run: the evaluator's container and what surrounds it.
type suite struct {
	args      []string
	path      string
	container corev1.Container
	job       batchv1.JobSpec
	server    *v1alpha1.SuiteServer
}

// evaluating is a suite whose evaluator is run with these arguments and leaves a file of the format.
func evaluating(format string, args ...string) suite {
	return suite{args: append(args, "-format="+format), path: stub.Formats()[format].File}
}

// make creates the suite, and returns its name.
func (s *scenario) suite(of suite) string {
	s.t.Helper()
	container := of.container
	container.Name = "evaluate"
	if container.Image == "" {
		container.Image = shared.evaluator.Reference()
	}
	container.Args = of.args
	if container.Resources.Limits == nil {
		container.Resources = limited("256Mi")
	}
	job := of.job
	if job.BackoffLimit == nil {
		job.BackoffLimit = new(int32(0))
	}
	job.Template.Spec.Containers = []corev1.Container{container}
	template, err := json.Marshal(batchv1.JobTemplateSpec{Spec: job})
	s.must(err)
	made := &v1alpha1.EvaluationSuite{
		ObjectMeta: metav1.ObjectMeta{GenerateName: s.name + "-"},
		Spec: v1alpha1.EvaluationSuiteSpec{
			Protocol:    v1alpha1.EvaluationProtocol{Title: "Refusals of a stub", Version: "1"},
			JobTemplate: runtime.RawExtension{Raw: template},
			Result:      v1alpha1.SuiteResult{Path: of.path},
			Server:      of.server,
		},
	}
	s.must(s.Create(s.t.Context(), made))
	return made.Name
}

func limited(memory string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)},
	}
}

// evaluate runs a suite for a requirement.
func (s *scenario) evaluate(name, requirement, suite string) {
	s.t.Helper()
	s.must(s.Create(s.t.Context(), &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: name},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject: v1alpha1.EvaluationSubject{
				Release:   "model",
				Artifacts: []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: s.weights}},
			},
			Requirement: requirement,
			Job:         &v1alpha1.JobSource{Suite: suite},
		},
	}))
}

// finished waits until the run of an evaluation has ended and is recorded.
func (s *scenario) finished(name string) *v1alpha1.SafetyEvaluation {
	s.t.Helper()
	e := &v1alpha1.SafetyEvaluation{}
	s.eventually("the run of "+name+" has ended", func(ctx context.Context) (bool, error) {
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.name, Name: name}, e); err != nil {
			return false, err
		}
		return e.Status.Run != nil && e.Status.Run.FinishTime != nil, nil
	})
	return e
}

func (s *scenario) eventually(what string, done func(context.Context) (bool, error)) {
	s.t.Helper()
	err := wait.PollUntilContextTimeout(s.t.Context(), 200*time.Millisecond, runTimeout, true, done)
	if err != nil {
		s.t.Fatalf("waiting until %s: %v", what, err)
	}
}

// exposure is what the release has been granted, as its status says.
func (s *scenario) exposure() string {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{}
	s.must(s.Get(s.t.Context(), client.ObjectKey{Namespace: s.name, Name: "model"}, r))
	return r.Status.GrantedExposure
}
