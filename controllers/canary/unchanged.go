// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"maps"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/internal/guards"
)

// goodFor is how long objects count as unchanged of which nobody wrote another version. An API server of another version may read
// another content from what is stored, and call it the same.
const goodFor = 10 * time.Minute

// good are the versions of all objects of the guarded kinds, of whoever they are, when none was found that differs. As long as
// nobody writes one, none does, and to see that takes far less than to read and compare them.
type good struct {
	versions map[guards.ID]version
	since    time.Time
	// with are the parameters of the set that they were held to.
	with guards.Parameters
}

// version of an object.
type version struct {
	uid      types.UID
	resource string
}

func versionOf(o metav1.Object) version { return version{o.GetUID(), o.GetResourceVersion()} }

// remember keeps the versions of what was found, of which nothing differs.
func (c *Canary) remember(found []guards.Object) {
	c.good = good{versions: map[guards.ID]version{}, since: c.Now().Time, with: c.with}
	for _, o := range found {
		if id, ok := guards.IDOf(o); ok {
			c.good.versions[id] = versionOf(o)
		}
	}
}

// unchanged tells whether all objects are, in the versions in which nothing differed. Where that cannot be told, it is not so.
func (c *Canary) unchanged(ctx context.Context, served map[string]bool) bool {
	if c.good.versions == nil || c.Now().Sub(c.good.since) > goodFor || !maps.Equal(c.good.with, c.with) {
		return false
	}
	for id := range c.set {
		if c.good.versions[id].resource == "" {
			return false
		}
	}
	now := map[guards.ID]version{}
	for kind := range lists() {
		if !served[kind] {
			continue
		}
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind(kind + "List"))
		if err := c.Live.List(ctx, list); err != nil {
			return false
		}
		for i := range list.Items {
			now[guards.ID{Kind: kind, Name: list.Items[i].Name}] = versionOf(&list.Items[i])
		}
	}
	return maps.Equal(now, c.good.versions)
}
