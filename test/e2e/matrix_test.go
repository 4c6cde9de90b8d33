// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// trigger is a row of the matrix in docs/reference/fleet.md: what is done while 4 pods of release m1 serve and 2 of m2, and
// what comes of it.
type trigger struct {
	name string
	// policy adjusts the policy, and release m1, before they are made.
	policy  func(*v1alpha1.SafetyPolicy)
	release func(*v1alpha1.ModelRelease)
	// evidence brings what is there before; nil brings one passing result. serving are the pods of m1 that then serve.
	evidence func(*scenario)
	serving  int
	// pull is the trigger.
	pull func(*scenario)
	// after is how many pods of m1 serve then.
	after int
	// kept: every pod that served before does still.
	kept bool
	// replaced: a pod that ends is replaced by one that serves.
	replaced bool
	// grows: of two pods more, so many serve.
	grows int
	// stuck: the rollout of the other release is held.
	stuck bool
	// afterwards is what becomes of it later; nil where nothing does.
	afterwards func(*scenario)
}

// columns of the matrix, in the order in which they are looked at.
func columns() []string { return []string{"RunningPods", "OtherRollout", "Restarts", "NewPods"} }

const (
	web, other = "web", "other"
	asked      = 4
)

func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, row := range triggers() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.run(t)
		})
	}
}

func (row trigger) run(t *testing.T) {
	t.Helper()
	s := begin(t, func(p *v1alpha1.SafetyPolicy) {
		if row.policy != nil {
			row.policy(p)
		}
	})
	s.release("m1", func(r *v1alpha1.ModelRelease) {
		if row.release != nil {
			row.release(r)
		}
	})
	s.release("m2", func(r *v1alpha1.ModelRelease) { r.Spec.Exposure = "Internal" })
	s.evaluate("other", "m2", 0.01, anHourAgo())
	if row.evidence == nil {
		row.evidence = func(s *scenario) { s.evaluate("first", "m1", 0.01, anHourAgo()) }
	}
	row.evidence(s)
	s.deployment(web, "m1", asked)
	s.deployment(other, "m2", 2)
	s.serving(other, 2)
	s.serving(web, row.serving)
	before, err := s.pods(t.Context(), web)
	s.must(err)
	row.pull(s)
	for _, column := range columns() {
		t.Run(column, func(t *testing.T) { row.look(s.in(t), column, before) })
	}
	if row.afterwards != nil {
		t.Run("Afterwards", func(t *testing.T) { row.afterwards(s.in(t)) })
	}
}

func (row trigger) look(s *scenario, column string, before []corev1.Pod) {
	s.t.Helper()
	switch column {
	case "RunningPods":
		s.serving(web, row.after)
		if row.kept {
			s.served(before)
		}
	case "OtherRollout":
		s.rollsOut(row.stuck)
		if row.kept {
			s.served(before)
		}
	case "Restarts":
		s.restart(row.after, row.replaced)
	case "NewPods":
		s.grow(row.grows)
	}
}

// served checks that each pod that served is there still, and is not about to go.
func (s *scenario) served(before []corev1.Pod) {
	s.t.Helper()
	for i := range before {
		if gated(before[i]) {
			continue
		}
		now := &corev1.Pod{}
		if err := s.Get(s.t.Context(), client.ObjectKeyFromObject(&before[i]), now); err != nil || now.DeletionTimestamp != nil {
			s.t.Errorf("pod %s that served goes: %v", before[i].Name, err)
		}
	}
}

// rollsOut gives the other release a new template, and sees it roll out, or be held with the old pods serving.
func (s *scenario) rollsOut(stuck bool) {
	s.t.Helper()
	d := object(&appsv1.Deployment{}, s.ns, other)
	patch := `{"spec":{"template":{"metadata":{"labels":{"build":"2"}}}}}`
	s.must(s.Patch(s.t.Context(), d, client.RawPatch(types.StrategicMergePatchType, []byte(patch))))
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, other)
		if err != nil {
			return err
		}
		for i := range pods {
			if rolled := pods[i].Labels["build"] == "2"; rolled == stuck {
				return fmt.Errorf("pod %s of the other release: new template %v", pods[i].Name, rolled)
			}
		}
		if !stuck {
			return nil
		}
		err = s.Get(ctx, client.ObjectKeyFromObject(d), d)
		if err == nil && d.Annotations[v1alpha1.AnnotationHeld] == "" {
			err = errors.New("the new template of the other release is not held")
		}
		return err
	})
	s.serving(other, 2)
}

// restart ends a pod, which serves where one does, and sees what takes its place.
func (s *scenario) restart(serve int, replaced bool) {
	s.t.Helper()
	pods, err := s.pods(s.t.Context(), web)
	s.must(err)
	victim := &pods[0]
	for i := range pods {
		if gated(*victim) && !gated(pods[i]) {
			victim = &pods[i]
		}
	}
	wasHeld := len(victim.Spec.SchedulingGates) > 0
	s.must(s.Delete(s.t.Context(), victim))
	s.eventually(s.gone(victim))
	if !replaced && !wasHeld {
		serve--
	}
	s.eventually(s.settled(web, serve, len(pods)-serve))
}

// grow asks for two pods more, and sees how many of them serve.
func (s *scenario) grow(serve int) {
	s.t.Helper()
	running, held, err := s.count(s.t.Context(), web)
	s.must(err)
	d := object(&appsv1.Deployment{}, s.ns, web)
	patch := fmt.Sprintf(`{"spec":{"replicas":%d}}`, running+held+2)
	s.must(s.Patch(s.t.Context(), d, client.RawPatch(types.MergePatchType, []byte(patch))))
	s.eventually(s.settled(web, running+serve, held+2-serve))
}

// settled checks that so many pods serve and are held, and that Scalegate looked at those that are held.
func (s *scenario) settled(app string, serve, hold int) func(context.Context) error {
	return func(ctx context.Context) error {
		running, held, err := s.count(ctx, app)
		if err != nil || running != serve || held != hold {
			return errors.Join(err, fmt.Errorf("%d pods of %s serve and %d are held, want %d and %d", running, app, held, serve, hold))
		}
		return s.everyHoldIsExplained(ctx)
	}
}

// everyHoldIsExplained checks that each held pod says why, and that its release and an event do.
func (s *scenario) everyHoldIsExplained(ctx context.Context) error {
	var pods corev1.PodList
	if err := s.List(ctx, &pods, client.InNamespace(s.ns)); err != nil {
		return err
	}
	return installation.HoldsExplained(ctx, s.Client, pods.Items)
}

// Every cell of the matrix is a test, and every test of it a cell.
func TestTheMatrixIsTheOneInTheDocs(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(installation.Root(), "docs", "reference", "fleet.md"))
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	rowName := regexp.MustCompile(`^\| \*\*([A-Za-z]+)\*\*`)
	for line := range strings.Lines(string(raw)) {
		if found := rowName.FindStringSubmatch(line); found != nil {
			documented = append(documented, found[1])
		}
		if strings.HasPrefix(line, "| Trigger |") {
			for _, column := range columns() {
				if !strings.Contains(line, "| "+column+" |") {
					t.Errorf("the docs have no column %s", column)
				}
			}
		}
	}
	tested := map[string]bool{"ManagerDead": true} // TestWithTheManagerKilled
	for _, row := range triggers() {
		tested[row.name] = true
	}
	for _, name := range documented {
		if !tested[name] {
			t.Errorf("row %s of the docs has no test", name)
		}
		delete(tested, name)
	}
	for name := range tested {
		t.Errorf("the docs have no row %s", name)
	}
}
