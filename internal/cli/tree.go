// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/overview"
)

// treeOptions are the flags of the tree command.
type treeOptions struct {
	flags      *genericclioptions.ConfigFlags
	format     choice
	all, watch bool
	most       int
}

func newTree(env environment) *cobra.Command {
	o := &treeOptions{flags: newFlags(), format: choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML}}}
	cmd := &cobra.Command{
		Use:   "tree [RELEASE]",
		Short: "Show policies, releases, requirements, people, workloads and pods as a tree",
		Long: `Shows what there is as a tree: below each policy its releases, and below each release the capability thresholds that are
not ruled out, the requirements with evaluations on their way, what people signed, and the workloads with their pods, held
or serving. It shows what the manager wrote, and decides nothing anew: that is what explain does.

Signs: ✓ met, granted or serving · ✗ failed, revoked, objected to or held · ○ missing or on its way · ? indeterminate
or unknown · ! expiring, expired, waived or ending · "·" does not count.

With --watch it is shown anew as it changes, until it is interrupted: on the whole screen of a terminal, and otherwise as
another tree below a line. What the terminal has no room for is cut at its right edge and at its bottom; what you may not
read is left out, and said. Colours are used on a terminal where NO_COLOR is not set.

Exit codes: 0 shown, whatever it says; 1 an error.`,
		Example: `  scalegate tree -A
  scalegate tree opus-4 -n serving --watch`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeReleases(env, o.flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.connect(o.flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return o.run(cmd, &treeView{
				treeOptions: o, connection: c, now: env.now, program: displayName(cmd), release: strings.Join(args, ""), out: cmd.OutOrStdout(),
			})
		},
	}
	o.flags.AddFlags(cmd.Flags())
	f := cmd.Flags()
	f.BoolVarP(&o.all, "all-namespaces", "A", false, "show the releases of all namespaces")
	f.BoolVarP(&o.watch, "watch", "w", false, "show it anew as it changes")
	f.IntVar(&o.most, "pods", 10, "how many pods of a workload are shown, those in trouble first; 0 shows all")
	o.format.addTo(cmd, "output", "o", "how to print it")
	completeNamespaces(cmd, env, o.flags)
	return cmd
}

func (o *treeOptions) run(cmd *cobra.Command, v *treeView) error {
	switch {
	case v.release != "" && o.all:
		return fmt.Errorf("release %s is in one namespace: leave --all-namespaces out, and say which with --namespace", v.release)
	case o.watch && o.format.value != formatText:
		return fmt.Errorf("--watch shows text: leave it or --output %s out", o.format.value)
	case o.watch:
		return v.follow(cmd.Context())
	}
	if err := v.list(cmd.Context()); err != nil {
		return err
	}
	if err := v.exists(); err != nil {
		return err
	}
	nodes := overview.Tree(v.facts(v.now()))
	if o.format.value != formatText {
		return encode(v.out, o.format.value, map[string]any{"tree": nodes, "unread": v.unread})
	}
	size := terminalSize(v.out)
	return v.print(v.lines(nodes, overview.Style{Width: size.width, Colour: size.colour}))
}

// treeView is one run of the tree command.
type treeView struct {
	*treeOptions
	connection
	now     func() time.Time
	program string
	// release is the only one that is shown; empty for all.
	release string
	out     io.Writer
	// unread are the resources that the caller may not read.
	unread []string
	// objects gives what there is now of each resource.
	objects map[string]func() []client.Object
	// lost says what is wrong with the connection; nil while it works.
	lost error
}

// podsWord names the pods among the resources of the tree.
const podsWord = "pods"

// treeSource is one kind that a tree is made of.
type treeSource struct {
	word string
	watched
}

// sources are the kinds that a tree is made of, releases first.
func (v *treeView) sources() []treeSource {
	var in []client.ListOption
	if !v.all {
		in = append(in, client.InNamespace(v.namespace))
	}
	var all []treeSource
	for _, word := range []string{"releases", "policies", "evaluations", "approvals", "waivers", "determinations"} {
		kind, _ := overview.KindFor(word)
		s := treeSource{word, watched{object: kind.New(), list: kind.NewList, slim: func(o client.Object) { o.SetManagedFields(nil) }}}
		if kind.Namespaced {
			s.options = in
		}
		all = append(all, s)
	}
	return append(all, treeSource{podsWord, watched{
		object: &corev1.Pod{}, list: func() client.ObjectList { return &corev1.PodList{} }, slim: slimPod,
		options: append(slices.Clip(in), client.HasLabels{v1alpha1.LabelRelease}),
	}})
}

// slimPod takes off a pod what a tree does not show.
func slimPod(o client.Object) {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return
	}
	pod.ManagedFields = nil
	pod.Spec = corev1.PodSpec{NodeName: pod.Spec.NodeName, SchedulingGates: pod.Spec.SchedulingGates}
}

// list reads everything once.
func (v *treeView) list(ctx context.Context) error {
	v.objects = map[string]func() []client.Object{}
	for _, source := range v.sources() {
		var found []client.Object
		list := source.list()
		err := v.each(ctx, list, func() {
			objects, _ := listed[client.Object](list)
			for _, o := range objects {
				copied, _ := o.DeepCopyObject().(client.Object)
				found = append(found, copied)
			}
		}, source.options...)
		if err := v.note(source.word, err); err != nil {
			return err
		}
		v.objects[source.word] = func() []client.Object { return found }
	}
	return nil
}

// note takes the error of what may not be read, but of releases.
func (v *treeView) note(word string, err error) error {
	if err == nil {
		return nil
	}
	if kind, ours := overview.KindFor(word); word == "releases" || !apierrors.IsForbidden(err) {
		if ours {
			err = unreadable(kind, err)
		}
		return fmt.Errorf("reading %s: %w", word, err)
	}
	v.unread = append(v.unread, word)
	return nil
}

// exists is an error where the one release that is asked for does not.
func (v *treeView) exists() error {
	if v.release == "" || len(v.facts(v.now()).Releases) > 0 {
		return nil
	}
	return fmt.Errorf("there is no ModelRelease %s in namespace %s: name another one, or its namespace with --namespace", v.release, v.namespace)
}

// facts are what the tree is made of now.
func (v *treeView) facts(now time.Time) overview.Facts {
	f := overview.Facts{At: overview.At{Now: now, Program: v.program}, MostPods: v.most}
	f.Releases = slices.DeleteFunc(taken[*v1alpha1.ModelRelease](v, "releases"), func(r *v1alpha1.ModelRelease) bool {
		return v.release != "" && r.Name != v.release
	})
	f.Policies = taken[*v1alpha1.SafetyPolicy](v, "policies")
	if v.release != "" {
		f.Policies = slices.DeleteFunc(f.Policies, func(p *v1alpha1.SafetyPolicy) bool {
			return !slices.ContainsFunc(f.Releases, func(r *v1alpha1.ModelRelease) bool { return r.Spec.Policy == p.Name })
		})
	}
	f.Evaluations = taken[*v1alpha1.SafetyEvaluation](v, "evaluations")
	f.Approvals = taken[*v1alpha1.ReleaseApproval](v, "approvals")
	f.Waivers = taken[*v1alpha1.ReleaseWaiver](v, "waivers")
	f.Determinations = taken[*v1alpha1.ReleaseDetermination](v, "determinations")
	f.Pods = slices.DeleteFunc(taken[*corev1.Pod](v, podsWord), func(p *corev1.Pod) bool {
		return v.release != "" && p.Labels[v1alpha1.LabelRelease] != v.release
	})
	return f
}

// taken are the objects of a resource, in a slice of the caller's.
func taken[T client.Object](v *treeView, word string) []T {
	read := v.objects[word]
	if read == nil {
		return nil
	}
	var all []T
	for _, o := range read() {
		if typed, ok := o.(T); ok {
			all = append(all, typed)
		}
	}
	return all
}

// lines draws the tree, and says below it what it leaves out.
func (v *treeView) lines(nodes []overview.Node, style overview.Style) []string {
	if len(nodes) == 0 {
		return v.append([]string{"No policies, and no releases" + v.where() + "."})
	}
	return v.append(overview.Draw(nodes, style))
}

func (v *treeView) append(lines []string) []string {
	if len(v.unread) > 0 {
		lines = append(lines, "", "You may not read, so it does not show: "+strings.Join(v.unread, ", "))
	}
	return lines
}

func (v *treeView) where() string {
	if v.all {
		return ""
	}
	return " in namespace " + v.namespace
}

func (v *treeView) print(lines []string) error {
	if _, err := io.WriteString(v.out, strings.Join(lines, "\n")+"\n"); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// colourWanted tells whether a terminal is to be written to in colour.
func colourWanted() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }
