// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/cli/doctor"
	"github.com/scalegate/scalegate/internal/guards"
)

// inspection reads what the doctor looks at.
type inspection struct {
	connection
	facts doctor.Facts
	clock func() time.Time
}

// read reads everything. What may not be read is noted, and what a cluster does not have is not there; any other error
// ends it.
func (x *inspection) read(ctx context.Context) error {
	for _, part := range []struct {
		source doctor.Source
		read   func(context.Context) error
	}{
		{doctor.SourceKinds, x.readKinds},
		{doctor.SourceGuards, x.readGuards},
		{doctor.SourceWebhook, x.readWebhook},
		{doctor.SourceWebhook, x.readCertificates},
		{doctor.SourceLease, x.readLease},
		{doctor.SourcePolicies, x.readPolicies},
		{doctor.SourceReleases, x.readReleases},
		{doctor.SourceNamespaces, x.readNamespaces},
		{doctor.SourceRights, x.readRights},
	} {
		if err := x.note(part.source, part.read(ctx)); err != nil {
			return err
		}
	}
	return x.readContents(ctx)
}

// note takes an error that only means that the caller may not read something.
func (x *inspection) note(source doctor.Source, err error) error {
	switch {
	case err == nil || meta.IsNoMatchError(err):
		return nil
	case apierrors.IsForbidden(err):
		x.facts.Unread[source] = "you may not read " + string(source)
		return nil
	}
	return fmt.Errorf("reading %s: %w", source, err)
}

// each reads a list page by page into the same memory, and calls do after every page.
func (c connection) each(ctx context.Context, list client.ObjectList, do func(), where ...client.ListOption) error {
	for next := ""; ; {
		if err := c.List(ctx, list, append(where, client.Limit(pageSize), client.Continue(next))...); err != nil {
			return err
		}
		do()
		if next = list.GetContinue(); next == "" {
			return nil
		}
	}
}

func (x *inspection) readKinds(ctx context.Context) error {
	for _, name := range doctor.KindNames() {
		var crd apiextensionsv1.CustomResourceDefinition
		if err := x.Get(ctx, client.ObjectKey{Name: name}, &crd); apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			return err
		}
		x.facts.Kinds = append(x.facts.Kinds, crd)
	}
	return x.readSchemas()
}

// readGuards compares the admission objects with those that this program was built with, under the parameters of the
// installation.
func (x *inspection) readGuards(ctx context.Context) error {
	files, err := config.Admission()
	if err != nil {
		return err
	}
	parameters, err := guards.Defaults(files)
	if err != nil {
		return err
	}
	var own corev1.ConfigMap
	err = x.Get(ctx, client.ObjectKey{Namespace: doctor.SystemNamespace, Name: guards.ParametersName}, &own)
	switch {
	case err == nil:
		parameters = own.Data
	case !apierrors.IsNotFound(err):
		return err
	}
	set, err := guards.Render(files, parameters)
	if err != nil {
		return err
	}
	found, served, err := x.admissionObjects(ctx)
	if apierrors.IsForbidden(err) {
		// Whoever may not read the guards may try them.
		return errors.Join(err, x.probe(ctx, set))
	}
	if err != nil {
		return err
	}
	set = set.Only(func(kind string) bool { return served[kind] })
	x.facts.Guards = len(set)
	if x.facts.Differences, err = set.Compare(found); err != nil {
		return err
	}
	return x.probe(ctx, set)
}

// admissionObjects are all policies and bindings, and the kinds of them that the API server has.
func (x *inspection) admissionObjects(ctx context.Context) (found []guards.Object, served map[string]bool, err error) {
	served = map[string]bool{}
	for kind, list := range map[string]client.ObjectList{
		guards.KindValidatingPolicy:  &admissionv1.ValidatingAdmissionPolicyList{},
		guards.KindValidatingBinding: &admissionv1.ValidatingAdmissionPolicyBindingList{},
		guards.KindMutatingPolicy:    &admissionv1.MutatingAdmissionPolicyList{},
		guards.KindMutatingBinding:   &admissionv1.MutatingAdmissionPolicyBindingList{},
	} {
		err := x.List(ctx, list)
		if meta.IsNoMatchError(err) {
			continue
		} else if err != nil {
			return nil, nil, err
		}
		served[kind] = true
		objects, err := meta.ExtractList(list)
		if err != nil {
			return nil, nil, err
		}
		for _, object := range objects {
			o, ok := object.(guards.Object)
			if !ok {
				return nil, nil, fmt.Errorf("%T is no admission object", object)
			}
			found = append(found, o)
		}
	}
	return found, served, nil
}

func (x *inspection) readWebhook(ctx context.Context) error {
	var webhook admissionv1.ValidatingWebhookConfiguration
	if err := x.Get(ctx, client.ObjectKey{Name: doctor.WebhookName}, &webhook); err != nil {
		return client.IgnoreNotFound(err)
	}
	x.facts.Webhook = &webhook
	return nil
}

func (x *inspection) readLease(ctx context.Context) error {
	var lease coordinationv1.Lease
	if err := x.Get(ctx, client.ObjectKey{Namespace: doctor.SystemNamespace, Name: doctor.LeaseName}, &lease); err != nil {
		return client.IgnoreNotFound(err)
	}
	x.facts.Lease = &lease
	return nil
}

func (x *inspection) readPolicies(ctx context.Context) error {
	list := &v1alpha1.SafetyPolicyList{}
	return x.each(ctx, list, func() { x.facts.Policies = append(x.facts.Policies, list.Items...) })
}

func (x *inspection) readReleases(ctx context.Context) error {
	list := &v1alpha1.ModelReleaseList{}
	return x.each(ctx, list, func() { x.facts.Releases = append(x.facts.Releases, list.Items...) }, x.where())
}

func (x *inspection) where() client.ListOption { return client.InNamespace(x.facts.Namespace) }

func (x *inspection) readNamespaces(ctx context.Context) error {
	x.facts.Namespaces = map[string]doctor.Namespace{}
	add := func(ns *metav1.PartialObjectMetadata) {
		x.facts.Namespaces[ns.Name] = doctor.Namespace{Labels: ns.Labels, Annotations: ns.Annotations}
	}
	if name := x.facts.Namespace; name != "" {
		ns := &metav1.PartialObjectMetadata{}
		ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
		err := x.Get(ctx, client.ObjectKey{Name: name}, ns)
		if apierrors.IsNotFound(err) {
			return errors.New("there is no namespace " + name + ": name another one with --namespace, or none to look at all")
		}
		if err == nil {
			add(ns)
		}
		return err
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	return x.each(ctx, list, func() {
		for i := range list.Items {
			add(&list.Items[i])
		}
	})
}

func (x *inspection) readRights(ctx context.Context) error {
	r := &x.facts.Rights
	clusterRoles, roles := &rbacv1.ClusterRoleList{}, &rbacv1.RoleList{}
	clusterBindings, bindings := &rbacv1.ClusterRoleBindingList{}, &rbacv1.RoleBindingList{}
	for _, part := range []struct {
		list client.ObjectList
		keep func()
	}{
		{clusterRoles, func() { r.ClusterRoles = append(r.ClusterRoles, clusterRoles.Items...) }},
		{roles, func() { r.Roles = append(r.Roles, roles.Items...) }},
		{clusterBindings, func() { r.ClusterRoleBindings = append(r.ClusterRoleBindings, clusterBindings.Items...) }},
		{bindings, func() { r.RoleBindings = append(r.RoleBindings, bindings.Items...) }},
	} {
		if err := x.each(ctx, part.list, part.keep); err != nil {
			return err
		}
	}
	return nil
}
