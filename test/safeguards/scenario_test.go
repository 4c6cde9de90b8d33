// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

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
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

const (
	// requirement is that of every policy here.
	requirement = "safeguard"
	releaseName = "m1"
	web         = "web"
	registry    = "registry.example/"
)

// scenario is a governed namespace with a policy that asks for one check, and a release under it.
type scenario struct {
	t  *testing.T
	ns string
	client.Client
}

func begin(t *testing.T, check v1alpha1.SafeguardCheck) *scenario {
	t.Helper()
	s := &scenario{t: t, ns: strings.ToLower(string(check.Type)), Client: shared.Client}
	t.Cleanup(s.explainFailure)
	s.must(shared.Govern(t.Context(), s.ns))
	s.must(s.Create(t.Context(), &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: s.ns},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures:    []v1alpha1.Exposure{{Name: "Internal"}, {Name: "General"}},
			Levels:       []v1alpha1.Level{{Name: "L1", Requires: []string{requirement}}},
			Requirements: []v1alpha1.Requirement{{Name: requirement, Check: &check}},
		},
	}))
	s.must(s.Create(t.Context(), &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: releaseName},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: s.ns, Model: v1alpha1.Model{Name: releaseName}, Level: "L1", Exposure: "General",
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: digest("weights")},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: digest("server")},
			},
		},
	}))
	return s
}

func digest(label string) v1alpha1.Digest {
	sum := sha256.Sum256([]byte(label))
	return v1alpha1.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

func image(label string) string { return registry + label + "@" + string(digest(label)) }

// restrictedContext is what the Pod Security Standard restricted asks of a container.
func restrictedContext() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		RunAsNonRoot: new(true), RunAsUser: new(int64(1000)), AllowPrivilegeEscalation: new(false),
		Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

// template is one that serves the release and breaks none of the checks.
func (s *scenario) template(app string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels:      map[string]string{"app": app, v1alpha1.LabelRelease: releaseName},
			Annotations: map[string]string{"kubernetes.io/egress-bandwidth": "8M"},
		},
		Spec: corev1.PodSpec{
			EnableServiceLinks: new(false), AutomountServiceAccountToken: new(false), TerminationGracePeriodSeconds: new(int64(0)),
			RuntimeClassName: new("sandboxed"),
			Containers: []corev1.Container{{
				Name: "server", Image: image("server"), SecurityContext: restrictedContext(),
				VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/model", ReadOnly: true}},
			}},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: image("weights")}}}},
		},
	}
}

// deployment makes one of that name; change, where it is given, adjusts its template before.
func (s *scenario) deployment(name string, replicas int32, change func(*corev1.PodTemplateSpec)) {
	s.t.Helper()
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}, Template: s.template(name),
		},
	}
	if change != nil {
		change(&d.Spec.Template)
	}
	s.must(s.Create(s.t.Context(), d))
}

// update changes an object as it is stored then.
func update[T client.Object](s *scenario, o T, change func(T)) {
	s.t.Helper()
	s.must(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := s.Get(s.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		change(o)
		return s.Update(s.t.Context(), o)
	}))
}

func (s *scenario) updateTemplate(change func(*corev1.PodTemplateSpec)) {
	s.t.Helper()
	update(s, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: web}}, func(d *appsv1.Deployment) { change(&d.Spec.Template) })
}

func (s *scenario) scale(replicas int32) {
	s.t.Helper()
	update(s, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: web}}, func(d *appsv1.Deployment) { d.Spec.Replicas = &replicas })
}

// label sets a label of the namespace; an empty value takes it away.
func (s *scenario) label(key, value string) {
	s.t.Helper()
	update(s, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}, func(ns *corev1.Namespace) {
		if ns.Labels[key] = value; value == "" {
			delete(ns.Labels, key)
		}
	})
}

// smuggle lets a pod in while the namespace is not governed, as one that ran there before.
func (s *scenario) smuggle(change func(*corev1.Pod)) {
	s.t.Helper()
	s.label(v1alpha1.LabelGate, "")
	t := s.template("before")
	pod := &corev1.Pod{ObjectMeta: t.ObjectMeta, Spec: t.Spec}
	pod.Namespace, pod.Name = s.ns, "before"
	change(pod)
	s.eventually(func(ctx context.Context) error {
		made := pod.DeepCopy()
		if err := s.Create(ctx, made); err != nil {
			return err
		}
		if len(made.Spec.SchedulingGates) > 0 {
			return errors.Join(errors.New("the pod is held still"), s.Delete(ctx, made))
		}
		return nil
	})
	s.label(v1alpha1.LabelGate, v1alpha1.GateEnforced)
	s.eventually(func(ctx context.Context) error {
		probe := pod.DeepCopy()
		probe.Name = "probe"
		if err := s.Create(ctx, probe, client.DryRunAll); err != nil || len(probe.Spec.SchedulingGates) == 0 {
			return errors.Join(err, errors.New("the gate does not act again yet"))
		}
		return nil
	})
}

// expel takes the pod away that was smuggled in.
func (s *scenario) expel() {
	s.t.Helper()
	s.must(s.Delete(s.t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "before"}}))
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
	var last error
	err := wait.PollUntilContextTimeout(s.t.Context(), 100*time.Millisecond, 90*time.Second, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		s.t.Fatal(errors.Join(err, last))
	}
}

func (s *scenario) count(ctx context.Context) (running, held int, err error) {
	list := &corev1.PodList{}
	err = s.List(ctx, list, client.InNamespace(s.ns), client.MatchingLabels{"app": web})
	for _, pod := range list.Items {
		switch {
		case pod.DeletionTimestamp != nil:
		case len(pod.Spec.SchedulingGates) > 0:
			held++
		case pod.Status.Phase == corev1.PodRunning:
			running++
		}
	}
	return running, held, err
}

// pods waits until so many of the Deployment web run and are held.
func (s *scenario) pods(running, held int) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		r, h, err := s.count(ctx)
		if err != nil || r != running || h != held {
			return errors.Join(err, fmt.Errorf("%d pods run and %d are held, want %d and %d", r, h, running, held))
		}
		return nil
	})
}

func (s *scenario) release(ctx context.Context) (*v1alpha1.ModelRelease, error) {
	r := &v1alpha1.ModelRelease{}
	return r, s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: releaseName}, r)
}

// ready waits until the release's Ready condition has this reason.
func (s *scenario) ready(reason string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		r, err := s.release(ctx)
		if err != nil {
			return err
		}
		c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Reason != reason || c.ObservedGeneration != r.Generation {
			return fmt.Errorf("the release is not %s: %+v", reason, c)
		}
		return nil
	})
}

// held waits until the status says of a workload that it is held for the safeguard. What the workload breaks by itself is
// said there and in an event, with all of that.
func (s *scenario) held(name string, says ...string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		r, err := s.release(ctx)
		if err != nil {
			return err
		}
		for _, w := range r.Status.Workloads {
			if w.Name != name {
				continue
			}
			if missing := lacks(w.Message, append(says, requirement)); w.Reason != v1alpha1.ReasonSafeguardNotInPlace || missing != "" {
				return fmt.Errorf("%s is held as %s: %q, and that does not say %q", name, w.Reason, w.Message, missing)
			}
			return s.told(ctx, says)
		}
		return fmt.Errorf("the status does not tell of %s: %+v", name, r.Status.Workloads)
	})
}

// broken waits until the release is held for the safeguard, and its status and an event say all of that about it.
func (s *scenario) broken(says ...string) {
	s.t.Helper()
	s.ready(v1alpha1.ReasonSafeguardNotInPlace)
	s.eventually(func(ctx context.Context) error {
		r, err := s.release(ctx)
		if err != nil {
			return err
		}
		c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady)
		if len(r.Status.Safeguards) != 1 || c == nil || !strings.Contains(c.Message, requirement) {
			return fmt.Errorf("safeguards %+v, Ready %+v", r.Status.Safeguards, c)
		}
		f := r.Status.Safeguards[0]
		if missing := lacks(f.Message, says); f.State != v1alpha1.SafeguardBroken || missing != "" {
			return fmt.Errorf("the safeguard is %s: %q, and that does not say %q", f.State, f.Message, missing)
		}
		return s.told(ctx, says)
	})
}

// lacks is the first of the parts that a text does not have; empty when it has all.
func lacks(text string, parts []string) string {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

// told looks for an event that says all of that.
func (s *scenario) told(ctx context.Context, says []string) error {
	var all eventsv1.EventList
	if err := s.List(ctx, &all, client.InNamespace(s.ns)); err != nil {
		return err
	}
	for _, e := range all.Items {
		said := e.Reason == v1alpha1.ReasonSafeguardNotInPlace && e.Regarding.Kind == "ModelRelease" && lacks(e.Note, says) == ""
		if said {
			return nil
		}
	}
	return fmt.Errorf("no event says %q", says)
}

// inPlace waits until the status has the safeguard so, with what it looked at and cannot see.
func (s *scenario) inPlace() {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		r, err := s.release(ctx)
		if err != nil {
			return err
		}
		if len(r.Status.Safeguards) == 1 {
			if f := r.Status.Safeguards[0]; f.State == v1alpha1.SafeguardInPlace && f.Message != "" && f.LookedAt != "" && f.CannotSee != "" && f.SinceTime != nil {
				return nil
			}
		}
		return fmt.Errorf("safeguards: %+v, want one that is in place", r.Status.Safeguards)
	})
}

// explainFailure shows what stood in the cluster when a test failed.
func (s *scenario) explainFailure() {
	if !s.t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "modelreleases", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name}: {.status}{\"\\n\"}{end}"},
		{"get", "deployments,replicasets,pods,networkpolicies,rolebindings", "-o", "wide"}, {"get", "events"},
		{"get", "policyrevisions"},
	} {
		out, err := shared.Kubectl(context.Background(), shared.Admin(), append(args, "-n", s.ns)...)
		s.t.Logf("kubectl %v: %s %v", args, out, err)
	}
	if log, err := os.ReadFile(shared.LogPath(installation.Manager)); err == nil {
		s.t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-6000):])
	}
}
