// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// definitions are the kinds of Scalegate, by the name of their definition, with what shows that the manager has noticed
// that one is gone. Nothing is decided about releases without any of them but the last.
func definitions() []definition {
	return []definition{
		{"modelreleases", func(s *scenario) { s.withdrawn("good") }},
		{"safetypolicies", func(s *scenario) { s.is("good", v1alpha1.ConditionReady, v1alpha1.ReasonPolicyNotFound) }},
		{"safetyevaluations", func(s *scenario) { s.blind("listing evaluations of " + s.ns) }},
		{"adversefindings", func(s *scenario) { s.blind("listing findings") }},
		{"evaluationsuites", nil},
	}
}

type definition struct {
	name    string
	noticed func(*scenario)
}

// Somebody with the verb breakglass deletes the definition of one of Scalegate's kinds after another, and all objects of
// the kind with it. Nothing opens, nothing is removed. Once it is back, and what people declared with it, all goes on.
func TestDefinitionsAreDeleted(t *testing.T) {
	s := begin(t, managed.alone(t))
	s.must(s.declare(t.Context()))
	s.deployment("web", "good", 2)
	s.counts("web", 2, 0)
	s.must(s.Create(t.Context(), s.pod("held", "waiting")))
	s.deployment("failed", "failed", 1)
	s.is("failed", v1alpha1.ConditionReady, v1alpha1.ReasonAdverseFinding)
	saw := s.watch()
	for _, d := range definitions() {
		t.Run(d.name, func(t *testing.T) {
			s := s.in(t)
			crd := d.name + ".scalegate.dev"
			s.kubectl("delete", "crd", crd, "--timeout=60s")
			s.whileGone(d)
			s.kubectl("apply", "--server-side", "--force-conflicts", "-f", definitionFile(d.name))
			s.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/"+crd)
			s.eventually(func(ctx context.Context) error { return s.declare(ctx) })
			s.is("good", v1alpha1.ConditionReady, v1alpha1.ReasonReleased)
			s.is("failed", v1alpha1.ConditionReady, v1alpha1.ReasonAdverseFinding)
			s.counts("new-"+d.name, 1, 0)
			s.counts("web", 2, 0)
			for _, release := range []string{"waiting", "failed"} {
				saw.nothing(t, release)
			}
			if removed := saw.removedOf("good"); len(removed) > 0 {
				t.Errorf("removed: %v", removed)
			}
		})
	}
}

// whileGone makes a Deployment of the good release, and a pod of the failed one: both are held, and stay so.
func (s *scenario) whileGone(d definition) {
	s.t.Helper()
	name := "new-" + d.name
	s.deployment(name, "good", 1)
	late := s.pod("late-"+d.name, "failed")
	s.must(s.Create(s.t.Context(), late))
	if !isHeld(late) {
		s.t.Error("a pod of the failed release is not held")
	}
	if d.noticed == nil {
		return
	}
	d.noticed(s)
	made := &appsv1.Deployment{}
	s.must(s.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, made))
	if made.Annotations[v1alpha1.AnnotationHeld] == "" || !made.Spec.Paused {
		s.t.Errorf("the Deployment is not held: paused %v, annotations %v", made.Spec.Paused, made.Annotations)
	}
}

// blind waits until the manager has found that it cannot read what it needs; or that, in the moment before, it read that
// there is none.
func (s *scenario) blind(complaint string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		log, err := os.ReadFile(s.bed.LogPath(installation.Manager))
		if err != nil || strings.Contains(string(log), complaint) {
			return err
		}
		if _, ok, err := s.cleared(ctx, "good"); err != nil || ok {
			return errors.Join(err, fmt.Errorf("the manager does not complain of %q", complaint))
		}
		return nil
	})
}

// withdrawn waits until a release has no clearance.
func (s *scenario) withdrawn(release string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		if c, ok, err := s.cleared(ctx, release); err != nil || ok {
			return errors.Join(err, fmt.Errorf("release %s is cleared: %v", release, c))
		}
		return nil
	})
}

// declare makes what is not there of three releases: a good one, one without evidence, and one that failed.
func (s *scenario) declare(ctx context.Context) error {
	var errs []error
	for _, release := range []string{"good", "waiting", "failed"} {
		errs = append(errs, client.IgnoreAlreadyExists(s.Create(ctx, s.newRelease(release))))
	}
	errs = append(errs, client.IgnoreAlreadyExists(s.Create(ctx, s.newPolicy())),
		s.tryEvaluate(ctx, "good", "good", inspectLog(s.ns+"/good", 0.01, anHourAgo())),
		s.tryEvaluate(ctx, "failed", "failed", inspectLog(s.ns+"/failed", 0.9, anHourAgo())))
	return errors.Join(errs...)
}

// kubectl runs kubectl as cluster admin.
func (s *scenario) kubectl(args ...string) {
	s.t.Helper()
	out, err := s.bed.Kubectl(s.t.Context(), s.bed.Admin(), args...)
	if err != nil {
		s.t.Fatal(err, string(out))
	}
}

// definitionFile is the file of the definition of a kind.
func definitionFile(kind string) string {
	return filepath.Join(installation.Root(), "config", "crd", "bases", "scalegate.dev_"+kind+".yaml")
}
