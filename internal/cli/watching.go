// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// watcher follows objects of several kinds by watches: it lists once, and again after what it missed. It outlasts an API
// server that ends a watch, restarts, or cannot be reached for a while.
type watcher struct {
	client client.WithWatch
	// changed gets something after anything changed, and after the connection was lost or found again. One that reads it
	// sees everything that happened before.
	changed chan struct{}
	// lost gets what is wrong with the connection, and an outage without an error once it works again.
	lost chan outage
}

// outage is what is wrong with the connection; without an error it works again.
type outage struct{ err error }

func (c connection) watcher() (*watcher, error) {
	w, ok := c.Client.(client.WithWatch)
	if !ok {
		return nil, fmt.Errorf("%T cannot watch", c.Client)
	}
	return &watcher{client: w, changed: make(chan struct{}, 1), lost: make(chan outage, 1)}, nil
}

// watched is what of a cluster is followed: the objects of the list's kind that the options leave.
type watched struct {
	object  client.Object
	list    func() client.ObjectList
	options []client.ListOption
	// slim, if not nil, takes off an object what nobody looks at.
	slim func(client.Object)
}

// follow begins to follow, and returns once the first list is there. A list that the API server refuses is an error; what
// goes wrong later is tried again until the context ends.
func (w *watcher) follow(ctx context.Context, what watched) (cache.Store, error) {
	// The first list goes straight to the API server, so that what will never work is told at once.
	if err := w.client.List(ctx, what.list(), append([]client.ListOption{client.Limit(1)}, what.options...)...); err != nil {
		return nil, served(err)
	}
	logger := logr.Discard()
	store, controller := cache.NewInformerWithOptions(cache.InformerOptions{
		Logger: &logger, ObjectType: what.object, ListerWatcher: &listerWatcher{watcher: w, watched: what},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { w.tell() }, UpdateFunc: func(_, _ any) { w.tell() }, DeleteFunc: func(any) { w.tell() },
		},
		Transform: func(o any) (any, error) {
			object, ok := o.(client.Object)
			if ok && what.slim != nil {
				what.slim(object)
			}
			return o, nil
		},
	})
	// What goes wrong is told by the listerWatcher; a log would write over a screen.
	go controller.RunWithContext(klog.NewContext(ctx, logger))
	if !cache.WaitForCacheSync(ctx.Done(), controller.HasSynced) {
		return nil, context.Cause(ctx)
	}
	return store, nil
}

func (w *watcher) tell() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// report says what is wrong with the connection. Only the last word counts.
func (w *watcher) report(err error) {
	select {
	case <-w.lost:
	default:
	}
	select {
	case w.lost <- outage{err}:
	default:
	}
	w.tell()
}

// listerWatcher is what an informer asks for one kind.
type listerWatcher struct {
	*watcher
	watched
	broken bool
}

// IsWatchListSemanticsUnSupported says that the first list is asked for as a list: it may come from an older API server.
func (l *listerWatcher) IsWatchListSemanticsUnSupported() bool { return true }

// List implements cache.Lister.
func (l *listerWatcher) List(options metav1.ListOptions) (runtime.Object, error) {
	return l.ListWithContext(context.Background(), options)
}

// Watch implements cache.Watcher.
func (l *listerWatcher) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return l.WatchWithContext(context.Background(), options)
}

// ListWithContext implements cache.ListerWithContext.
func (l *listerWatcher) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	list := l.list()
	err := l.client.List(ctx, list, append([]client.ListOption{&client.ListOptions{Raw: &options, Limit: options.Limit, Continue: options.Continue}}, l.options...)...)
	return list, l.note(err)
}

// WatchWithContext implements cache.WatcherWithContext.
func (l *listerWatcher) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	w, err := l.client.Watch(ctx, l.list(), append([]client.ListOption{&client.ListOptions{Raw: &options}}, l.options...)...)
	return w, l.note(err)
}

// note reports when the connection is lost, and when it is found again. One goroutine at a time calls it.
func (l *listerWatcher) note(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		l.broken = true
		l.report(err)
	case l.broken:
		l.broken = false
		l.report(nil)
	}
	return err
}

// objectsIn are the objects of a store that have the type.
func objectsIn[T client.Object](store cache.Store) []T {
	var all []T
	if store == nil {
		return nil
	}
	for _, o := range store.List() {
		if object, ok := o.(T); ok {
			all = append(all, object)
		}
	}
	return all
}

// listed are the objects of a list that have the type.
func listed[T client.Object](list client.ObjectList) ([]T, error) {
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, err
	}
	var all []T
	for _, o := range items {
		if object, ok := o.(T); ok {
			all = append(all, object)
		}
	}
	return all, nil
}
