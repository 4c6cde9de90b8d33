// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/policycase"
	"github.com/scalegate/scalegate/test/installation"
)

// Bed is a control plane with Scalegate's kinds, rights and admission policies, for any number of folders.
type Bed struct {
	*installation.Installation
	controller client.Client
	// run tells the names of this run from those of others on the same cluster.
	run string
}

// Open starts a control plane, or takes the one that SCALEGATE_TEST_KUBECONFIG names.
func Open(ctx context.Context, log io.Writer) (*Bed, error) {
	ctrl.SetLogger(logr.Discard())
	i, err := installation.Open(ctx, log)
	if err != nil {
		return nil, err
	}
	b := &Bed{Installation: i, run: strconv.FormatInt(time.Now().Unix(), 36)}
	if b.controller, err = i.ControllerClient(ctx); err == nil {
		_, err = i.Kubectl(ctx, i.Admin(), "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
	}
	if err != nil {
		return nil, errors.Join(err, i.Stop())
	}
	return b, nil
}

// rules are what a right is in RBAC.
func rules(right policycase.Right) []rbacv1.PolicyRule {
	writes := func(resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{
			APIGroups: []string{v1alpha1.SchemeGroupVersion.Group}, Resources: resources,
			Verbs: []string{"get", "list", "watch", "create", "update", "patch"},
		}
	}
	switch right {
	case policycase.MayRelease:
		return []rbacv1.PolicyRule{writes("modelreleases")}
	case policycase.MayEvaluate:
		return []rbacv1.PolicyRule{writes("safetyevaluations")}
	case policycase.MayAsk:
		return []rbacv1.PolicyRule{writes("releasewaivers", "releasedeterminations")}
	case policycase.MayRevise:
		return []rbacv1.PolicyRule{writes("safetypolicies")}
	case policycase.MayResolve:
		rule := writes("adversefindings")
		rule.Verbs = []string{"get", "list", "watch", "update", "patch", v1alpha1.VerbResolve}
		return []rbacv1.PolicyRule{rule}
	}
	return nil
}

// rulesOf are all rights of a person.
func rulesOf(person *policycase.Person) []rbacv1.PolicyRule {
	var all []rbacv1.PolicyRule
	for _, right := range person.May {
		all = append(all, rules(right)...)
	}
	if len(person.Signs) == 0 {
		return all
	}
	signed := []string{"releaseapprovals", "policyapprovals"}
	return append(all,
		rbacv1.PolicyRule{APIGroups: []string{v1alpha1.SchemeGroupVersion.Group}, Resources: signed, Verbs: []string{"get", "list", "watch", "create"}},
		rbacv1.PolicyRule{APIGroups: []string{v1alpha1.SchemeGroupVersion.Group}, Resources: signed, ResourceNames: person.Signs, Verbs: []string{v1alpha1.VerbApprove}},
	)
}

// admit gives the people of a folder their rights, waits until the API server knows them, and returns their clients.
func (b *Bed) admit(ctx context.Context, folder *policycase.Folder) (map[string]client.Client, error) {
	clients := map[string]client.Client{}
	for i := range folder.People {
		person := &folder.People[i]
		c, err := b.UserClient(person.User, person.Groups...)
		if err != nil {
			return nil, fmt.Errorf("becoming %s: %w", person.User, err)
		}
		clients[person.Name] = c
		meta := metav1.ObjectMeta{Name: "case-" + folder.Name + "-" + person.Name}
		role := &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rulesOf(person)}
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: meta,
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: person.User}},
		}
		for _, object := range []client.Object{role, binding} {
			if err := client.IgnoreAlreadyExists(b.Client.Create(ctx, object)); err != nil {
				return nil, fmt.Errorf("giving %s their rights: %w", person.User, err)
			}
		}
	}
	for i := range folder.People {
		if err := b.waitForRights(ctx, &folder.People[i]); err != nil {
			return nil, fmt.Errorf("waiting for the rights of %s: %w", folder.People[i].User, err)
		}
	}
	return clients, nil
}

// waitForRights waits until every rule of a person holds.
func (b *Bed) waitForRights(ctx context.Context, person *policycase.Person) error {
	for _, rule := range rulesOf(person) {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			review := authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: person.User, Groups: person.Groups,
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Group: rule.APIGroups[0], Version: "*", Resource: rule.Resources[0], Verb: rule.Verbs[len(rule.Verbs)-1], Name: name,
				},
			}}
			if err := poll(ctx, func() (bool, error) {
				asked := review.DeepCopy()
				err := b.Client.Create(ctx, asked)
				return asked.Status.Allowed, err
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// place makes the namespace of a case, and names its policy.
func (b *Bed) place(ctx context.Context, folder, name string) (policycase.Place, error) {
	namespace := "case-" + folder + "-" + name + "-" + b.run
	if len(namespace) > 63 {
		return policycase.Place{}, fmt.Errorf("the names of folder and case, %s and %s, are too long for a namespace", folder, name)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}}}
	if err := b.Client.Create(ctx, ns); err != nil {
		return policycase.Place{}, fmt.Errorf("making a namespace: %w", err)
	}
	return policycase.Place{Namespace: namespace, Policy: folder + "-" + name + "-" + b.run, Start: time.Now()}, nil
}

func poll(ctx context.Context, done func() (bool, error)) error {
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) { return done() })
}
