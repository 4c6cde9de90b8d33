// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"fmt"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// define installs stand-ins for the kinds of others: they take any content, since what is tried is what the admission
// policies make of it.
func (b *Bench) define(ctx context.Context) error {
	definitions := map[string]map[string]any{}
	for _, kind := range attempts.Customs() {
		name := kind.Resource + "." + kind.Group
		if definitions[name] == nil {
			definitions[name] = definition(name, kind)
		}
		spec, _ := definitions[name]["spec"].(map[string]any)
		versions, _ := spec["versions"].([]any)
		spec["versions"] = append(versions, served(kind, len(versions) == 0))
	}
	for name, content := range definitions {
		if err := b.create(ctx, admin(), "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", content); err != nil {
			return err
		}
		if _, err := b.Kubectl(ctx, b.Admin(), "wait", "--for=condition=Established", "--timeout=60s", "crd/"+name); err != nil {
			return fmt.Errorf("waiting for %s: %w", name, err)
		}
	}
	return nil
}

func definition(name string, kind attempts.Kind) map[string]any {
	return map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{
			"name": name, "annotations": map[string]any{"api-approved.kubernetes.io": "unapproved, a stand-in for tests"},
		},
		"spec": map[string]any{
			"group": kind.Group, "scope": "Namespaced",
			"names": map[string]any{"kind": kind.Kind, "plural": kind.Resource},
		},
	}
}

func served(kind attempts.Kind, stored bool) map[string]any {
	subresources := map[string]any{"status": map[string]any{}}
	if attempts.Scales(kind) {
		path := ".spec.replicas"
		if kind.Resource == "vllmruntimes" {
			path = ".spec.deploymentConfig.replicas"
		}
		subresources["scale"] = map[string]any{"specReplicasPath": path, "statusReplicasPath": ".status.replicas"}
	}
	return map[string]any{
		"name": kind.Version, "served": true, "storage": stored, "subresources": subresources,
		"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
	}
}
