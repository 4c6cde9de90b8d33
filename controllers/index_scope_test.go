// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// serveEvaluations is an API server that has these and nothing else, and of which nothing changes.
func serveEvaluations(t *testing.T, all ...v1alpha1.SafetyEvaluation) *rest.Config {
	t.Helper()
	list := v1alpha1.SafetyEvaluationList{Items: all}
	list.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("SafetyEvaluationList"))
	list.ResourceVersion = "1"
	content, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch query := r.URL.Query(); {
		case query.Get("sendInitialEvents") != "":
			http.Error(w, "lists are not streamed", http.StatusBadRequest)
		case query.Get("watch") != "":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(content)
		}
	}))
	t.Cleanup(server.Close)
	return &rest.Config{Host: server.URL}
}

// unstartedCache is a cache of evaluations, not started, whose label "key" is in an index of each scope, named like it.
func unstartedCache(t *testing.T, all ...v1alpha1.SafetyEvaluation) cache.Cache {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	kind := v1alpha1.SchemeGroupVersion.WithKind("SafetyEvaluation")
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(kind, meta.RESTScopeNamespace)
	for i := range all {
		all[i].SetGroupVersionKind(kind)
	}
	c, err := NewCache(serveEvaluations(t, all...), cache.Options{Scheme: scheme, Mapper: mapper, HTTPClient: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	key := func(o client.Object) []string { return []string{o.GetLabels()["key"]} }
	for _, s := range []scope{everywhere, within, scattered, both} {
		if err := s.add(t.Context(), c, &v1alpha1.SafetyEvaluation{}, string(s), key); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// startedCache is such a cache that has everything.
func startedCache(t *testing.T, all ...v1alpha1.SafetyEvaluation) cache.Cache {
	t.Helper()
	c := unstartedCache(t, all...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	ended := make(chan error, 1)
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	go func() { ended <- c.Start(ctx) }()
	if !c.WaitForCacheSync(ctx) {
		t.Fatal("the cache did not sync")
	}
	return c
}

func keyed(namespace, name, key string) v1alpha1.SafetyEvaluation {
	return v1alpha1.SafetyEvaluation{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"key": key, "of": namespace}}}
}

// An index has entries where it is asked, and says so where it has none.
func TestAnIndexAnswersInItsScope(t *testing.T) {
	c := startedCache(t, keyed("a", "e1", "same"), keyed("b", "e2", "same"))
	for sentence, test := range map[string]struct {
		asked scope
		where []client.ListOption
		want  []string
		fails bool
	}{
		"everywhere, asked everywhere":       {everywhere, nil, []string{"e1", "e2"}, false},
		"everywhere, asked in a namespace":   {everywhere, []client.ListOption{client.InNamespace("a")}, nil, true},
		"in a namespace, asked in one":       {within, []client.ListOption{client.InNamespace("a")}, []string{"e1"}, false},
		"in a namespace, asked in another":   {within, []client.ListOption{client.InNamespace("c")}, nil, false},
		"in a namespace, asked everywhere":   {within, nil, nil, true},
		"scattered, asked everywhere":        {scattered, nil, []string{"e1", "e2"}, false},
		"scattered, asked in a namespace":    {scattered, []client.ListOption{client.InNamespace("a")}, nil, true},
		"scattered, asked for a label too":   {scattered, []client.ListOption{client.MatchingLabels{"of": "b"}}, []string{"e2"}, false},
		"either way, asked everywhere":       {both, nil, []string{"e1", "e2"}, false},
		"either way, asked in a namespace":   {both, []client.ListOption{client.InNamespace("b")}, []string{"e2"}, false},
		"a key that nothing has, everywhere": {everywhere, []client.ListOption{client.MatchingFields{string(everywhere): "other"}}, nil, false},
		"a key that nothing has, scattered":  {scattered, []client.ListOption{client.MatchingFields{string(scattered): "other"}}, nil, false},
		"scattered, asked with another": {scattered, []client.ListOption{client.MatchingFields{
			string(scattered): "same", string(both): "same",
		}}, nil, true},
		"scattered, asked to go on": {scattered, []client.ListOption{client.Continue("page")}, nil, true},
		"scattered, asked for what has not the key": {scattered, []client.ListOption{client.MatchingFieldsSelector{
			Selector: fields.OneTermNotEqualSelector(string(scattered), "same"),
		}}, nil, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			var list v1alpha1.SafetyEvaluationList
			err := c.List(t.Context(), &list, append([]client.ListOption{client.MatchingFields{string(test.asked): "same"}}, test.where...)...)
			var names []string
			for i := range list.Items {
				names = append(names, list.Items[i].Name)
			}
			slices.Sort(names)
			if (err != nil) != test.fails || !slices.Equal(names, test.want) {
				t.Errorf("%v, error %v; want %v", names, err, test.want)
			}
		})
	}
}

// That nothing was found is no answer of a cache that has read nothing.
func TestACacheThatHasNotStartedAnswersNothing(t *testing.T) {
	c := unstartedCache(t, keyed("a", "e1", "same"))
	for _, asked := range []scope{everywhere, scattered, both} {
		var list v1alpha1.SafetyEvaluationList
		var want *cache.ErrCacheNotStarted
		if err := c.List(t.Context(), &list, client.MatchingFields{string(asked): "same"}); !errors.As(err, &want) {
			t.Errorf("%s: %d found, error %v", asked, len(list.Items), err)
		}
	}
}

// Of a thousand keys some share a bucket, whatever it is that puts them there.
func TestAScatteredIndexGivesWhatHasTheKeyAlone(t *testing.T) {
	var all []v1alpha1.SafetyEvaluation
	for i := range 1000 {
		name := fmt.Sprintf("e%d", i)
		all = append(all, keyed("a", name, name), keyed("b", name, name))
	}
	c := startedCache(t, all...)
	for i := range 1000 {
		name := fmt.Sprintf("e%d", i)
		var list v1alpha1.SafetyEvaluationList
		if err := c.List(t.Context(), &list, client.MatchingFields{string(scattered): name}); err != nil {
			t.Fatal(err)
		}
		if len(list.Items) != 2 || list.Items[0].Name != name || list.Items[1].Name != name {
			t.Errorf("%s: %+v", name, list.Items)
		}
		if err := c.List(t.Context(), &list, client.MatchingFields{string(scattered): name}, client.Limit(1)); err != nil || len(list.Items) != 1 {
			t.Errorf("%s: %d of at most 1, error %v", name, len(list.Items), err)
		}
	}
}

// What is listed is the caller's own, unless he says that he changes nothing.
func TestWhatAScatteredIndexGivesIsACopy(t *testing.T) {
	for sentence, test := range map[string]struct {
		how  []client.ListOption
		want bool
	}{
		"as usual":       {nil, false},
		"without copies": {[]client.ListOption{client.UnsafeDisableDeepCopy}, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := startedCache(t, keyed("a", "e1", "same"))
			same := client.MatchingFields{string(scattered): "same"}
			var first, second v1alpha1.SafetyEvaluationList
			if err := c.List(t.Context(), &first, append(test.how, same)...); err != nil {
				t.Fatal(err)
			}
			first.Items[0].Labels["written"] = "yes"
			if err := c.List(t.Context(), &second, same); err != nil {
				t.Fatal(err)
			}
			if _, got := second.Items[0].Labels["written"]; got != test.want {
				t.Errorf("shared: %v, want %v", got, test.want)
			}
			if second.Items[0].Kind != "SafetyEvaluation" {
				t.Errorf("its kind is %q", second.Items[0].Kind)
			}
		})
	}
}

// An index follows what changes: each key of an object has an entry as long as the object has the key.
func TestAScatteredIndexFollowsWhatChanges(t *testing.T) {
	c := &scopedCache{indexes: map[schema.GroupVersionKind]map[string]index{}, seed: maphash.MakeSeed()}
	keys := func(o client.Object) []string { return slices.Sorted(maps.Keys(o.GetLabels())) }
	indexer := toolscache.NewIndexer(toolscache.MetaNamespaceKeyFunc, toolscache.Indexers{indexPrefix + "file": c.entries(keys, scattered)})
	c.Cache = &informed{indexer: indexer}
	kind := v1alpha1.SchemeGroupVersion.WithKind("SafetyEvaluation")
	c.indexes[kind] = map[string]index{"file": {kind, keys, scattered}}
	c.scheme = runtime.NewScheme()
	if err := v1alpha1.AddToScheme(c.scheme); err != nil {
		t.Fatal(err)
	}
	with := func(keys ...string) *v1alpha1.SafetyEvaluation {
		e := keyed("a", "e1", "")
		e.Labels = map[string]string{}
		for _, key := range keys {
			e.Labels[key] = ""
		}
		return &e
	}
	for _, step := range []struct {
		sentence string
		change   func() error
		want     []string
	}{
		{"it comes with two keys", func() error { return indexer.Add(with("k1", "k2")) }, []string{"k1", "k2"}},
		{"it changes one", func() error { return indexer.Update(with("k1", "k3")) }, []string{"k1", "k3"}},
		{"it has none any more", func() error { return indexer.Update(with()) }, nil},
		{"it has one again", func() error { return indexer.Update(with("k2")) }, []string{"k2"}},
		{"it goes", func() error { return indexer.Delete(with("k2")) }, nil},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, key := range []string{"k1", "k2", "k3"} {
			var list v1alpha1.SafetyEvaluationList
			if err := c.List(t.Context(), &list, client.MatchingFields{"file": key}); err != nil {
				t.Fatal(err)
			}
			for range list.Items {
				got = append(got, key)
			}
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("%s: it is found by %q, want %q", step.sentence, got, step.want)
		}
	}
}

// informed is a cache with one informer, which has read everything.
type informed struct {
	cache.Cache
	cache.Informer
	indexer toolscache.Indexer
}

func (i *informed) GetInformerForKind(context.Context, schema.GroupVersionKind, ...cache.InformerGetOption) (cache.Informer, error) {
	return i, nil
}

func (i *informed) HasSynced() bool { return true }

func (i *informed) GetIndexer() toolscache.Indexer { return i.indexer }
