// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// An index has entries where it is asked, and says so where it has none.
func TestAnIndexAnswersInItsScope(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	kind := v1alpha1.SchemeGroupVersion.WithKind("SafetyEvaluation")
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(kind, meta.RESTScopeNamespace)
	evaluation := func(namespace, name string) v1alpha1.SafetyEvaluation {
		e := v1alpha1.SafetyEvaluation{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"key": "same"}}}
		e.SetGroupVersionKind(kind)
		return e
	}
	cfg := serveEvaluations(t, evaluation("a", "e1"), evaluation("b", "e2"))
	c, err := NewCache(cfg, cache.Options{Scheme: scheme, Mapper: mapper, HTTPClient: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error, 1)
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	key := func(o client.Object) []string { return []string{o.GetLabels()["key"]} }
	for _, s := range []scope{everywhere, within, both} {
		if err := s.add(ctx, c, &v1alpha1.SafetyEvaluation{}, string(s), key); err != nil {
			t.Fatal(err)
		}
	}
	go func() { ended <- c.Start(ctx) }()
	if !c.WaitForCacheSync(ctx) {
		t.Fatal("the cache did not sync")
	}
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
		"either way, asked everywhere":       {both, nil, []string{"e1", "e2"}, false},
		"either way, asked in a namespace":   {both, []client.ListOption{client.InNamespace("b")}, []string{"e2"}, false},
		"a key that nothing has, everywhere": {everywhere, []client.ListOption{client.MatchingFields{string(everywhere): "other"}}, nil, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			var list v1alpha1.SafetyEvaluationList
			err := c.List(ctx, &list, append([]client.ListOption{client.MatchingFields{string(test.asked): "same"}}, test.where...)...)
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
