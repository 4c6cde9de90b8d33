// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// scope is where objects are looked for by an index. A cache has an entry of some hundred bytes for each key and place, and
// most keys name one object: half of what indexes take would be for questions that nobody asks.
type scope string

const (
	// everywhere is in all namespaces at once.
	everywhere scope = "everywhere"
	// within is in one namespace.
	within scope = "within"
	// both is either.
	both scope = "both"
)

// scopedIndexer adds indexes that answer where they are asked, and nowhere else.
type scopedIndexer interface {
	indexScoped(ctx context.Context, object client.Object, field string, keys client.IndexerFunc, asked scope) error
}

// add adds an index where it is asked. An indexer that knows no scopes, such as that of a fake client, answers everywhere.
func (s scope) add(ctx context.Context, indexer client.FieldIndexer, object client.Object, field string, keys client.IndexerFunc) error {
	if scoped, ok := indexer.(scopedIndexer); ok && s != both {
		return scoped.indexScoped(ctx, object, field, keys, s)
	}
	return indexer.IndexField(ctx, object, field, keys)
}

// scopedCache is a cache with indexes that have a scope. Whoever asks one elsewhere gets an error, and not an empty list: that
// nothing was found would be taken for an answer.
type scopedCache struct {
	cache.Cache
	scheme *runtime.Scheme
	// scopes are those of the indexes that have one, by kind and field. They are added before anything is read.
	scopes map[schema.GroupVersionKind]map[string]scope
}

// NewCache makes the cache of a manager, to which Index adds.
func NewCache(cfg *rest.Config, options cache.Options) (cache.Cache, error) {
	c, err := cache.New(cfg, options)
	return &scopedCache{Cache: c, scheme: options.Scheme, scopes: map[schema.GroupVersionKind]map[string]scope{}}, err
}

// What controller-runtime calls an index and its keys. A test asks a cache by them.
const (
	indexPrefix   = "field:"
	allNamespaces = "__all_namespaces"
)

func (c *scopedCache) indexScoped(ctx context.Context, object client.Object, field string, keys client.IndexerFunc, asked scope) error {
	kind, err := apiutil.GVKForObject(object, c.scheme)
	if err != nil {
		return err
	}
	informer, err := c.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	if c.scopes[kind] == nil {
		c.scopes[kind] = map[string]scope{}
	}
	c.scopes[kind][field] = asked
	return informer.AddIndexers(toolscache.Indexers{indexPrefix + field: func(raw any) ([]string, error) {
		o, ok := raw.(client.Object)
		if !ok {
			return nil, fmt.Errorf("indexing %T: it is no object", raw)
		}
		place := allNamespaces
		if asked == within {
			place = o.GetNamespace()
		}
		found := keys(o)
		named := make([]string, len(found))
		for i, key := range found {
			named[i] = place + "/" + key
		}
		return named, nil
	}})
}

// List implements client.Reader.
func (c *scopedCache) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	var o client.ListOptions
	if o.ApplyOptions(opts); o.FieldSelector != nil {
		if err := c.answers(list, o.FieldSelector, o.Namespace); err != nil {
			return err
		}
	}
	return c.Cache.List(ctx, list, opts...)
}

// answers is an error where an index is asked outside of its scope.
func (c *scopedCache) answers(list client.ObjectList, selector fields.Selector, namespace string) error {
	kind, err := apiutil.GVKForObject(list, c.scheme)
	if err != nil {
		return err
	}
	kind.Kind = strings.TrimSuffix(kind.Kind, "List")
	for _, requirement := range selector.Requirements() {
		if asked, has := c.scopes[kind][requirement.Field]; has && (asked == within) != (namespace != "") {
			return fmt.Errorf("listing %s by %s: the index has entries %s, and namespace %q was asked for", kind.Kind, requirement.Field, asked, namespace)
		}
	}
	return nil
}
