// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kinds tries the admission policies of the custom workload kinds on a real control plane, with the published
// CRDs and manifests of these kinds. Their operators do not run: what holds here holds in the API server alone. It needs
// a collection of manifests that lies outside of this repository, and is skipped without it.
package kinds

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
	table "github.com/scalegate/scalegate/internal/workload/kinds"
	"github.com/scalegate/scalegate/test/installation"
	"github.com/scalegate/scalegate/test/kinds/workloads"
)

const (
	// governed is a namespace in which release cleared is cleared and release waiting is not.
	governed = "kinds-governed"
	// free is a namespace that is not governed.
	free = "kinds-free"

	cleared = "cleared"
	waiting = "waiting"
	// foreign and short have annotations that are no clearances: one of another version, one that is cut off.
	foreign = "foreign"
	short   = "short"
)

// bed is what every test of the package runs on: one cluster, the CRDs of the collection and two namespaces.
type bed struct {
	*installation.Installation
	// there says that the collection is, and so the cluster.
	there bool
	// owner is a cluster admin who does not impersonate.
	owner client.Client
	// controller has the name of Scalegate's service account, operator that of another; both have the rights of an admin.
	controller, operator client.Client
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, shared.stop))
}

func (b *bed) stop() error {
	if !b.there {
		return nil
	}
	return b.Stop()
}

func (b *bed) open(ctx context.Context) (err error) {
	dir, there := workloads.Find()
	if b.there = there; !there {
		return nil
	}
	definitions, err := workloads.Definitions(dir)
	if err != nil {
		return err
	}
	if b.Installation, err = installation.Open(ctx, os.Stderr); err != nil {
		return err
	}
	if b.owner, err = b.UserClient("owner", "system:masters"); err != nil {
		return err
	}
	if b.controller, err = b.as(installation.Namespace, installation.ServiceAccount); err != nil {
		return err
	}
	if b.operator, err = b.as("operators", "operator"); err != nil {
		return err
	}
	return errors.Join(b.define(ctx, definitions), b.makeNamespaces(ctx), b.waitForHolds(ctx))
}

// as returns a client that has the name of a service account and the rights of an admin.
func (b *bed) as(namespace, name string) (client.Client, error) {
	cfg := b.Admin()
	cfg.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + namespace + ":" + name, Groups: []string{"system:masters"}}
	return installation.Client(cfg)
}

// define installs the CRDs of the subjects and waits until they are served. A kind whose CRD the collection lacks gets one that takes
// everything: that tries the policy, and not where the fields are.
func (b *bed) define(ctx context.Context, definitions map[string]*apiextensionsv1.CustomResourceDefinition) error {
	wait := []string{"wait", "--for=condition=Established", "--timeout=60s"}
	for _, s := range subjects() {
		crd, there := definitions[s.group+"/"+s.kind]
		if !there {
			row, _ := table.For(schema.GroupKind{Group: s.group, Kind: s.kind})
			crd = loose(row)
		}
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(crd)
		if err != nil {
			return err
		}
		object := &unstructured.Unstructured{Object: content}
		unstructured.RemoveNestedField(object.Object, "status")
		object.SetAPIVersion(apiextensionsv1.SchemeGroupVersion.String())
		object.SetKind("CustomResourceDefinition")
		if err := b.Client.Create(ctx, object); client.IgnoreAlreadyExists(err) != nil {
			return fmt.Errorf("installing %s: %w", object.GetName(), err)
		}
		wait = append(wait, "crd/"+object.GetName())
	}
	_, err := b.Kubectl(ctx, b.Admin(), wait...)
	return err
}

func loose(row table.Kind) *apiextensionsv1.CustomResourceDefinition {
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: row.Resource + "." + row.Group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: row.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: row.Kind, Plural: row.Resource, Singular: strings.ToLower(row.Kind), ListKind: row.Kind + "List"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: row.Versions[0], Served: true, Storage: true,
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
				Schema: &apiextensionsv1.CustomResourceValidation{
					OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: new(true)},
				},
			}},
		},
	}
}

func (b *bed) makeNamespaces(ctx context.Context) error {
	ungoverned := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: free}}
	if err := errors.Join(b.Client.Create(ctx, ungoverned), b.Govern(ctx, governed)); err != nil {
		return err
	}
	now := time.Now()
	grant := clearance.Clearance{
		End: now.Add(time.Hour), Exposure: "Internal", Mode: clearance.Counted, Since: now, Digests: []string{digest()},
	}
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q,%q:%q,%q:%q}}}`, clearance.Key(cleared), grant,
		clearance.Key(foreign), "v2"+strings.TrimPrefix(grant.String(), "v1"), clearance.Key(short), "v1|"+grant.Exposure)
	return b.controller.Patch(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: governed}},
		client.RawPatch("application/merge-patch+json", []byte(patch)))
}

// digest is the one that the release cleared has, as 64 hexadecimal digits.
func digest() string { return fixture.SHA256("server") }

// waitForHolds waits until the API server knows the schemas of the new kinds where it mutates them; until then it refuses what
// the mutating policies match.
func (b *bed) waitForHolds(ctx context.Context) error {
	set := &unstructured.Unstructured{}
	set.SetAPIVersion("jobset.x-k8s.io/v1alpha2")
	set.SetKind("JobSet")
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		probe := set.DeepCopy()
		probe.SetNamespace(governed)
		probe.SetName("probe")
		err := b.Client.Create(ctx, probe, client.DryRunAll)
		if err != nil && strings.Contains(err.Error(), "There can be a delay") {
			return false, nil
		}
		return true, client.IgnoreAlreadyExists(err)
	})
}
