// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// lister lists once all that the manager's cache has something of, the kinds side by side, and ends.
func lister(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("lister", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg, s, err := cluster(*kubeconfig)
	if err != nil {
		return err
	}
	c, err := client.New(cfg, client.Options{Scheme: s})
	if err != nil {
		return err
	}
	kinds := cachedKinds()
	errs := make([]error, len(kinds))
	var all sync.WaitGroup
	for at, kind := range kinds {
		gvk, err := apiutil.GVKForObject(kind, s)
		if err != nil {
			return err
		}
		all.Go(func() { errs[at] = listAll(ctx, c, gvk) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// metadataAlone are the lists of which the manager keeps, and asks for, the metadata alone.
func metadataAlone() []string {
	return []string{"ConfigMapList", "NamespaceList", "ValidatingAdmissionPolicyList", "ValidatingAdmissionPolicyBindingList"}
}

// listAll lists whole from the API server's cache.
func listAll(ctx context.Context, c client.Client, gvk schema.GroupVersionKind) error {
	gvk.Kind += "List"
	var list client.ObjectList
	if slices.Contains(metadataAlone(), gvk.Kind) {
		metadata := &metav1.PartialObjectMetadataList{}
		metadata.SetGroupVersionKind(gvk)
		list = metadata
	} else {
		o, err := c.Scheme().New(gvk)
		if err != nil {
			return err
		}
		typed, ok := o.(client.ObjectList)
		if !ok {
			return fmt.Errorf("listing %s: it is no list", gvk.Kind)
		}
		list = typed
	}
	if err := c.List(ctx, list, &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: "0"}}); err != nil {
		return fmt.Errorf("listing %s: %w", gvk.Kind, err)
	}
	fmt.Printf("%s: %d\n", gvk.Kind, meta.LenList(list))
	return nil
}
