// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/controllers/canary"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/test/installation"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestTheLifeOfAnInstallation installs the chart, holds and releases a model, upgrades, uninstalls and installs again. Each step
// stands on the one before.
func TestTheLifeOfAnInstallation(t *testing.T) {
	l := &life{before: earlierVersion(t), served: map[string]types.UID{}}
	var err error
	l.binary, err = shared.Build(t.Context())
	must(t, err)
	for _, step := range []struct {
		claim string
		do    func(*testing.T)
	}{
		{"an installation is complete, and its manager changes nothing of it", l.installs},
		{"a model is held until its evaluation is there, and another stays held", l.holdsAndReleases},
		{"an upgrade never lets anything through, and no manager undoes it", l.upgrades},
		{"what the versions of the chart do not share is added and taken away", l.addsAndRetires},
		{"every rendering is taken by an API server that is strict", l.takesEveryRendering},
		{"an upgrade that changes values alone meets no conflict", l.changesValues},
		{"after the manager put something back, an upgrade says so, and is forced", l.forces},
		{"an uninstalled chart leaves its kinds, and its manager cannot bring it back", l.uninstalls},
		{"what was held stays held, and what served goes on", l.leavesThingsAsTheyAre},
		{"a later installation takes the kinds over, and knows what was released", l.comesBack},
	} {
		if !t.Run(step.claim, step.do) {
			t.FailNow()
		}
	}
}

// life is what the steps hand on.
type life struct {
	// before is the version that is upgraded, and binary the manager of this one.
	before earlier
	binary string
	// manager is the name of the process that leads.
	manager string
	// served are the pods that ran, by the model.
	served map[string]types.UID
}

// manage starts a manager, under the account of the chart, that stands by until it leads.
func (l *life) manage(t *testing.T, process, binary string) {
	t.Helper()
	cfg, err := shared.ServiceAccount(t.Context(), installation.Namespace, installation.ServiceAccount)
	must(t, err)
	kubeconfig := filepath.Join(shared.Dir(), process+".kubeconfig")
	must(t, localcluster.WriteKubeconfig(kubeconfig, cfg))
	must(t, shared.Run(t.Context(), process, localcluster.Spec{Path: binary, MayEnd: true, Args: []string{
		"manager", "--kubeconfig", kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0",
		"--leader-elect", "--leader-election-namespace", installation.Namespace,
	}}))
	l.manager = process
}

// leads is nil when the manager acts. One that lost its lease on a busy machine has ended, and is started again, as a kubelet does.
func (l *life) leads(ctx context.Context) error {
	if !shared.Running(l.manager) {
		return errors.Join(errors.New("the manager has ended"), shared.Restart(ctx, l.manager))
	}
	lease := &coordinationv1.Lease{}
	if err := shared.Client.Get(ctx, client.ObjectKey{Namespace: installation.Namespace, Name: "scalegate.scalegate.dev"}, lease); err != nil {
		return err
	}
	if renewed := lease.Spec.RenewTime; renewed == nil || time.Since(renewed.Time) > 3*time.Second {
		return fmt.Errorf("the lease was renewed last at %v", renewed)
	}
	return nil
}

// guarded is nil when the leader says that the guards are in place.
func guarded(ctx context.Context) error {
	p := policy()
	if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(p), p); err != nil {
		return err
	}
	condition := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionGuarded)
	if condition == nil || condition.Status != metav1.ConditionTrue {
		return fmt.Errorf("the condition Guarded is %+v", condition)
	}
	return nil
}

// admissionObjects are those of Scalegate's that the cluster has.
func admissionObjects(ctx context.Context, t *testing.T) []guards.Object {
	t.Helper()
	var all []guards.Object
	for _, list := range []client.ObjectList{
		&admissionv1.ValidatingAdmissionPolicyList{}, &admissionv1.ValidatingAdmissionPolicyBindingList{},
		&admissionv1.MutatingAdmissionPolicyList{}, &admissionv1.MutatingAdmissionPolicyBindingList{},
	} {
		must(t, shared.Client.List(ctx, list))
		must(t, meta.EachListItem(list, func(o runtime.Object) error {
			if object, ok := o.(guards.Object); ok && strings.HasPrefix(object.GetName(), guards.Prefix) {
				all = append(all, object)
			}
			return nil
		}))
	}
	return all
}

// putBack are the admission objects that the canary wrote.
func putBack(ctx context.Context, t *testing.T) []string {
	t.Helper()
	var names []string
	for _, object := range admissionObjects(ctx, t) {
		if slices.ContainsFunc(object.GetManagedFields(), func(e metav1.ManagedFieldsEntry) bool { return e.Manager == canary.Owner }) {
			names = append(names, object.GetName())
		}
	}
	return names
}

func (l *life) installs(t *testing.T) {
	t.Helper()
	released := install(t, l.before.chart)
	if want := len(objects(t, released.Manifest)); want < 90 {
		t.Errorf("only %d objects", want)
	}
	eventually(t, func(ctx context.Context) error {
		return client.IgnoreAlreadyExists(shared.Client.Create(ctx, policy()))
	})
	l.manage(t, "earlier", l.before.binary)
	eventually(t, guarded)
	if names := putBack(t.Context(), t); len(names) > 0 {
		t.Errorf("the manager wrote %v", names)
	}
	size(t)
}

// size holds the release to what a Secret can store.
func size(t *testing.T) {
	t.Helper()
	var secrets corev1.SecretList
	must(t, shared.Client.List(t.Context(), &secrets, client.InNamespace(installation.Namespace), client.MatchingLabels{"owner": "helm"}))
	if len(secrets.Items) == 0 {
		t.Fatal("Helm stored nothing")
	}
	for _, secret := range secrets.Items {
		const most = 1 << 20
		if stored := len(secret.Data["release"]); stored == 0 || stored > most*3/4 {
			t.Errorf("Helm stored %d bytes in %s, and a Secret takes %d", stored, secret.Name, most)
		}
	}
}

func (l *life) holdsAndReleases(t *testing.T) {
	t.Helper()
	must(t, shared.Govern(t.Context(), serving))
	for _, name := range []string{"good", "unknown"} {
		must(t, shared.Client.Create(t.Context(), model(name)))
		must(t, shared.Client.Create(t.Context(), deployment(name)))
		must(t, isHeld(t.Context(), name))
	}
	evaluate(t, "good")
	eventually(t, func(ctx context.Context) error {
		pod, err := serves(ctx, "good")
		if err == nil {
			l.served["good"] = pod.UID
		}
		return err
	})
	must(t, isHeld(t.Context(), "unknown"))
}

func (l *life) upgrades(t *testing.T) {
	t.Helper()
	a := attempt(t, serving)
	eventually(t, func(context.Context) error { return a.each(20) })
	must(t, upgrade(t, loaded(t), false, nil))
	// The old leader has looked at the new objects, and told of them, before the new one comes.
	eventually(t, func(ctx context.Context) error {
		if err := guarded(ctx); err == nil || !strings.Contains(err.Error(), "left as it is until a manager of the version") {
			return fmt.Errorf("the old manager did not say what it found: %w", err)
		}
		return nil
	})
	old := l.manager
	l.manage(t, "current", l.binary)
	eventually(t, func(context.Context) error { return logged("current", "attempting to acquire leader lease") })
	must(t, shared.Terminate(old))
	eventually(t, guarded)
	tried := a.sofar()
	eventually(t, func(context.Context) error { return a.beyond(tried, 20) })
	must(t, a.end())
	if names := putBack(t.Context(), t); len(names) > 0 {
		t.Errorf("a manager wrote %v", names)
	}
	pod, err := serves(t.Context(), "good")
	must(t, err)
	if pod.UID != l.served["good"] {
		t.Error("the pod that served was replaced")
	}
	must(t, isHeld(t.Context(), "unknown"))
	t.Logf("tried %v", a.sofar())
}

// each is nil when everything was tried so often.
func (a *attempts) each(times int) error { return a.beyond(map[string]int{}, times) }

// beyond is nil when everything was tried so often since.
func (a *attempts) beyond(since map[string]int, times int) error {
	made := a.sofar()
	if len(made) < 3 {
		return fmt.Errorf("only %d things were tried", len(made))
	}
	for claim, n := range made {
		if n < since[claim]+times {
			return fmt.Errorf("%s: tried %d times", claim, n)
		}
	}
	return nil
}

// logged is nil when the process wrote that.
func logged(process, text string) error {
	log, err := os.ReadFile(shared.LogPath(process))
	if err == nil && !strings.Contains(strings.ToLower(string(log)), strings.ToLower(text)) {
		err = fmt.Errorf("%s did not say %q", process, text)
	}
	return err
}

func (l *life) addsAndRetires(t *testing.T) {
	t.Helper()
	var names []string
	var all []*unstructured.Unstructured
	for _, object := range admissionObjects(t.Context(), t) {
		names = append(names, object.GetName())
		if policy, ok := object.(*admissionv1.ValidatingAdmissionPolicy); ok && strings.Contains(fmt.Sprint(policy.Spec.Validations), "'"+earlierWords+"'") {
			t.Errorf("%s speaks as before", policy.Name)
		}
		all = append(all, withoutType(t, object))
	}
	if !slices.Contains(names, added) || slices.Contains(names, retired) {
		t.Errorf("the cluster has %v", names)
	}
	cm := &corev1.ConfigMap{}
	must(t, shared.Client.Get(t.Context(), client.ObjectKey{Namespace: installation.Namespace, Name: guards.ParametersName}, cm))
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(cm)
	must(t, err)
	wouldChangeNothing(t, installation.Namespace, append(all, &unstructured.Unstructured{Object: content}))
}

// withoutType is a typed object as a manifest has it.
func withoutType(t *testing.T, object guards.Object) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	must(t, err)
	u := &unstructured.Unstructured{Object: content}
	id, ok := guards.IDOf(object)
	if !ok {
		t.Fatalf("%T is no admission object", object)
	}
	u.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind(id.Kind))
	return u
}

func (l *life) changesValues(t *testing.T) {
	t.Helper()
	must(t, upgrade(t, loaded(t), false, map[string]any{"commonLabels": map[string]any{"team": "safety"}}))
	for _, object := range admissionObjects(t.Context(), t) {
		if object.GetLabels()["team"] != "safety" {
			t.Errorf("%s has labels %v", object.GetName(), object.GetLabels())
		}
	}
	eventually(t, guarded)
}

func (l *life) forces(t *testing.T) {
	t.Helper()
	tampered := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "scalegate-guard-namespaces"}}
	patch := `[{"op":"replace","path":"/spec/validations/0/expression","value":"true"}]`
	must(t, shared.Client.Patch(t.Context(), tampered, client.RawPatch(types.JSONPatchType, []byte(patch))))
	eventually(t, func(ctx context.Context) error {
		if !slices.Contains(putBack(ctx, t), tampered.Name) {
			return errors.New("it was not put back")
		}
		return guarded(ctx)
	})
	err := upgrade(t, l.before.chart, false, nil)
	if err == nil || !strings.Contains(err.Error(), canary.Owner) || !strings.Contains(err.Error(), tampered.Name) {
		t.Fatalf("Helm said %v", err)
	}
	must(t, upgrade(t, loaded(t), true, nil))
	eventually(t, guarded)
}

func (l *life) uninstalls(t *testing.T) {
	t.Helper()
	eventually(t, l.leads)
	before, err := os.ReadFile(shared.LogPath(l.manager))
	must(t, err)
	said := uninstall(t)
	kept, err := os.ReadDir(filepath.Join(folder(), "resources", "crds"))
	must(t, err)
	if got := strings.Count(said, "CustomResourceDefinition"); got != len(kept) {
		t.Errorf("Helm names %d kinds of %d: %s", got, len(kept), said)
	}
	// The manager runs on for a while, as a pod does that was told to stop. It looks after the guards, and has no right to any more.
	eventually(t, func(context.Context) error {
		log, err := os.ReadFile(shared.LogPath(l.manager))
		if err == nil && !regexp.MustCompile(`"msg":"(Listing|Restoring)".* is forbidden`).Match(log[len(before):]) {
			err = fmt.Errorf("the manager, of which it is %t that it runs, did not look after the guards since:\n%s", shared.Running(l.manager), log[len(before):])
		}
		return err
	})
	for _, object := range admissionObjects(t.Context(), t) {
		t.Errorf("%s is there", object.GetName())
	}
	must(t, shared.Kill(l.manager))
	eventually(t, func(ctx context.Context) error {
		err := shared.Client.Get(ctx, client.ObjectKey{Name: canary.Namespace}, &corev1.Namespace{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("namespace %s is there: %w", canary.Namespace, err)
	})
}

func (l *life) leavesThingsAsTheyAre(t *testing.T) {
	t.Helper()
	must(t, isHeld(t.Context(), "unknown"))
	pod, err := serves(t.Context(), "good")
	must(t, err)
	if pod.UID != l.served["good"] {
		t.Error("the pod that served was replaced")
	}
	must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(model("good")), &v1alpha1.ModelRelease{}))
	must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(policy()), &v1alpha1.SafetyPolicy{}))
}

func (l *life) comesBack(t *testing.T) {
	t.Helper()
	install(t, loaded(t))
	l.manage(t, "again", l.binary)
	eventually(t, guarded)
	evaluate(t, "unknown")
	eventually(t, func(ctx context.Context) error { _, err := serves(ctx, "unknown"); return err })
	pod, err := serves(t.Context(), "good")
	must(t, err)
	if pod.UID != l.served["good"] {
		t.Error("the pod that served was replaced")
	}
	must(t, shared.Kill(l.manager))
}
