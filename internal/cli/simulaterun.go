// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/census"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/manifest"
	"github.com/scalegate/scalegate/internal/offline"
	"github.com/scalegate/scalegate/internal/simulation"
	"github.com/scalegate/scalegate/internal/snapshot"
	"github.com/scalegate/scalegate/internal/workload"
)

// simulating is one run of the command.
type simulating struct {
	env       environment
	flags     *genericclioptions.ConfigFlags
	manifests manifests
	all       bool
	at        string
}

// worlds are the cluster as it is, as it would be at once, and once what is pending is in force; the last is nil where nothing is.
type worlds struct {
	before, after, inForce *snapshot.Snapshot
	now, at                time.Time
}

func (x *simulating) run(cmd *cobra.Command) (*simulated, error) {
	ctx := cmd.Context()
	if len(x.manifests.files) == 0 && x.manifests.kustomize == "" && x.at == "" {
		return nil, errors.New("say what to simulate: --filename FILE with a policy or evidence, or --at TIME")
	}
	now := x.env.now()
	at, err := timeOf(x.at, x.env)
	if err != nil {
		return nil, err
	}
	c, err := x.env.connect(x.flags, cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	namespace := c.namespace
	if x.all {
		namespace = ""
	}
	stored, err := c.world(ctx, []string{namespace})
	if err != nil {
		return nil, err
	}
	set, err := x.load(cmd, c.namespace)
	if err != nil {
		return nil, err
	}
	set.Adopt(stored...)
	w := worlds{before: snapshot.Of(stored...), after: set.World(ctx, at), now: now, at: at}
	result := &simulated{Time: at.UTC(), Changes: []simulation.Change{}}
	if err := result.revise(ctx, &w, set.Policies()); err != nil {
		return nil, err
	}
	serving, notes, err := c.serving(ctx, namespace)
	if err != nil {
		return nil, err
	}
	result.Notes = notes
	if err := result.simulate(ctx, &w, namespace, serving); err != nil {
		return nil, err
	}
	result.sum()
	return result, nil
}

// load reads the files. What is not valid ends it: the API server would not take it.
func (x *simulating) load(cmd *cobra.Command, namespace string) (*offline.Set, error) {
	_, known, err := shipped()
	if err != nil {
		return nil, err
	}
	var objects []manifest.Object
	var unread error
	if len(x.manifests.files) > 0 || x.manifests.kustomize != "" {
		if objects, unread, err = x.manifests.read(cmd); err != nil {
			return nil, err
		}
	}
	set := offline.Load(cmd.Context(), known, objects, unread, offline.Options{Namespace: namespace})
	return set, set.Err()
}

// revise finds out what the texts of policies would be recorded as, and makes the world in which they are in force.
func (s *simulated) revise(ctx context.Context, w *worlds, policies []*v1alpha1.SafetyPolicy) error {
	then := w.after.Clone()
	pending := false
	for _, policy := range policies {
		records := &v1alpha1.PolicyRevisionList{}
		if err := w.before.List(ctx, records, client.MatchingFields{gathering.ByPolicy: policy.Name}); err != nil {
			return err
		}
		stored := &v1alpha1.SafetyPolicy{}
		if err := w.before.Get(ctx, client.ObjectKeyFromObject(policy), stored); apierrors.IsNotFound(err) {
			stored = nil
		} else if err != nil {
			return err
		}
		r, err := simulation.Revise(policy, stored, records.Items, w.now)
		if err != nil {
			return err
		}
		s.Revisions = append(s.Revisions, r)
		if r.Record == nil {
			continue
		}
		then.Put(r.Record)
		if r.Pending {
			pending = true
		} else {
			w.after.Put(r.Record)
		}
	}
	if pending {
		w.inForce = then
	}
	return nil
}

// simulate decides about every release of a namespace; of all for the empty one.
func (s *simulated) simulate(ctx context.Context, w *worlds, namespace string, serving map[client.ObjectKey][]servingPod) error {
	releases := &v1alpha1.ModelReleaseList{}
	if err := w.after.List(ctx, releases, client.InNamespace(namespace)); err != nil {
		return err
	}
	for i := range releases.Items {
		release := &releases.Items[i]
		key := client.ObjectKeyFromObject(release)
		r := simulation.Release{Serving: servingOf(release, serving[key])}
		var err error
		if r.Before, err = (gathering.Source{Reader: w.before, Cache: w.before}).Input(ctx, key, w.now); err != nil {
			return err
		}
		if r.After, err = (gathering.Source{Reader: w.after, Cache: w.after}).Input(ctx, key, w.at); err != nil {
			return err
		}
		if w.inForce != nil {
			in, err := gathering.Source{Reader: w.inForce, Cache: w.inForce}.Input(ctx, key, w.at)
			if err != nil {
				return err
			}
			if in.PolicyRevision != "" && r.After.InForce != nil {
				r.InForce = &in
			}
		}
		s.Changes = append(s.Changes, simulation.Simulate(r))
	}
	return nil
}

// servingPod is as much of a pod as a simulation needs.
type servingPod struct {
	labels       map[string]string
	held         bool
	accelerators int64
}

// serving are the pods that claim a release and have not ended, by the release.
func (c connection) serving(ctx context.Context, namespace string) (pods map[client.ObjectKey][]servingPod, notes []string, err error) {
	accelerators, notes, err := c.accelerators(ctx)
	if err != nil {
		return nil, nil, err
	}
	pods = map[client.ObjectKey][]servingPod{}
	list := &corev1.PodList{}
	err = c.each(ctx, list, func() {
		for i := range list.Items {
			pod := &list.Items[i]
			if census.Ended(pod) || pod.DeletionTimestamp != nil {
				continue
			}
			key := client.ObjectKey{Namespace: pod.Namespace, Name: pod.Labels[v1alpha1.LabelRelease]}
			pods[key] = append(pods[key], servingPod{labels: pod.Labels, held: isHeld(pod), accelerators: accelerators.Count(&pod.Spec)})
		}
	}, client.InNamespace(namespace), client.HasLabels{v1alpha1.LabelRelease})
	if apierrors.IsForbidden(err) {
		return pods, append(notes, "You may not list pods, so none are counted: what serves was not looked at."), nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listing pods: %w", err)
	}
	return pods, notes, nil
}

func isHeld(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool { return g.Name == v1alpha1.SchedulingGate })
}

// accelerators are those of the installation; the shipped ones, with a note, where they cannot be read.
func (c connection) accelerators(ctx context.Context) (census.Accelerators, []string, error) {
	policy := &admissionv1.ValidatingAdmissionPolicy{}
	err := c.Get(ctx, client.ObjectKey{Name: census.AcceleratorPolicy}, policy)
	switch {
	case apierrors.IsForbidden(err):
		return census.DefaultAccelerators(), []string{"You may not read admission policies, so the shipped list says what an accelerator is."}, nil
	case apierrors.IsNotFound(err) || meta.IsNoMatchError(err):
		return census.DefaultAccelerators(), nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("reading ValidatingAdmissionPolicy %s: %w", census.AcceleratorPolicy, err)
	}
	all, err := census.AcceleratorsOf(policy)
	if err != nil {
		return nil, nil, err
	}
	return all, nil, nil
}

// servingOf are the pods of a release by the exposure that they claim, in the order of its first pod.
func servingOf(release *v1alpha1.ModelRelease, pods []servingPod) []simulation.Serving {
	var all []simulation.Serving
	for i := range pods {
		exposure := workload.Exposure(pods[i].labels, release)
		at := slices.IndexFunc(all, func(s simulation.Serving) bool { return s.Exposure == exposure })
		if at < 0 {
			at = len(all)
			all = append(all, simulation.Serving{Exposure: exposure})
		}
		if pods[i].held {
			all[at].Held++
			all[at].HeldAccelerators += pods[i].accelerators
			continue
		}
		all[at].Pods++
		all[at].Accelerators += pods[i].accelerators
	}
	return all
}
