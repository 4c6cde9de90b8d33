// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"reflect"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// keptLists is a client that asks for each list once, and then gives what it got, an error too. Lists are shared: whoever
// reads one changes nothing of it. It is for one goroutine.
type keptLists struct {
	client.Client
	kept map[string]keptList
}

type keptList struct {
	// list is what the client filled in.
	list reflect.Value
	err  error
}

// List implements client.Reader.
func (k *keptLists) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	o := (&client.ListOptions{}).ApplyOptions(opts)
	key := fmt.Sprintf("%T %s %q %v %v %d %q", list, list.GetObjectKind().GroupVersionKind(), o.Namespace, o.FieldSelector, o.LabelSelector, o.Limit, o.Continue)
	if kept, ok := k.kept[key]; ok {
		reflect.ValueOf(list).Elem().Set(kept.list)
		return kept.err
	}
	err := k.Client.List(ctx, list, opts...)
	kept := reflect.New(reflect.TypeOf(list).Elem())
	kept.Elem().Set(reflect.ValueOf(list).Elem())
	k.kept[key] = keptList{list: kept.Elem(), err: err}
	return err
}
