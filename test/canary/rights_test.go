// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/controllers/canary"
	"github.com/scalegate/scalegate/test/installation"
)

func touch(o client.Object) func(context.Context, client.Client) error {
	return func(ctx context.Context, c client.Client) error {
		return c.Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"touched":"yes"}}}`)), client.DryRunAll)
	}
}

func create(o client.Object) func(context.Context, client.Client) error {
	return func(ctx context.Context, c client.Client) error { return c.Create(ctx, o, client.DryRunAll) }
}

func remove(o client.Object) func(context.Context, client.Client) error {
	return func(ctx context.Context, c client.Client) error { return c.Delete(ctx, o, client.DryRunAll) }
}

func token(namespace, name string) func(context.Context, client.Client) error {
	return func(ctx context.Context, c client.Client) error {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		return c.SubResource("token").Create(ctx, account, &authenticationv1.TokenRequest{})
	}
}

func binding(name string) *admissionv1.ValidatingAdmissionPolicyBinding {
	return &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: "scalegate-warn-held", ValidationActions: []admissionv1.ValidationAction{admissionv1.Audit},
		},
	}
}

// The manager may write the admission objects of Scalegate, and become the canary: no more.
func TestTheManagerMayRestoreAndNoMore(t *testing.T) {
	begin(t)
	manager, err := shared.ControllerClient(t.Context())
	must(t, err)
	cfg, err := shared.ServiceAccount(t.Context(), installation.Namespace, installation.ServiceAccount)
	must(t, err)
	cfg.Impersonate.UserName = "system:serviceaccount:" + canary.Namespace + ":" + canary.Account
	posing, err := installation.Client(cfg)
	must(t, err)
	must(t, shared.Client.Create(t.Context(), binding("theirs")))
	t.Cleanup(func() { must(t, shared.Client.Delete(context.WithoutCancel(t.Context()), binding("theirs"))) })
	ours := "scalegate-admit-pods"
	for claim, row := range map[string]struct {
		as      client.Client
		try     func(context.Context, client.Client) error
		allowed bool
	}{
		"patches a policy of ours":     {manager, touch(&admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: ours}}), true},
		"patches a binding of ours":    {manager, touch(binding(ours)), true},
		"patches a binding of others":  {manager, touch(binding("theirs")), false},
		"makes a binding by create":    {manager, create(binding("scalegate-another")), false},
		"deletes a policy of ours":     {manager, remove(&admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: ours}}), false},
		"deletes a binding of ours":    {manager, remove(binding(ours)), false},
		"makes a mutating policy":      {manager, create(&admissionv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "scalegate-another"}}), false},
		"changes its own rights":       {manager, touch(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: installation.Namespace, Name: installation.ServiceAccount}}), false},
		"changes the parameters":       {manager, touch(parameters()), false},
		"asks for the canary's token":  {manager, token(canary.Namespace, canary.Account), true},
		"asks for another token there": {manager, token(canary.Namespace, "default"), false},
		"asks for a token of its own":  {manager, token(installation.Namespace, installation.ServiceAccount), false},
		"impersonates the canary":      {posing, create(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: canary.Namespace, Name: "p"}}), false},
		"makes pods in the canary's namespace": {manager, create(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: canary.Namespace, Name: "p"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}},
		}), false},
	} {
		t.Run(claim, func(t *testing.T) { allowed(t, row.try(t.Context(), row.as), row.allowed) })
	}
	t.Run("applies a binding of another name", func(t *testing.T) {
		err := manager.Patch(t.Context(), binding("scalegate-another"), client.RawPatch(types.ApplyPatchType,
			[]byte(`{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":{"name":"scalegate-another"},`+
				`"spec":{"policyName":"scalegate-warn-held","validationActions":["Audit"]}}`)), client.FieldOwner("test"), client.ForceOwnership, client.DryRunAll)
		allowed(t, err, false)
	})
}

// The canary may try in its own namespace: no more.
func TestTheCanaryMayTryInItsNamespaceOnly(t *testing.T) {
	begin(t)
	cfg, err := shared.ServiceAccount(t.Context(), canary.Namespace, canary.Account)
	must(t, err)
	acting, err := installation.Client(cfg)
	must(t, err)
	meta := func(namespace, name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name}
	}
	for claim, row := range map[string]struct {
		try     func(context.Context, client.Client) error
		allowed bool
	}{
		"patches its own namespace":   {touch(&corev1.Namespace{ObjectMeta: meta("", canary.Namespace)}), true},
		"patches another namespace":   {touch(&corev1.Namespace{ObjectMeta: meta("", "default")}), false},
		"deletes its own namespace":   {remove(&corev1.Namespace{ObjectMeta: meta("", canary.Namespace)}), false},
		"makes pods elsewhere":        {create(&corev1.Pod{ObjectMeta: meta("default", "p")}), false},
		"makes Deployments elsewhere": {create(&appsv1.Deployment{ObjectMeta: meta("default", "d")}), false},
		"patches the pod that stands": {touch(&corev1.Pod{ObjectMeta: meta(canary.Namespace, canary.Account)}), true},
		"patches another pod":         {touch(&corev1.Pod{ObjectMeta: meta(canary.Namespace, "other")}), false},
		"makes a release":             {create(&v1alpha1.ModelRelease{ObjectMeta: meta(canary.Namespace, "r")}), false},
		"reads Secrets": {func(ctx context.Context, c client.Client) error {
			return c.List(ctx, &corev1.SecretList{}, client.InNamespace(canary.Namespace))
		}, false},
		"asks for a token of its own":        {token(canary.Namespace, canary.Account), false},
		"patches an admission policy":        {touch(&admissionv1.ValidatingAdmissionPolicy{ObjectMeta: meta("", "scalegate-admit-pods")}), false},
		"deletes evidence that it submitted": {remove(&v1alpha1.SafetyEvaluation{ObjectMeta: meta(canary.Namespace, canary.Account)}), false},
	} {
		t.Run(claim, func(t *testing.T) { allowed(t, row.try(t.Context(), acting), row.allowed) })
	}
}

// Whoever may write ConfigMaps beside the manager does not decide what the policies say.
func TestParametersNeedBreakglass(t *testing.T) {
	begin(t)
	grant := func(user string, rules ...rbacv1.PolicyRule) client.Client {
		meta := metav1.ObjectMeta{Namespace: installation.Namespace, Name: user}
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"*"}})
		must(t, shared.Client.Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: rules}))
		must(t, shared.Client.Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
		}))
		c, err := shared.UserClient(user)
		must(t, err)
		eventually(t, func(ctx context.Context) error {
			return c.Get(ctx, client.ObjectKeyFromObject(parameters()), parameters())
		})
		return c
	}
	clerk := grant("clerk")
	safety := grant("safety", rbacv1.PolicyRule{
		APIGroups: []string{v1alpha1.Group}, Resources: []string{"configmaps"}, Verbs: []string{v1alpha1.VerbBreakglass},
	})
	other := parameters()
	other.Name = "other"
	for claim, row := range map[string]struct {
		as      client.Client
		try     func(context.Context, client.Client) error
		allowed bool
	}{
		"changes them without the verb":             {clerk, touch(parameters()), false},
		"deletes them without the verb":             {clerk, remove(parameters()), true},
		"makes another ConfigMap without the verb":  {clerk, create(other.DeepCopy()), true},
		"changes them with the verb":                {safety, touch(parameters()), true},
		"has them made by a name that is generated": {clerk, create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: installation.Namespace, GenerateName: "scalegate-"}}), true},
	} {
		t.Run(claim, func(t *testing.T) { allowed(t, row.try(t.Context(), row.as), row.allowed) })
	}
	t.Run("makes them anew without the verb", func(t *testing.T) {
		cm := parameters()
		must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(cm), cm))
		must(t, shared.Client.Delete(t.Context(), cm))
		cm.ResourceVersion, cm.UID = "", ""
		err := clerk.Create(t.Context(), cm.DeepCopy())
		must(t, shared.Client.Create(t.Context(), cm))
		allowed(t, err, false)
	})
}

// allowed fails the test unless the API server let the request through, or RBAC refused it.
func allowed(t *testing.T, err error, want bool) {
	t.Helper()
	if want && err != nil {
		t.Errorf("refused: %v", err)
	}
	if !want && !apierrors.IsForbidden(err) {
		t.Errorf("not refused: %v", err)
	}
}
