// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/overview"
)

// getOptions are the flags of the get command.
type getOptions struct {
	flags    *genericclioptions.ConfigFlags
	format   *output
	all      bool
	selector string
}

func newGet(env environment) *cobra.Command {
	o := &getOptions{flags: newFlags(), format: newOutput()}
	cmd := &cobra.Command{
		Use:   "get [KIND [NAME...]]",
		Short: "Show releases, evidence, policies and what people signed at a glance",
		Long: `Shows a table of one of Scalegate's kinds: releases (the default), evaluations, suites, policies, revisions, findings,
approvals, waivers, determinations or decisions. Kinds may be written as kubectl takes them, too.

The table of releases says what is asked for and granted, and sums each release up in a word:

  Released    the exposure asked for is granted, and holds in the cluster
  Partial     a lower exposure is granted than the one asked for
  Pending     something is missing that may still come
  Held        somebody has to act
  Frozen      a grant was lost: what serves is kept for now, and nothing of it grows
  Removing    pods that serve more than is granted are on their way out
  Revoked     the release, or evidence that it needs, was taken back
  Audited     the namespace only reports
  Ungoverned  the namespace has no gate
  Unobserved  the manager has not looked at the release as it is now

SERVING and HELD count the pods of its workloads as the manager last saw them, SINCE is how long it has been ready or
not. With -o wide the command follows that comes next. What exactly is missing, explain says.

Exit codes: 0 shown, whatever it says; 1 an error, such as a name that does not exist.`,
		Example: `  scalegate get -A
  scalegate get releases opus-4 -n serving -o wide
  scalegate get evaluations -n serving
  scalegate get findings -o jsonpath='{range .items[*]}{.metadata.name}{"\n"}{end}'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, env, args)
		},
	}
	cmd.ValidArgsFunction = o.complete(env)
	o.flags.AddFlags(cmd.Flags())
	f := cmd.Flags()
	f.BoolVarP(&o.all, "all-namespaces", "A", false, "show those of all namespaces")
	f.StringVarP(&o.selector, "selector", "l", "", "show only those with these labels, as team=safety,env!=test")
	o.format.addTo(cmd)
	completeNamespaces(cmd, env, o.flags)
	return cmd
}

func (o *getOptions) run(cmd *cobra.Command, env environment, args []string) error {
	kind, names, err := kindAndNames(args)
	if err != nil {
		return err
	}
	c, err := env.connect(o.flags, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if o.all && len(names) > 0 && kind.Namespaced {
		return errors.New("a name is in one namespace: leave --all-namespaces out, and say which with --namespace")
	}
	objects, err := o.read(cmd.Context(), c, kind, names)
	if err != nil {
		return err
	}
	overview.Sort(objects)
	p := tableOf(kind, objects, overview.At{Now: env.now(), Program: displayName(cmd)}, o.all && kind.Namespaced)
	p.value = dataOf(kind, objects, len(names) == 1)
	p.none = "No " + kind.Resource + " found."
	if kind.Namespaced && !o.all {
		p.none = "No " + kind.Resource + " found in namespace " + c.namespace + "."
	}
	return o.format.show(cmd, p)
}

// kindAndNames reads the arguments: none is all releases, and a word with a slash is a kind and a name.
func kindAndNames(args []string) (overview.Kind, []string, error) {
	word, names := "releases", []string(nil)
	if len(args) > 0 {
		word, names = args[0], args[1:]
	}
	if before, name, both := strings.Cut(word, "/"); both {
		word, names = before, append([]string{name}, names...)
	}
	kind, known := overview.KindFor(word)
	if !known {
		return kind, nil, fmt.Errorf("%q is none of Scalegate's kinds: name one of %s", word, strings.Join(kindWords(), ", "))
	}
	return kind, names, nil
}

// kindWords are the words for each kind that people are told.
func kindWords() []string {
	var words []string
	for _, kind := range overview.Kinds() {
		words = append(words, kind.Words[2])
	}
	return words
}

func (o *getOptions) read(ctx context.Context, c connection, kind overview.Kind, names []string) ([]client.Object, error) {
	var options []client.ListOption
	if kind.Namespaced && !o.all {
		options = append(options, client.InNamespace(c.namespace))
	}
	if o.selector != "" {
		if len(names) > 0 {
			return nil, errors.New("--selector picks among all: leave it out where you name some")
		}
		selector, err := labels.Parse(o.selector)
		if err != nil {
			return nil, fmt.Errorf("reading --selector: %w", err)
		}
		options = append(options, client.MatchingLabelsSelector{Selector: selector})
	}
	if len(names) > 0 {
		return c.named(ctx, kind, names)
	}
	return c.listAll(ctx, kind, options...)
}

// named reads the objects of these names.
func (c connection) named(ctx context.Context, kind overview.Kind, names []string) ([]client.Object, error) {
	var objects []client.Object
	for _, name := range names {
		key := client.ObjectKey{Name: name}
		where := ""
		if kind.Namespaced {
			key.Namespace, where = c.namespace, " in namespace "+c.namespace
		}
		object := kind.New()
		if err := c.Get(ctx, key, object); apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("there is no %s %s%s: see which there are with get %s", kind.Name, name, where, kind.Words[2])
		} else if err != nil {
			return nil, fmt.Errorf("reading %s %s: %w", kind.Name, name, unreadable(kind, err))
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// listAll reads every object of a kind, page by page.
func (c connection) listAll(ctx context.Context, kind overview.Kind, where ...client.ListOption) ([]client.Object, error) {
	var objects []client.Object
	for next := ""; ; {
		list := kind.NewList()
		if err := c.List(ctx, list, append([]client.ListOption{client.Limit(pageSize), client.Continue(next)}, where...)...); err != nil {
			return nil, fmt.Errorf("listing %s: %w", kind.Resource, unreadable(kind, err))
		}
		items, err := meta.ExtractList(list)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", kind.Resource, err)
		}
		for _, item := range items {
			if object, ok := item.(client.Object); ok {
				objects = append(objects, object)
			}
		}
		if next = list.GetContinue(); next == "" {
			return objects, nil
		}
	}
}

// unreadable adds the remedy to an error of reading a kind.
func unreadable(kind overview.Kind, err error) error {
	switch {
	case !apierrors.IsForbidden(err):
		return served(err)
	case kind.Namespaced:
		return fmt.Errorf("the cluster's own role view grants it in a namespace: name one with --namespace: %w", err)
	}
	return fmt.Errorf("the ClusterRole scalegate-reader grants it: %w", err)
}

// tableOf is the table of objects of a kind.
func tableOf(kind overview.Kind, objects []client.Object, at overview.At, namespaces bool) printable {
	headings := append([]string{"Name"}, kind.Columns...)
	if namespaces {
		headings = append([]string{"Namespace"}, headings...)
	}
	p := printable{columns: columns(headings...)}
	for _, object := range objects {
		row := append([]string{object.GetName()}, kind.Row(object, at)...)
		if namespaces {
			row = append([]string{object.GetNamespace()}, row...)
		}
		p.rows = append(p.rows, row)
		p.names = append(p.names, resourceName(kind, object.GetName()))
	}
	return p
}

// resourceName is how kubectl gives an object of a kind.
func resourceName(kind overview.Kind, name string) string {
	return strings.ToLower(kind.Name) + "." + v1alpha1.Group + "/" + name
}

// dataOf is what programs read: the object that was named, and else a list.
func dataOf(kind overview.Kind, objects []client.Object, one bool) any {
	for _, object := range objects {
		object.GetObjectKind().SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(kind.Name))
		object.SetManagedFields(nil)
	}
	if one {
		return objects[0]
	}
	return objectList{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: kind.Name + "List"},
		Items:    append([]client.Object{}, objects...),
	}
}

// objectList is a list of objects as the API server gives it.
type objectList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []client.Object `json:"items"`
}

// complete completes a kind, and then names of it.
func (o *getOptions) complete(env environment) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return kindWords(), cobra.ShellCompDirectiveNoFileComp
		}
		kind, known := overview.KindFor(args[0])
		if !known {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completeNames(cmd, env, o.flags, kind, args[1:])
	}
}
