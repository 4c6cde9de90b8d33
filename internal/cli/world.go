// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// world reads everything that decisions depend on, with the caller's rights: of the whole cluster what is cluster-scoped and
// what counts across namespaces, and the rest of the namespaces that are named; of all where none is.
func (c connection) world(ctx context.Context, namespaces []string) ([]client.Object, error) {
	var all []client.Object
	for _, list := range []client.ObjectList{
		&v1alpha1.SafetyPolicyList{}, &v1alpha1.PolicyRevisionList{}, &v1alpha1.EvaluationSuiteList{}, &v1alpha1.AdverseFindingList{},
		&v1alpha1.ModelReleaseList{}, &v1alpha1.SafetyEvaluationList{},
	} {
		if err := c.gatherInto(ctx, list, &all); err != nil {
			return nil, clusterScoped(err)
		}
	}
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		for _, list := range []client.ObjectList{&v1alpha1.ReleaseApprovalList{}, &v1alpha1.ReleaseWaiverList{}, &v1alpha1.ReleaseDeterminationList{}} {
			if err := c.gatherInto(ctx, list, &all, client.InNamespace(namespace)); err != nil {
				return nil, served(err)
			}
		}
		if namespace == "" {
			continue
		}
		ns := &corev1.Namespace{}
		if err := c.Get(ctx, client.ObjectKey{Name: namespace}, ns); client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("reading namespace %s: %w", namespace, err)
		} else if err == nil {
			all = append(all, ns)
		}
	}
	return all, nil
}

// gatherInto adds the objects of a list.
func (c connection) gatherInto(ctx context.Context, list client.ObjectList, all *[]client.Object, where ...client.ListOption) error {
	var problem error
	err := c.each(ctx, list, func() {
		problem = meta.EachListItem(list, func(o runtime.Object) error {
			if object, ok := o.DeepCopyObject().(client.Object); ok {
				*all = append(*all, object)
			}
			return nil
		})
	}, where...)
	if err == nil {
		err = problem
	}
	if err != nil {
		return fmt.Errorf("listing %T: %w", list, err)
	}
	return nil
}
