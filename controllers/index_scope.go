// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/selection"
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
	// scattered is everywhere, by keys of which most name one object. Its entries are for buckets of keys, and a list passes over
	// what is in the bucket and has not the key.
	scattered scope = "scattered"
	// both is either.
	both scope = "both"
)

// buckets of keys in an index that is scattered: few enough that each has several keys in a large fleet, and enough that the
// largest has not many.
const buckets = 1 << 13

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
	// indexes are those that have a scope, by kind and field. They are added before anything is read.
	indexes map[schema.GroupVersionKind]map[string]index
	// seed is what keeps anybody from choosing keys of one bucket.
	seed maphash.Seed
}

// index is one that has a scope.
type index struct {
	kind  schema.GroupVersionKind
	keys  client.IndexerFunc
	asked scope
}

// NewCache makes the cache of a manager, to which Index adds.
func NewCache(cfg *rest.Config, options cache.Options) (cache.Cache, error) {
	c, err := cache.New(cfg, options)
	return &scopedCache{
		Cache: c, scheme: options.Scheme, indexes: map[schema.GroupVersionKind]map[string]index{}, seed: maphash.MakeSeed(),
	}, err
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
	if _, ok := informer.(indexed); !ok && asked == scattered {
		return fmt.Errorf("%T does not show what is in its indexes", informer)
	}
	if c.indexes[kind] == nil {
		c.indexes[kind] = map[string]index{}
	}
	c.indexes[kind][field] = index{kind, keys, asked}
	return informer.AddIndexers(toolscache.Indexers{indexPrefix + field: c.entries(keys, asked)})
}

// entries are those of an object in an index.
func (c *scopedCache) entries(keys client.IndexerFunc, asked scope) toolscache.IndexFunc {
	return func(raw any) ([]string, error) {
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
			if asked == scattered {
				key = c.bucket(key)
			}
			named[i] = place + "/" + key
		}
		return named, nil
	}
}

// bucket is the name of that which a key is in.
func (c *scopedCache) bucket(key string) string {
	return strconv.FormatUint(maphash.String(c.seed, key)%buckets, 36)
}

// List implements client.Reader.
func (c *scopedCache) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	var o client.ListOptions
	if o.ApplyOptions(opts); o.FieldSelector == nil {
		return c.Cache.List(ctx, list, opts...)
	}
	kind, err := apiutil.GVKForObject(list, c.scheme)
	if err != nil {
		return err
	}
	kind.Kind = strings.TrimSuffix(kind.Kind, "List")
	asked := o.FieldSelector.Requirements()
	for _, r := range asked {
		by, has := c.indexes[kind][r.Field]
		switch {
		case !has:
		case (by.asked == within) != (o.Namespace != ""):
			return fmt.Errorf("listing %s by %s: the index has entries %s, and namespace %q was asked for", kind.Kind, r.Field, by.asked, o.Namespace)
		case by.asked == scattered && (len(asked) > 1 || r.Operator == selection.NotEquals || o.Continue != ""):
			return fmt.Errorf("listing %s by %s: this index is asked for one key, alone, and from the beginning", kind.Kind, o.FieldSelector)
		case by.asked == scattered:
			return c.listScattered(ctx, list, &o, by, r)
		}
	}
	return c.Cache.List(ctx, list, opts...)
}

// listScattered lists by an index that is scattered. What else is in the bucket is not copied, as a list of the cache would.
func (c *scopedCache) listScattered(ctx context.Context, list client.ObjectList, o *client.ListOptions, by index, asked fields.Requirement) error {
	bucket, err := c.bucketOf(ctx, by.kind, asked)
	if err != nil {
		return err
	}
	var found []runtime.Object
	for _, raw := range bucket {
		object, ok := raw.(client.Object)
		switch {
		case !ok:
			return fmt.Errorf("listing %s by %s: %T is no object", by.kind.Kind, asked.Field, raw)
		case !slices.Contains(by.keys(object), asked.Value):
			continue
		case o.LabelSelector != nil && !o.LabelSelector.Matches(labels.Set(object.GetLabels())):
			continue
		case o.Limit > 0 && int64(len(found)) == o.Limit:
			return meta.SetList(list, found)
		}
		item := runtime.Object(object)
		if o.UnsafeDisableDeepCopy == nil || !*o.UnsafeDisableDeepCopy {
			item = item.DeepCopyObject()
			item.GetObjectKind().SetGroupVersionKind(by.kind)
		}
		found = append(found, item)
	}
	return meta.SetList(list, found)
}

// indexed is an informer that shows what is in its indexes, as those of one cache for all namespaces do.
type indexed interface{ GetIndexer() toolscache.Indexer }

// bucketOf is what the cache has in the bucket of a key: the objects themselves.
func (c *scopedCache) bucketOf(ctx context.Context, kind schema.GroupVersionKind, asked fields.Requirement) ([]any, error) {
	informer, err := c.GetInformerForKind(ctx, kind)
	if err != nil {
		return nil, err
	}
	shown, ok := informer.(indexed)
	if !ok || !informer.HasSynced() {
		return nil, fmt.Errorf("listing %s by %s: %w", kind.Kind, asked.Field, &cache.ErrCacheNotStarted{})
	}
	return shown.GetIndexer().ByIndex(indexPrefix+asked.Field, allNamespaces+"/"+c.bucket(asked.Value))
}
