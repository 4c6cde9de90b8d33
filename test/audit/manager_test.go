// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/test/installation"
)

// governed is the namespace of the release that a manager decides about.
const governed = "governed"

// A manager records what it decides: each change once, in a chain that its own program verifies and replays, also when it was
// killed in between.
func TestAManagerKeepsRecords(t *testing.T) {
	t.Cleanup(func() { explain(t) })
	must(t, shared.Govern(t.Context(), governed))
	must(t, shared.Client.Create(t.Context(), fixture.Policy("recorded",
		fixture.Defining("attack", fixture.NeededFrom("Internal")), fixture.Requiring("ASL-2", "attack"))))
	release := fixture.Release("m1", fixture.Governed("recorded"), fixture.Asking("Evaluation"))
	release.ObjectMeta = metav1.ObjectMeta{Namespace: governed, Name: "m1"}
	must(t, shared.Client.Create(t.Context(), release))
	reference := recorded(t, 1, "Evaluation")

	evaluate(t, "clear", 0.01)
	reference = recorded(t, reference.Sequence+1, "Evaluation")
	enforced(t)
	for _, exposure := range []string{"General", "Internal", "General", "Evaluation", "General"} {
		ask(t, exposure)
		reference = recorded(t, reference.Sequence+1, exposure)
	}
	must(t, shared.Kill(installation.Manager))
	must(t, shared.StartManager(t.Context()))
	ask(t, "Internal")
	reference = recorded(t, reference.Sequence+1, "Internal")
	evaluate(t, "failing", 0.9)
	recorded(t, reference.Sequence+1, "Evaluation")

	enforced(t)
	verified := scalegate(t, "audit", "verify", "-n", governed, "m1")
	if !strings.Contains(verified, "0 problems") {
		t.Errorf("verify:\n%s", verified)
	}
	if replayed := scalegate(t, "audit", "replay", "-n", governed, "m1"); !strings.Contains(replayed, "0 problems, 0 decisions not made again") {
		t.Errorf("replay:\n%s", replayed)
	}
}

// ask changes the exposure that the release asks for.
func ask(t *testing.T, exposure string) {
	t.Helper()
	must(t, retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		r := &v1alpha1.ModelRelease{}
		if err := shared.Client.Get(t.Context(), client.ObjectKey{Namespace: governed, Name: "m1"}, r); err != nil {
			return err
		}
		r.Spec.Exposure = exposure
		return shared.Client.Update(t.Context(), r)
	}))
}

// evaluate brings a result of the release's artifacts.
func evaluate(t *testing.T, name string, rate float64) {
	t.Helper()
	at := time.Now().UTC().Add(-time.Minute).Format(time.RFC3339)
	report := fmt.Sprintf(`{"version": 2, "status": "success",
 "eval": {"eval_id": %[1]q, "run_id": %[1]q, "created": %[3]q, "task": "attack", "model": "example/model", "dataset": {"samples": 100},
  "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3.140"}},
 "plan": {"steps": []},
 "results": {"total_samples": 100, "completed_samples": 100, "scores": [
  {"name": "scorer", "scorer": "scorer", "reducer": null, "scored_samples": 100, "unscored_samples": 0, "params": {},
   "metrics": {"attack": {"name": "attack", "value": %[2]v}}}]},
 "stats": {"started_at": %[3]q, "completed_at": %[3]q}}`, name, rate, at)
	must(t, shared.Client.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: governed, Name: name}, Data: map[string]string{"report.json": report},
	}))
	e := fixture.Evaluation(name, "attack", "0.1")
	made := &v1alpha1.SafetyEvaluation{ObjectMeta: metav1.ObjectMeta{Namespace: governed, Name: name}, Spec: e.Spec}
	made.Spec.Evaluator = ""
	made.Spec.Report = &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report.json"}}
	must(t, shared.Client.Create(t.Context(), made))
}

// recorded waits until the status of the release names such a record at least, and grants this.
func recorded(t *testing.T, sequence int64, granted string) v1alpha1.DecisionReference {
	t.Helper()
	r := &v1alpha1.ModelRelease{}
	eventually(t, func(ctx context.Context) error {
		if err := shared.Client.Get(ctx, client.ObjectKey{Namespace: governed, Name: "m1"}, r); err != nil {
			return err
		}
		if d := r.Status.Decision; d == nil || d.Sequence < sequence || r.Status.GrantedExposure != granted {
			return fmt.Errorf("record %v, granted %q; want number %d, and %q", d, r.Status.GrantedExposure, sequence, granted)
		}
		return nil
	})
	record := &v1alpha1.GateDecision{}
	must(t, shared.Client.Get(t.Context(), client.ObjectKey{Namespace: governed, Name: audit.Name("m1", r.Status.Decision.Sequence)}, record))
	if record.Spec.GrantedExposure != granted || record.Spec.Digest != r.Status.Decision.Digest || record.Spec.Engine != "dev" {
		t.Fatalf("the record says %+v", record.Spec)
	}
	return *r.Status.Decision
}

// enforced waits until the last record says since when it is enforced.
func enforced(t *testing.T) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		list := &v1alpha1.GateDecisionList{}
		if err := shared.Client.List(ctx, list, client.InNamespace(governed), client.MatchingFields{"spec.release": "m1"}); err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return errors.New("there is no record")
		}
		last := slices.MaxFunc(list.Items, func(a, b v1alpha1.GateDecision) int { return int(a.Spec.Sequence - b.Spec.Sequence) })
		if last.Status.EnforcedTime == nil {
			return fmt.Errorf("%s is not enforced", last.Name)
		}
		return nil
	})
}

// scalegate runs the program as a person does, and returns what it printed.
func scalegate(t *testing.T, args ...string) string {
	t.Helper()
	binary, err := shared.Build(t.Context())
	must(t, err)
	kubeconfig := filepath.Join(t.TempDir(), "admin.kubeconfig")
	must(t, localcluster.WriteKubeconfig(kubeconfig, shared.Admin()))
	out, err := exec.CommandContext(t.Context(), binary, append(args, "--kubeconfig", kubeconfig)...).CombinedOutput()
	if err != nil {
		t.Errorf("scalegate %v: %v", args, err)
	}
	return string(out)
}

func eventually(t *testing.T, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatal(errors.Join(err, last))
	}
}

// explain shows what stood in the cluster when a test failed.
func explain(t *testing.T) {
	t.Helper()
	if !t.Failed() {
		return
	}
	for _, kinds := range []string{"modelreleases,safetyevaluations", "gatedecisions", "policyrevisions"} {
		out, err := shared.Kubectl(context.Background(), shared.Admin(), "get", kinds, "-n", governed, "-o", "wide")
		t.Logf("%s:\n%s %v", kinds, out, err)
	}
	if log, err := os.ReadFile(shared.LogPath(installation.Manager)); err == nil {
		t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-6000):])
	}
}
