// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// refusedStatically is what the static manifests say.
const refusedStatically = "by members of the group scalegate:breakglass"

// fortress is a control plane whose API server loads config/static.
type fortress struct {
	*localcluster.Cluster
	// admin may do everything, and is in no other group. breaker is in the break-glass group too.
	admin, breaker, controller client.Client
	breakglass                 *rest.Config
}

// build starts the control plane, and installs the admission objects as the break-glass group.
func build(t *testing.T) fortress {
	t.Helper()
	file := filepath.Join(t.TempDir(), "admission.yaml")
	static := filepath.Join(installation.Root(), "config", "static")
	shipped, err := os.ReadFile(filepath.Join(static, "admission-configuration.yaml"))
	must(t, err)
	there := strings.Replace(string(shipped), "/etc/kubernetes/scalegate", filepath.Join(static, "policies"), 1)
	must(t, os.WriteFile(file, []byte(there), 0o600))
	f := fortress{}
	f.Cluster, err = localcluster.Start(t.Context(), localcluster.Options{Output: os.Stderr, Args: map[string][]string{
		localcluster.APIServer: {"--admission-control-config-file=" + file},
	}})
	must(t, err)
	t.Cleanup(func() { must(t, f.Stop()) })
	f.admin, err = installation.Client(f.Admin())
	must(t, err)
	f.breakglass, err = f.User("fire-brigade", "system:masters", "scalegate:breakglass")
	must(t, err)
	f.breaker, err = installation.Client(f.breakglass)
	must(t, err)
	must(t, f.admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: installation.Namespace}}))
	for _, folder := range []string{"admission", "rbac", "canary"} {
		must(t, f.install(t.Context(), f.breakglass, folder))
	}
	cfg, err := f.ServiceAccount(t.Context(), installation.Namespace, installation.ServiceAccount)
	must(t, err)
	f.controller, err = installation.Client(cfg)
	must(t, err)
	return f
}

func (f fortress) install(ctx context.Context, cfg *rest.Config, folder string) error {
	_, err := f.Kubectl(ctx, cfg, "apply", "--server-side", "--force-conflicts", "-k", filepath.Join(installation.Root(), "config", folder))
	return err
}

func TestStaticManifestsGuardTheGuards(t *testing.T) {
	if shared.External() {
		t.Skip("static manifests are files beside the API server")
	}
	f := build(t)
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
	const ours = "scalegate-admit-pods"
	policy := func() client.Object { return &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: named(ours)} }
	bound := func(name, policy string) *admissionv1.ValidatingAdmissionPolicyBinding {
		b := binding(name)
		b.Spec.PolicyName = policy
		return b
	}
	generated := bound("", "theirs")
	generated.GenerateName = "scalegate-"
	webhook := func(name string) client.Object {
		return &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: named(name)}
	}
	must(t, f.breaker.Create(t.Context(), webhook("scalegate")))
	must(t, f.admin.Create(t.Context(), webhook("theirs")))
	must(t, f.admin.Create(t.Context(), bound("theirs", "theirs")))
	all := func(o client.Object) func(context.Context, client.Client) error {
		return func(ctx context.Context, c client.Client) error { return c.DeleteAllOf(ctx, o, client.DryRunAll) }
	}
	rebind := func(name, policy string) func(context.Context, client.Client) error {
		return func(ctx context.Context, c client.Client) error {
			return c.Patch(ctx, binding(name), client.RawPatch(types.MergePatchType, []byte(`{"spec":{"policyName":"`+policy+`"}}`)), client.DryRunAll)
		}
	}
	for claim, row := range map[string]struct {
		as      client.Client
		try     func(context.Context, client.Client) error
		refused bool
	}{
		"a cluster admin deletes a policy":                         {f.admin, remove(policy()), true},
		"a cluster admin deletes a binding":                        {f.admin, remove(binding(ours)), true},
		"a cluster admin deletes a mutating policy":                {f.admin, remove(&admissionv1.MutatingAdmissionPolicy{ObjectMeta: named("scalegate-hold-pods")}), true},
		"a cluster admin deletes a mutating binding":               {f.admin, remove(&admissionv1.MutatingAdmissionPolicyBinding{ObjectMeta: named("scalegate-hold-pods")}), true},
		"a cluster admin deletes the webhook's configuration":      {f.admin, remove(webhook("scalegate")), true},
		"a cluster admin deletes all policies at once":             {f.admin, all(&admissionv1.ValidatingAdmissionPolicy{}), true},
		"a cluster admin changes a policy":                         {f.admin, touch(policy()), true},
		"a cluster admin changes a binding":                        {f.admin, touch(binding(ours)), true},
		"a cluster admin changes the webhook's configuration":      {f.admin, touch(webhook("scalegate")), true},
		"a cluster admin binds a policy of ours once more":         {f.admin, create(bound("x", "scalegate-warn-held")), true},
		"a cluster admin lets another binding bind ours":           {f.admin, rebind("theirs", "scalegate-warn-held"), true},
		"a cluster admin takes our binding to another policy":      {f.admin, rebind(ours, "theirs"), true},
		"a cluster admin makes an object that looks like ours":     {f.admin, create(bound("scalegate-x", "theirs")), true},
		"a cluster admin has the name made up":                     {f.admin, create(generated), true},
		"a cluster admin changes the parameters":                   {f.admin, touch(parameters()), true},
		"a cluster admin changes another binding":                  {f.admin, touch(binding("theirs")), false},
		"a cluster admin makes another binding":                    {f.admin, create(bound("x", "theirs")), false},
		"a cluster admin deletes another binding":                  {f.admin, remove(binding("theirs")), false},
		"a cluster admin changes another webhook's configuration":  {f.admin, touch(webhook("theirs")), false},
		"a cluster admin makes a ConfigMap":                        {f.admin, create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: installation.Namespace, Name: "c"}}), false},
		"the controller changes a binding of ours":                 {f.controller, touch(binding(ours)), false},
		"the break-glass group deletes a policy":                   {f.breaker, remove(policy()), false},
		"the break-glass group changes a binding":                  {f.breaker, touch(binding(ours)), false},
		"the break-glass group changes the webhook's":              {f.breaker, touch(webhook("scalegate")), false},
		"the break-glass group changes the parameters":             {f.breaker, touch(parameters()), false},
		"the break-glass group makes an object that looks like us": {f.breaker, create(bound("scalegate-x", "theirs")), false},
	} {
		t.Run(claim, func(t *testing.T) {
			err := row.try(t.Context(), row.as)
			switch {
			case !row.refused && err != nil:
				t.Errorf("refused: %v", err)
			case row.refused && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), refusedStatically)):
				t.Errorf("not refused by the static manifests: %v", err)
			}
		})
	}
	t.Run("the controller puts back what the break-glass group deleted", func(t *testing.T) { f.controllerRestores(t) })
	t.Run("an upgrade needs the break-glass group", func(t *testing.T) {
		if err := f.install(t.Context(), f.Admin(), "admission"); err == nil || !strings.Contains(err.Error(), refusedStatically) {
			t.Errorf("a cluster admin's: %v", err)
		}
		must(t, f.install(t.Context(), f.breakglass, "admission"))
	})
}

func (f fortress) controllerRestores(t *testing.T) {
	t.Helper()
	must(t, f.breaker.Delete(t.Context(), binding("scalegate-guard-pods")))
	must(t, f.controller.Patch(t.Context(), binding("scalegate-guard-pods"), client.RawPatch(types.ApplyPatchType,
		[]byte(`{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":{"name":"scalegate-guard-pods"},`+
			`"spec":{"policyName":"scalegate-guard-pods","validationActions":["Deny"]}}`)), client.FieldOwner("scalegate-canary"), client.ForceOwnership))
}
