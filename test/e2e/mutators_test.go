// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/test/bypass/meddling"
)

// proxy is the container that the injecting webhook puts into every pod.
func proxy() corev1.Container {
	return corev1.Container{Name: "mesh", Image: "registry.example/mesh@" + string(digest("mesh"))}
}

// injectProxy installs a webhook that adds the proxy to every pod of the scenario.
func (s *scenario) injectProxy() {
	s.t.Helper()
	if shared.External() {
		s.t.Skip("the API server of an external cluster does not reach the test's webhook")
	}
	s.install(meddling.Webhook(s.t, meddling.Target{Namespace: s.ns, Resource: "pods"},
		meddling.Patch{Op: "add", Path: "/spec/containers/-", Value: proxy()}))
}

// swapArguments installs a policy that changes what the server of one app is started with, and
// returns once it does.
func (s *scenario) swapArguments(app string) (remove func()) {
	s.t.Helper()
	expression := fmt.Sprintf(`object.metadata.?labels[?"app"].orValue("") == %q && size(object.spec.containers) == 1
		? [JSONPatch{op: "add", path: "/spec/containers/0/args", value: ["--model=/elsewhere", "--port=8000"]}] : []`, app)
	objects := meddling.Policy(meddling.Target{Namespace: s.ns, Resource: "pods"}, expression)
	s.install(objects...)
	s.eventually(func(ctx context.Context) error {
		probe := &corev1.Pod{Spec: s.template("m1", app).Spec}
		probe.Namespace, probe.GenerateName, probe.Labels = s.ns, "probe-", s.template("m1", app).Labels
		if err := s.Create(ctx, probe, client.DryRunAll); err != nil {
			return err
		}
		if probe.Spec.Containers[0].Args[0] != "--model=/elsewhere" {
			return errors.New("the arguments of the probe are not swapped yet")
		}
		return nil
	})
	return func() {
		for _, o := range objects {
			s.must(client.IgnoreNotFound(s.Delete(context.WithoutCancel(s.t.Context()), o)))
		}
	}
}

func (s *scenario) install(objects ...client.Object) {
	s.t.Helper()
	for _, o := range objects {
		s.must(s.Create(s.t.Context(), o))
		s.t.Cleanup(func() {
			if err := s.Delete(context.WithoutCancel(s.t.Context()), o); client.IgnoreNotFound(err) != nil {
				s.t.Error(err)
			}
		})
	}
}

// cleared waits until the clearance of m1 has this mode, with owners or without.
func (s *scenario) cleared(mode clearance.Mode) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		ns := &corev1.Namespace{}
		if err := s.Get(ctx, client.ObjectKey{Name: s.ns}, ns); err != nil {
			return err
		}
		c, err := clearance.Parse(ns.Annotations[clearance.Key("m1")])
		if err == nil && (c.Mode != mode || (mode == clearance.Free) != (len(c.Owners) > 0)) {
			err = fmt.Errorf("the clearance is %s with %d owners, want it %s", c.Mode, len(c.Owners), mode)
		}
		return err
	})
}

// notEnforced waits until the release's condition Enforced gives this reason and names all of these.
func (s *scenario) notEnforced(release, reason string, names ...string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: release}, r); err != nil {
			return err
		}
		c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionEnforced)
		if c == nil || c.Reason != reason {
			return fmt.Errorf("want Enforced with reason %s, got %+v", reason, c)
		}
		for _, name := range names {
			if !strings.Contains(c.Message, name) {
				return fmt.Errorf("want %q in the message: %s", name, c.Message)
			}
		}
		return nil
	})
}

func TestAnInjectedContainerWithoutACompanion(t *testing.T) {
	s := begin(t)
	s.injectProxy()
	s.release("m1")
	s.evaluate("good", "m1", 0.01, time.Now().Add(-time.Hour))
	s.deployment("web", "m1", 2)
	s.heldPods("web", 2)
	s.notEnforced("m1", v1alpha1.ReasonWorkloadMismatch, "spec.containers[mesh]")
	s.cleared(clearance.Counted)
}

func TestAnInjectedContainerWithItsCompanion(t *testing.T) {
	s := begin(t, func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Companions = []v1alpha1.Companion{{Name: proxy().Name, Image: proxy().Image}}
		p.Spec.TrustedMutators = []string{meddling.Name(p.Name)}
	})
	s.injectProxy()
	s.release("m1")
	s.evaluate("good", "m1", 0.01, time.Now().Add(-time.Hour))
	s.deployment("web", "m1", 2)
	s.serving("web", 2)
	s.cleared(clearance.Free)

	pods, err := s.pods(t.Context(), "web")
	s.must(err)
	s.must(s.Delete(t.Context(), &pods[0]))
	s.serving("web", 2)
	pods, err = s.pods(t.Context(), "web")
	s.must(err)
	for _, pod := range pods {
		if len(pod.Spec.Containers) != 2 || pod.Spec.Containers[1].Name != proxy().Name {
			t.Errorf("pod %s has no proxy: %+v", pod.Name, pod.Spec.Containers)
		}
	}
}

func TestASwappedArgumentIsHeldWhereItsMutatorIsNotTrusted(t *testing.T) {
	s := begin(t)
	s.release("m1")
	s.evaluate("good", "m1", 0.01, time.Now().Add(-time.Hour))
	s.ready("m1", v1alpha1.ReasonReleased)
	s.swapArguments("swapped")
	s.deployment("plain", "m1", 2)
	s.deployment("swapped", "m1", 2)
	s.serving("plain", 2)
	s.heldPods("swapped", 2)
	s.notEnforced("m1", v1alpha1.ReasonWorkloadMismatch, "Deployment swapped", "args")
	s.cleared(clearance.Counted)
}

func TestAPodSwappedByATrustedMutatorIsRemoved(t *testing.T) {
	s := begin(t, func(p *v1alpha1.SafetyPolicy) { p.Spec.TrustedMutators = []string{meddling.Name(p.Name)} })
	s.release("m1")
	s.evaluate("good", "m1", 0.01, time.Now().Add(-time.Hour))
	s.deployment("web", "m1", 2)
	s.serving("web", 2)
	s.cleared(clearance.Free)

	remove := s.swapArguments("web")
	pods, err := s.pods(t.Context(), "web")
	s.must(err)
	s.must(s.Delete(t.Context(), &pods[0]))
	s.eventually(func(ctx context.Context) error {
		list := &eventsv1.EventList{}
		if err := s.List(ctx, list, client.InNamespace(s.ns)); err != nil {
			return err
		}
		for _, e := range list.Items {
			if e.Regarding.Kind == "Pod" && e.Reason == v1alpha1.ReasonWorkloadMismatch && strings.Contains(e.Note, "differs from the cleared owner") {
				return nil
			}
		}
		return errors.New("no event says that a swapped pod was removed")
	})
	// Its successor is born held, and stays so: nothing is removed again and again.
	s.eventually(s.held("web", 1))
	s.serving("web", 1)
	remove()
	// Pods that were made before the mutator was gone everywhere have to go as well.
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, "web")
		serving := 0
		for i := range pods {
			switch pod := &pods[i]; {
			case pod.DeletionTimestamp != nil:
			case pod.Spec.Containers[0].Args[0] != "--model=/models":
				err = errors.Join(err, client.IgnoreNotFound(s.Delete(ctx, pod)))
			case pod.Status.Phase == corev1.PodRunning:
				serving++
			}
		}
		if err == nil && serving != 2 {
			err = fmt.Errorf("%d pods serve what is declared, want 2", serving)
		}
		return err
	})
}
