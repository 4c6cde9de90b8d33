// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/scalegate/scalegate/test/integrations/gitops/readings"
)

// quietRounds is how often in a row a tool compares everything while nothing changes, and before that is taken to be so.
const quietRounds = 10

// life is what happens to a model's objects in one namespace while a tool keeps them as Git has them.
type life struct {
	*syncer
	t    *testing.T
	repo repository
	// insists are objects that the tool is known to see as different while they are held.
	insists []string
}

func begin(t *testing.T, name string, s *syncer) *life {
	t.Helper()
	must(t, shared.Govern(t.Context(), name))
	s.applied = map[string]int{}
	l := &life{syncer: s, t: t, repo: repository{namespace: name, rate: "0.01", time: time.Now().Add(-time.Minute)}}
	t.Cleanup(l.explain)
	explained(t)
	return l
}

// explain shows what stood there when the test failed.
func (l *life) explain() {
	if !l.t.Failed() {
		return
	}
	out, err := shared.Kubectl(context.Background(), shared.Admin(), "get", "-n", l.repo.namespace, "--show-managed-fields", "-o", "yaml",
		"modelreleases,deployments,statefulsets")
	l.t.Logf("%s %v", out, err)
}

// settle reconciles until nothing differs, but what is known to, and nothing moves any more.
func (l *life) settle() {
	l.t.Helper()
	before, still := "", 0
	eventually(l.t, func(ctx context.Context) error {
		drifted, err := l.reconcile(ctx)
		if err != nil {
			return err
		}
		now := l.versions()
		if still++; now != before {
			still = 0
		}
		before = now
		if drifted = l.unknown(drifted); len(drifted) > 0 || still < quietRounds {
			return fmt.Errorf("%v differ; nothing moved for %d rounds", drifted, still)
		}
		return nil
	})
}

// unknown are those of the drifted objects that are not known to be seen as different.
func (l *life) unknown(drifted []string) []string {
	return slices.DeleteFunc(slices.Clone(drifted), func(k string) bool { return slices.Contains(l.insists, k) })
}

// versions are the resource versions of everything in Git, and of what it makes. Of a policy it is the generation: its conditions
// Guarded and Covered speak of the whole cluster, in which other tests act.
func (l *life) versions() string {
	var all []string
	for _, git := range l.git {
		is, err := live(l.t.Context(), l.client, git)
		must(l.t, err)
		version := is.GetResourceVersion()
		if git.GetKind() == "SafetyPolicy" {
			version = fmt.Sprint(is.GetGeneration())
		}
		all = append(all, key(git)+"@"+version, fmt.Sprintf("generation of %s: %d", key(git), is.GetGeneration()))
	}
	pods, err := l.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}).Namespace(l.repo.namespace).List(l.t.Context(), metav1.ListOptions{})
	must(l.t, err)
	for i := range pods.Items {
		all = append(all, key(&pods.Items[i])+"@"+pods.Items[i].GetResourceVersion())
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// quiet reconciles again and again: what differs is what is known to, nothing is written, nobody's fields change hands, and held
// stays held. What Scalegate still has to say of a change before, in the status of a release, it may say meanwhile, once.
func (l *life) quiet(held bool, differ ...string) {
	l.t.Helper()
	l.insists = differ
	l.settle()
	for said := false; ; said = true {
		before, owners := l.versions(), l.owners()
		l.rounds(held, differ)
		after := l.versions()
		if diff := cmp.Diff(owners, l.owners()); diff != "" {
			l.t.Fatalf("fields changed hands while nothing changed (-before +after):\n%s", diff)
		}
		if before == after {
			return
		}
		if diff := cmp.Diff(before, after); said || !ofReleases(before, after) {
			l.t.Fatalf("something was written while nothing changed (-before +after):\n%s", diff)
		}
	}
}

// ofReleases tells whether versions differ in those of releases alone.
func ofReleases(before, after string) bool {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	return !slices.ContainsFunc(append(slices.Clone(a), b...), func(line string) bool {
		return slices.Contains(a, line) != slices.Contains(b, line) && !strings.HasPrefix(line, "ModelRelease/")
	})
}

// rounds are those that quiet takes without a change, the last of them with what the snippet ignores where something differs.
func (l *life) rounds(held bool, differ []string) {
	l.t.Helper()
	for range quietRounds {
		drifted, err := l.reconcile(l.t.Context())
		must(l.t, err)
		slices.Sort(drifted)
		if diff := cmp.Diff(differ, drifted); diff != "" {
			l.t.Fatalf("what differs from Git (-want +got):\n%s", diff)
		}
		for _, name := range []string{"chat", "insisting"} {
			is, err := live(l.t.Context(), l.client, named(l.t, l.git, "Deployment", name))
			must(l.t, err)
			if paused, _, _ := unstructured.NestedBool(is.Object, "spec", "paused"); paused != held {
				l.t.Fatalf("Deployment %s is held: %v, want %v", name, paused, held)
			}
		}
	}
	if len(differ) == 0 {
		return
	}
	l.ignored = ignoredBySnippet(l.t)
	drifted, err := l.reconcile(l.t.Context())
	l.ignored = nil
	if err != nil || len(drifted) > 0 {
		l.t.Fatalf("with what the snippet ignores %v differ (%v)", drifted, err)
	}
}

// owners are the managers of the Deployments' fields, with the time and text of each entry.
func (l *life) owners() map[string][]metav1.ManagedFieldsEntry {
	all := map[string][]metav1.ManagedFieldsEntry{}
	for _, name := range []string{"chat", "insisting"} {
		is, err := live(l.t.Context(), l.client, named(l.t, l.git, "Deployment", name))
		must(l.t, err)
		all[name] = is.GetManagedFields()
	}
	return all
}

// running waits until so many pods of the app run, and so many are held.
func (l *life) running(app string, running, held int) {
	l.t.Helper()
	eventually(l.t, func(ctx context.Context) error {
		pods, err := l.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}).Namespace(l.repo.namespace).
			List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
		if err != nil {
			return err
		}
		var runs, gated int
		for _, pod := range pods.Items {
			gates, _, _ := unstructured.NestedSlice(pod.Object, "spec", "schedulingGates")
			phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
			switch {
			case len(gates) > 0:
				gated++
			case phase == "Running" && pod.GetDeletionTimestamp() == nil:
				runs++
			}
		}
		if runs != running || gated != held {
			return fmt.Errorf("%d pods of %s run and %d are held, want %d and %d", runs, app, gated, running, held)
		}
		return nil
	})
}

// finished waits until a Job is complete.
func (l *life) finished(name string) {
	l.t.Helper()
	eventually(l.t, func(ctx context.Context) error {
		is, err := live(ctx, l.client, named(l.t, l.git, "Job", name))
		if err != nil {
			return err
		}
		if at, _, _ := unstructured.NestedString(is.Object, "status", "completionTime"); at == "" {
			return fmt.Errorf("the Job has not completed: %v", is.Object["status"])
		}
		return nil
	})
}

// seen are the objects that a tool sees as different while they are held: when they are new, and when they were changed.
type seen struct{ new, changed []string }

// through is the whole of it: held, released, changed and held, back, and revoked.
func (l *life) through(held seen) {
	l.t.Helper()
	l.insists = held.changed
	l.git = l.repo.files(l.t, "policy", "release", "workloads")
	l.reconcileOnce()
	hasReason(l.t, l.client, release(l.repo.namespace), "EvidenceMissing")
	l.running("chat", 0, 0)
	l.running("store", 0, 2)
	l.quiet(true, held.new...)
	l.reads(map[string]status.Status{
		"Deployment/chat": status.InProgressStatus, "StatefulSet/store": status.InProgressStatus, "Job/batch": status.InProgressStatus,
		"ModelRelease/m1": status.InProgressStatus,
	})

	l.git = append(l.git, l.repo.files(l.t, "evidence")...)
	l.reconcileOnce()
	hasReason(l.t, l.client, release(l.repo.namespace), "Released")
	for _, app := range []string{"chat", "insisting", "store"} {
		l.running(app, 2, 0)
	}
	l.finished("batch")
	l.quiet(false)

	l.serveAt("--port=9000")
	l.reconcileOnce()
	hasReason(l.t, l.client, release(l.repo.namespace), "WorkloadMismatch")
	l.running("chat", 2, 0)
	l.quiet(true, held.changed...)
	l.reads(map[string]status.Status{
		"Deployment/chat": status.InProgressStatus, "StatefulSet/store": status.CurrentStatus, "ModelRelease/m1": status.FailedStatus,
	})

	l.serveAt("--port=8000")
	l.reconcileOnce()
	hasReason(l.t, l.client, release(l.repo.namespace), "Released")
	l.quiet(false)

	l.set(l.t, "ModelRelease", "m1", map[string]any{"severity": "Critical", "reason": "the weights leaked"}, "spec", "revocation")
	l.reconcileOnce()
	hasReason(l.t, l.client, release(l.repo.namespace), "Revoked")
	for _, app := range []string{"chat", "insisting", "store"} {
		l.running(app, 0, 2)
	}
	l.quiet(false)
	l.ownsNothingOfOurs()
	l.recordsAreComplete()
	if l.looked < 300 {
		l.t.Errorf("only %d objects were compared", l.looked)
	}
	l.t.Logf("%d objects were compared; applied: %v", l.looked, l.applied)
}

func (l *life) reconcileOnce() {
	l.t.Helper()
	_, err := l.reconcile(l.t.Context())
	must(l.t, err)
}

// serveAt changes in Git how every workload but the Job runs the server. The release declares the port 8000.
func (l *life) serveAt(port string) {
	l.t.Helper()
	for _, git := range l.git {
		if git.GetKind() != "Deployment" && git.GetKind() != "StatefulSet" {
			continue
		}
		containers, _, err := unstructured.NestedSlice(git.Object, "spec", "template", "spec", "containers")
		must(l.t, err)
		first, ok := containers[0].(map[string]any)
		if !ok {
			l.t.Fatalf("%v is no container", containers[0])
		}
		first["args"] = []any{"--model=/models", port}
		l.set(l.t, git.GetKind(), git.GetName(), containers, "spec", "template", "spec", "containers")
	}
}

// reads checks what kstatus says of objects, as docs/gitops.md has it of held workloads.
func (l *life) reads(want map[string]status.Status) {
	l.t.Helper()
	got := map[string]status.Status{}
	for _, git := range l.git {
		if _, asked := want[key(git)]; !asked {
			continue
		}
		is, err := live(l.t.Context(), l.client, git)
		must(l.t, err)
		got[key(git)], err = readings.KStatus(is)
		must(l.t, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("what kstatus says (-want +got):\n%s", diff)
	}
}

// recordsAreComplete checks that the records which Scalegate made meanwhile are waited for by nobody.
func (l *life) recordsAreComplete() {
	l.t.Helper()
	decisions := schema.GroupVersionResource{Group: "scalegate.dev", Version: "v1alpha1", Resource: "gatedecisions"}
	list, err := l.client.Resource(decisions).Namespace(l.repo.namespace).List(l.t.Context(), metav1.ListOptions{})
	must(l.t, err)
	if len(list.Items) < 2 {
		l.t.Fatalf("there are %d records of decisions", len(list.Items))
	}
	for i := range list.Items {
		is, err := readings.KStatus(&list.Items[i])
		must(l.t, err)
		health, err := readings.ArgoCD(string(config(l.t, "argocd", "health.lua")), &list.Items[i])
		must(l.t, err)
		if is != status.CurrentStatus || health.Status != "Healthy" {
			l.t.Errorf("GateDecision %s reads as %s and %s", list.Items[i].GetName(), is, health.Status)
		}
	}
}

// ownsNothingOfOurs checks who owns what at the end: the tool owns nothing that it does not have in Git, and Scalegate
// owns nothing of the spec that the tool has there.
func (l *life) ownsNothingOfOurs() {
	l.t.Helper()
	var errs []error
	for _, entry := range l.owners()["chat"] {
		fields := entry.FieldsV1.GetRawString()
		switch {
		case entry.Manager == l.manager && strings.Contains(fields, "f:paused"):
			errs = append(errs, fmt.Errorf("%s owns spec.paused of chat: %s", entry.Manager, fields))
		case entry.Manager == "scalegate" && (strings.Contains(fields, "f:template") || strings.Contains(fields, "f:replicas")):
			errs = append(errs, fmt.Errorf("scalegate owns what Git has: %s", fields))
		}
	}
	if err := errors.Join(errs...); err != nil {
		l.t.Error(err)
	}
}

func TestFluxKeepsAModelAsGitHasIt(t *testing.T) {
	t.Parallel()
	begin(t, "flux", &syncer{client: shared.as(t, "kustomize-controller"), manager: "kustomize-controller", differs: dryRun}).through(seen{})
}

// Where Git says paused: false of a held Deployment, Argo CD sees no difference: a field with its zero value is not compared. A
// partition that Git sets is, so it sees that of a StatefulSet whose new template is held, and whatever it applies changes nothing.
func TestArgoCDKeepsAModelAsGitHasIt(t *testing.T) {
	t.Parallel()
	begin(t, "argo", &syncer{client: shared.as(t, "argocd"), manager: "argocd-controller", differs: both}).
		through(seen{changed: []string{"StatefulSet/insisting"}})
}

// A tool that insists on paused: false to the letter sees a difference for as long as the hold lasts, and whatever it applies
// changes nothing. With the field ignored, as config/argocd/ignore-differences.yaml does, it sees none.
func TestAToolThatInsistsFightsNobody(t *testing.T) {
	t.Parallel()
	begin(t, "insisting", &syncer{client: shared.as(t, "insisting"), manager: "insisting", differs: toTheLetter}).through(seen{
		new: []string{"Deployment/insisting"}, changed: []string{"Deployment/insisting", "StatefulSet/insisting"},
	})
}
