// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/overview"
)

// completionTime is how long a shell waits for words from the cluster. What takes longer, and what goes wrong, gives none:
// a person who presses a key gets an answer or keeps typing.
const completionTime = 3 * time.Second

// suggest asks the cluster for words. Nothing is said of what goes wrong.
func suggest(
	cmd *cobra.Command, env environment, flags *genericclioptions.ConfigFlags, ask func(context.Context, connection) ([]string, error),
) ([]cobra.Completion, cobra.ShellCompDirective) {
	c, err := env.connect(flags, io.Discard)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, completionTime)
	defer cancel()
	words, err := ask(ctx, c)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	slices.Sort(words)
	return slices.Compact(words), cobra.ShellCompDirectiveNoFileComp
}

// completeNames completes names of a kind, without those that were typed already.
func completeNames(
	cmd *cobra.Command, env environment, flags *genericclioptions.ConfigFlags, kind overview.Kind, typed []string,
) ([]cobra.Completion, cobra.ShellCompDirective) {
	return suggest(cmd, env, flags, func(ctx context.Context, c connection) ([]string, error) {
		var where []client.ListOption
		if kind.Namespaced {
			where = append(where, client.InNamespace(c.namespace))
		}
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(kind.Name + "List"))
		if err := c.List(ctx, list, append(where, client.Limit(pageSize))...); err != nil {
			return nil, err
		}
		var names []string
		for i := range list.Items {
			if name := list.Items[i].Name; !slices.Contains(typed, name) {
				names = append(names, name)
			}
		}
		return names, nil
	})
}

// completeOne completes the first argument with names of a kind.
func completeOne(env environment, flags *genericclioptions.ConfigFlags, word string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		kind, known := overview.KindFor(word)
		if len(args) > 0 || !known {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completeNames(cmd, env, flags, kind, nil)
	}
}

// completeKind completes a flag with names of a kind.
func completeKind(cmd *cobra.Command, env environment, flags *genericclioptions.ConfigFlags, flag, word string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return completeOne(env, flags, word)(cmd, nil, typed)
	})
}

// completeReleases completes the name of a release.
func completeReleases(env environment, flags *genericclioptions.ConfigFlags) cobra.CompletionFunc {
	return completeOne(env, flags, "releases")
}

// completeNamespaces completes --namespace.
func completeNamespaces(cmd *cobra.Command, env environment, flags *genericclioptions.ConfigFlags) {
	// It goes wrong only for a flag that does not exist or has a completion already.
	_ = cmd.RegisterFlagCompletionFunc("namespace", func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return suggest(cmd, env, flags, func(ctx context.Context, c connection) ([]string, error) {
			list := &metav1.PartialObjectMetadataList{}
			list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
			if err := c.List(ctx, list, client.Limit(pageSize)); err != nil {
				return nil, err
			}
			var names []string
			for i := range list.Items {
				names = append(names, list.Items[i].Name)
			}
			return names, nil
		})
	})
}

// completePolicyOf completes a flag with words from the policy of the release that is the first argument, or that
// --release names; and of all policies while none is named.
func completePolicyOf(
	cmd *cobra.Command, env environment, flags *genericclioptions.ConfigFlags, flag string, words func(*v1alpha1.SafetyPolicySpec) []string,
) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return suggest(cmd, env, flags, func(ctx context.Context, c connection) ([]string, error) {
			list := &v1alpha1.SafetyPolicyList{}
			if err := c.List(ctx, list, client.Limit(pageSize)); err != nil {
				return nil, err
			}
			only := policyNamed(ctx, cmd, c, args)
			var all []string
			for i := range list.Items {
				if only == "" || only == list.Items[i].Name {
					all = append(all, words(&list.Items[i].Spec)...)
				}
			}
			return all, nil
		})
	})
}

// policyNamed is the policy of the release that the command line names; empty where it names none that can be read.
func policyNamed(ctx context.Context, cmd *cobra.Command, c connection, args []string) string {
	name := ""
	if f := cmd.Flags().Lookup("release"); f != nil {
		name = f.Value.String()
	} else if len(args) > 0 {
		name = args[len(args)-1]
	}
	release := &v1alpha1.ModelRelease{}
	if name == "" || c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, release) != nil {
		return ""
	}
	return release.Spec.Policy
}

func requirementNames(p *v1alpha1.SafetyPolicySpec) []string {
	return namesOf(p.Requirements, func(r *v1alpha1.Requirement) string { return r.Name })
}

func roleNames(p *v1alpha1.SafetyPolicySpec) []string {
	return namesOf(p.Roles, func(r *v1alpha1.Role) string { return r.Name })
}

func exposureNames(p *v1alpha1.SafetyPolicySpec) []string {
	return namesOf(p.Exposures, func(x *v1alpha1.Exposure) string { return x.Name })
}

func namesOf[T any](all []T, name func(*T) string) []string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = name(&all[i])
	}
	return names
}
