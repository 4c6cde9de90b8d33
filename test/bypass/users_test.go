// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// Kinds of subjects.
const (
	rbacUser           = "User"
	rbacServiceAccount = "ServiceAccount"
)

// identity acts as somebody by impersonation.
func identity(t *testing.T, user string, groups ...string) client.Client {
	t.Helper()
	c, err := shared.as(user, groups...)
	must(t, err)
	return c
}

// ours acts as Scalegate's controller with every right, so that the policies alone decide.
func ours(t *testing.T) client.Client {
	t.Helper()
	return identity(t, "system:serviceaccount:"+installation.Namespace+":"+installation.ServiceAccount, "system:masters")
}

func clientFor(t *testing.T, cfg *rest.Config) client.Client {
	t.Helper()
	c, err := quiet(cfg)
	must(t, err)
	return c
}

// makeTenant acts as a user who may edit the namespace and nothing else.
func makeTenant(t *testing.T, ns string) client.Client {
	t.Helper()
	bindEdit(t, ns, "tenant", rbacUser)
	cfg, err := shared.User("tenant")
	must(t, err)
	return clientFor(t, cfg)
}

func bindEdit(t *testing.T, ns, name, kind string) {
	t.Helper()
	subject := rbacv1.Subject{Kind: kind, Name: name}
	if kind == rbacServiceAccount {
		subject.Namespace = ns
	} else {
		subject.APIGroup = rbacv1.GroupName
	}
	must(t, shared.Client.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name + "-edits"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "edit"},
		Subjects:   []rbacv1.Subject{subject},
	}))
	// The authorizer hears of a binding in its own time.
	cfg := shared.Admin()
	user := name
	if kind == rbacServiceAccount {
		user = "system:serviceaccount:" + ns + ":" + name
	}
	cfg.Impersonate = rest.ImpersonationConfig{UserName: user}
	as := clientFor(t, cfg)
	eventually(t, func(ctx context.Context) error {
		return as.Create(ctx, pod(ns), client.DryRunAll)
	})
}

func jsonText(content any) ([]byte, error) { return json.Marshal(content) }

// kubectlSend runs kubectl as a cluster admin with the object on its standard input.
func kubectlSend(t *testing.T, o client.Object, args ...string) error {
	t.Helper()
	_, err := kubectlResult(t, o, args...)
	return err
}

func kubectlResult(t *testing.T, o client.Object, args ...string) (localcluster.KubectlResult, error) {
	t.Helper()
	call := localcluster.KubectlCall{Config: shared.Admin(), Args: args}
	if o != nil {
		content, err := bare(o)
		must(t, err)
		if name := o.GetGenerateName(); name != "" && o.GetName() == "" {
			metadataOf(content)["generateName"] = name
		}
		raw, err := jsonText(content)
		must(t, err)
		call.Stdin = bytes.NewReader(raw)
	}
	result, err := shared.RunKubectl(t.Context(), call)
	if err != nil {
		return result, errors.Join(err, errors.New(string(result.Stderr)))
	}
	return result, nil
}

// needPrivileged skips where the API server takes no privileged container from anybody.
func needPrivileged(t *testing.T) {
	t.Helper()
	p := pod("default", unclaimed)
	p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
	if err := shared.Client.Create(t.Context(), p, client.DryRunAll); apierrors.IsInvalid(err) {
		t.Skip("this API server runs without --allow-privileged")
	} else {
		must(t, err)
	}
}

// makeRuntimeClasses makes those that the tests name.
func makeRuntimeClasses(t *testing.T) {
	t.Helper()
	for _, name := range []string{"nvidia", "gvisor"} {
		class := &nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Handler: name}
		must(t, client.IgnoreAlreadyExists(shared.Client.Create(t.Context(), class)))
	}
}

// userWith is a user with these rights in the whole cluster, once they are in force.
func userWith(t *testing.T, name string, rules ...rbacv1.PolicyRule) client.Client {
	t.Helper()
	name += "-" + namespaceName(t, "u")
	meta := metav1.ObjectMeta{Name: name}
	must(t, shared.Client.Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}))
	must(t, shared.Client.Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacUser, Name: name}},
	}))
	eventually(t, func(ctx context.Context) error {
		for _, rule := range rules {
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: name, ResourceAttributes: &authorizationv1.ResourceAttributes{
					Group: rule.APIGroups[0], Resource: rule.Resources[0], Verb: rule.Verbs[0],
				},
			}}
			if err := shared.Client.Create(ctx, review); err != nil || !review.Status.Allowed {
				return errors.Join(err, errors.New("its rights are not in force"))
			}
		}
		return nil
	})
	cfg, err := shared.User(name)
	must(t, err)
	return clientFor(t, cfg)
}
