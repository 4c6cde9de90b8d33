// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/test/installation"
)

const (
	// attack is the requirement of every policy: an attack success rate, lower is safer.
	attack = "attack-success"
	// patience is how long a test waits for anything: a lease of 15 seconds, and some more on a busy machine.
	patience = 60 * time.Second
)

// scenario is a namespace with a policy of its own.
type scenario struct {
	t   *testing.T
	bed *bed
	// ns is the namespace, and the name of the policy.
	ns string
	client.Client
}

// begin makes a scenario in a governed namespace; change adjusts its policy before it is made.
func begin(t *testing.T, b *bed, change ...func(*v1alpha1.SafetyPolicy)) *scenario {
	t.Helper()
	s := named(t, b)
	s.must(b.Govern(t.Context(), s.ns))
	s.policy(change...)
	return s
}

// named is a scenario without any object yet.
func named(t *testing.T, b *bed) *scenario {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("Test", "", "_", "-", "/", "-").Replace(t.Name()))
	s := &scenario{t: t, bed: b, ns: strings.Trim(name[:min(len(name), 40)], "-"), Client: b.Client}
	t.Cleanup(s.explainFailure)
	return s
}

func (s *scenario) policy(change ...func(*v1alpha1.SafetyPolicy)) {
	s.t.Helper()
	policy := s.newPolicy()
	for _, c := range change {
		c(policy)
	}
	s.create(policy)
}

func (s *scenario) newPolicy() *v1alpha1.SafetyPolicy {
	return &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: s.ns},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{{Name: "Internal"}, {Name: "General"}},
			Levels:    []v1alpha1.Level{{Name: "L1", Requires: []string{attack}}},
			Requirements: []v1alpha1.Requirement{{
				Name: attack,
				Evaluation: &v1alpha1.EvaluationCriterion{
					Metric: "attack/accuracy", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.05", TripAt: "0.2",
					Bound: v1alpha1.BoundWilson95, MinSamples: 100, MaxUnjudgedPercent: new(int32(1)),
				},
				Scope:        []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights},
				ValidForDays: validDays,
			}},
		},
	}
}

// validDays is how long a result counts.
const validDays = 30

// explainFailure shows what stood in the cluster when a test failed.
func (s *scenario) explainFailure() {
	if !s.t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "modelreleases,safetyevaluations", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name}: {.status}{\"\\n\"}{end}"},
		{"get", "namespace", s.ns, "-o", "yaml"}, {"get", "deployments,replicasets,pods", "-o", "wide"}, {"get", "events"},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		out, err := s.bed.Kubectl(ctx, s.bed.Admin(), append(args, "-n", s.ns)...)
		cancel()
		s.t.Logf("kubectl %v: %s %v", args, out, err)
	}
	if log, err := os.ReadFile(s.bed.LogPath(installation.Manager)); err == nil {
		s.t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-8000):])
	}
}

func (s *scenario) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// eventually polls until check returns nil, and fails with its last error.
func (s *scenario) eventually(check func(context.Context) error) {
	s.t.Helper()
	s.must(poll(s.t.Context(), check))
}

// poll asks until there is no error, and returns the last one when patience is over.
func poll(ctx context.Context, check func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}

// create makes an object of Scalegate's. An API server that has just come, or has just got the kind, refuses it for some
// seconds, and is asked again.
func (s *scenario) create(o client.Object) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error { return client.IgnoreAlreadyExists(s.Create(ctx, o)) })
}

func digest(label string) v1alpha1.Digest {
	sum := sha256.Sum256([]byte(label))
	return v1alpha1.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

func (s *scenario) weights(release string) v1alpha1.Digest {
	return digest(s.ns + " weights " + release)
}

// release makes a ModelRelease whose weights are its own.
func (s *scenario) release(name string, change ...func(*v1alpha1.ModelRelease)) {
	s.t.Helper()
	r := s.newRelease(name)
	for _, c := range change {
		c(r)
	}
	s.create(r)
}

func (s *scenario) newRelease(name string) *v1alpha1.ModelRelease {
	return &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: s.ns,
			Model:  v1alpha1.Model{Name: name},
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: s.weights(name)},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: digest("server")},
			},
			Serving: []v1alpha1.ServingContainer{{
				Container: "server", Artifact: "server", Args: []string{"--model=/models", "--port=8000"},
			}},
			Level: "L1", Exposure: "General",
		},
	}
}

// template is a pod template that serves the release as it is declared.
func (s *scenario) template(release, app string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app, v1alpha1.LabelRelease: release}},
		Spec: corev1.PodSpec{
			EnableServiceLinks:            new(false),
			AutomountServiceAccountToken:  new(false),
			TerminationGracePeriodSeconds: new(int64(0)),
			Containers: []corev1.Container{{
				Name:         "server",
				Image:        "registry.example/server@" + string(digest("server")),
				Args:         []string{"--model=/models", "--port=8000"},
				VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
				Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
					"nvidia.com/gpu": resource.MustParse("1"),
				}},
			}},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: "registry.example/models/" + release + "@" + string(s.weights(release))},
			}}},
		},
	}
}

// pod is one that serves the release and that nothing else made.
func (s *scenario) pod(name, release string) *corev1.Pod {
	t := s.template(release, name)
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name, Labels: t.Labels}, Spec: t.Spec}
}

// deployment makes a Deployment that serves the release.
func (s *scenario) deployment(name, release string, replicas int32) {
	s.t.Helper()
	s.must(s.Create(s.t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: s.template(release, name),
		},
	}))
}

// scale sets the replicas of a Deployment.
func (s *scenario) scale(name string, replicas int32) {
	s.t.Helper()
	s.must(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		d := &appsv1.Deployment{}
		if err := s.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, d); err != nil {
			return err
		}
		d.Spec.Replicas = &replicas
		return s.Update(s.t.Context(), d)
	}))
}

// anHourAgo is when the results end that a test does not look at more closely.
func anHourAgo() time.Time { return time.Now().Add(-time.Hour) }

// evaluate brings a result about a release: an Inspect log with this rate over 1000 samples.
func (s *scenario) evaluate(name, release string, rate float64, ended time.Time) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		return s.tryEvaluate(ctx, name, release, inspectLog(s.ns+"/"+name, rate, ended))
	})
}

func (s *scenario) tryEvaluate(ctx context.Context, name, release, report string) error {
	cm := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}, Data: map[string]string{"report.json": report},
	}
	if err := client.IgnoreAlreadyExists(s.Create(ctx, cm)); err != nil {
		return err
	}
	return client.IgnoreAlreadyExists(s.Create(ctx, &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject: v1alpha1.EvaluationSubject{
				Release:   release,
				Artifacts: []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: s.weights(release)}},
			},
			Requirement: attack,
			Report:      &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report.json"}},
		},
	}))
}

func inspectLog(id string, rate float64, ended time.Time) string {
	at := ended.UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"version": 2, "status": "success",
 "eval": {"eval_id": %q, "run_id": %q, "created": %q, "task": "attack", "model": "example/model", "dataset": {"samples": 1000},
  "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3.140"}},
 "plan": {"steps": []},
 "results": {"total_samples": 1000, "completed_samples": 1000, "scores": [
  {"name": "attack", "scorer": "attack", "reducer": null, "scored_samples": 1000, "unscored_samples": 0, "params": {},
   "metrics": {"accuracy": {"name": "accuracy", "value": %v}}}]},
 "stats": {"started_at": %q, "completed_at": %q}}`, id, id, at, rate, at, at)
}

// pods are those of an app that are not going.
func (s *scenario) pods(ctx context.Context, app string) ([]corev1.Pod, error) {
	list := &corev1.PodList{}
	err := s.List(ctx, list, client.InNamespace(s.ns), client.MatchingLabels{"app": app})
	var live []corev1.Pod
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil {
			live = append(live, list.Items[i])
		}
	}
	return live, err
}

// counts waits until just so many pods of the app run, and so many are held.
func (s *scenario) counts(app string, running, held int) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, app)
		r, h := 0, 0
		for i := range pods {
			switch {
			case isHeld(&pods[i]):
				h++
			case pods[i].Status.Phase == corev1.PodRunning:
				r++
			}
		}
		if err != nil || r != running || h != held {
			return errors.Join(err, fmt.Errorf("%d pods of %s run and %d are held, want %d and %d", r, app, h, running, held))
		}
		return nil
	})
}

// deleteAll deletes every pod of an app.
func (s *scenario) deleteAll(app string) {
	s.t.Helper()
	s.must(s.DeleteAllOf(s.t.Context(), &corev1.Pod{}, client.InNamespace(s.ns), client.MatchingLabels{"app": app}))
}

func isHeld(pod *corev1.Pod) bool { return len(pod.Spec.SchedulingGates) > 0 }

// is waits until a condition of a release has this reason, for the spec as it is, and returns it.
func (s *scenario) is(release, condition, reason string) *metav1.Condition {
	s.t.Helper()
	var found *metav1.Condition
	s.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: release}, r); err != nil {
			return err
		}
		found = meta.FindStatusCondition(r.Status.Conditions, condition)
		if found == nil || found.Reason != reason || found.ObservedGeneration != r.Generation {
			return fmt.Errorf("%s of release %s is %+v, want %s", condition, release, found, reason)
		}
		return nil
	})
	return found
}

// cleared is the clearance of a release; false when there is none.
func (s *scenario) cleared(ctx context.Context, release string) (clearance.Clearance, bool, error) {
	ns := &corev1.Namespace{}
	if err := s.Get(ctx, client.ObjectKey{Name: s.ns}, ns); err != nil {
		return clearance.Clearance{}, false, err
	}
	value, ok := ns.Annotations[clearance.Key(release)]
	if !ok {
		return clearance.Clearance{}, false, nil
	}
	c, err := clearance.Parse(value)
	return c, true, err
}
