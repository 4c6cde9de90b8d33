// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
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

// unstarted is a cache of evaluations, not started, whose label "key" is in an index of each scope, named like it.
func unstarted(t *testing.T, all ...v1alpha1.SafetyEvaluation) cache.Cache {
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

// indexed is such a cache that has everything.
func indexed(t *testing.T, all ...v1alpha1.SafetyEvaluation) cache.Cache {
	t.Helper()
	c := unstarted(t, all...)
	ctx, cancel := context.WithCancel(context.Background())
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
	return v1alpha1.SafetyEvaluation{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"key": key}}}
}

// An index has entries where it is asked, and says so where it has none.
func TestAnIndexAnswersInItsScope(t *testing.T) {
	c := indexed(t, keyed("a", "e1", "same"), keyed("b", "e2", "same"))
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
		"scattered, asked for a label too":   {scattered, []client.ListOption{client.MatchingLabels{"key": "other"}}, nil, false},
		"either way, asked everywhere":       {both, nil, []string{"e1", "e2"}, false},
		"either way, asked in a namespace":   {both, []client.ListOption{client.InNamespace("b")}, []string{"e2"}, false},
		"a key that nothing has, everywhere": {everywhere, []client.ListOption{client.MatchingFields{string(everywhere): "other"}}, nil, false},
		"a key that nothing has, scattered":  {scattered, []client.ListOption{client.MatchingFields{string(scattered): "other"}}, nil, false},
		"scattered, asked with another": {scattered, []client.ListOption{client.MatchingFields{
			string(scattered): "same", string(both): "same",
		}}, nil, true},
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
	c := unstarted(t, keyed("a", "e1", "same"))
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
	c := indexed(t, all...)
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
	c := indexed(t, keyed("a", "e1", "same"))
	for sentence, test := range map[string]struct {
		how  []client.ListOption
		want bool
	}{
		"as usual":       {nil, false},
		"without copies": {[]client.ListOption{client.UnsafeDisableDeepCopy}, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			var first, second v1alpha1.SafetyEvaluationList
			same := client.MatchingFields{string(scattered): "same"}
			if err := errors.Join(c.List(t.Context(), &first, append(test.how, same)...), c.List(t.Context(), &second, same)); err != nil {
				t.Fatal(err)
			}
			if first.Items[0].Kind != "SafetyEvaluation" {
				t.Errorf("its kind is %q", first.Items[0].Kind)
			}
			first.Items[0].Labels["written"] = "yes"
			var third v1alpha1.SafetyEvaluationList
			if err := c.List(t.Context(), &third, same); err != nil {
				t.Fatal(err)
			}
			if _, got := third.Items[0].Labels["written"]; got != test.want || len(second.Items[0].Labels) != 1 {
				t.Errorf("shared: %v, and what was listed before has %v", got, second.Items[0].Labels)
			}
		})
	}
}
