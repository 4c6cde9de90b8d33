// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/hack/bench/objects"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

const (
	// Policy is the name of the policy that all releases of a fleet are under.
	Policy = "fleet"
	// PerNamespace is how many releases share a namespace.
	PerNamespace = 10
	// completing is how long kube-controller-manager may take for all namespaces, and deciding how long the manager may take until
	// the releases of the next namespace are ready.
	completing, deciding = 15 * time.Minute, 5 * time.Minute
)

// Fleet is what an installation is filled with.
type Fleet struct {
	// Releases are that many, PerNamespace to a namespace.
	Releases int
	// Evaluations of each release: one for each of as many requirements.
	Evaluations int
	// Ended is when the evaluations ended; zero for an hour ago.
	Ended time.Time
	// Args are flags of the manager.
	Args []string
}

// ControlPlane is one that has room for a fleet: etcd's default of 2 GiB is too little for 50,000 releases, and with its
// default of 20 requests a second kube-controller-manager takes minutes for the namespaces.
func ControlPlane(log io.Writer) localcluster.Options {
	return localcluster.Options{
		Output: log, Production: true,
		Args: map[string][]string{
			localcluster.Etcd:              {"--quota-backend-bytes=8589934592"},
			localcluster.ControllerManager: {"--kube-api-qps=400", "--kube-api-burst=800"},
		},
	}
}

// Namespace and Release are where the release of a number is, from 0 on.
func Namespace(number int) string { return fmt.Sprintf("%s%05d", namespacePrefix, number/PerNamespace) }

const namespacePrefix = "fleet-"

// Release is the name of the release of a number, in its Namespace.
func Release(number int) string { return fmt.Sprintf("model-%d", number%PerNamespace) }

// Evaluation is the name of one evaluation of a release, and of the ConfigMap with its result file.
func Evaluation(release string, number int) string { return fmt.Sprintf("%s-%d", release, number) }

// Seed fills an installation whose manager does not run. One release is made through the API, and measured and decided about
// by the manager. What the API server stored of it is written to its database once for each other release, with other names,
// UIDs, digests and files, and with the record that the engine makes of it: so tens of thousands are there within minutes, with
// managed fields, stamps, statuses and clearances as real ones have them, and each with one record. A manager that starts finds
// nothing to change, which cold-start sees to. Seed returns once it runs.
func Seed(ctx context.Context, i *installation.Installation, fleet Fleet, options measure.Options) error {
	if i.Running(installation.Manager) {
		return errors.New("filling an installation: its manager runs")
	}
	s := seed{Installation: i, Fleet: fleet, Options: options}
	var err error
	if s.store, err = openStore(i.Cluster); err != nil {
		return err
	}
	for _, step := range []struct {
		about string
		do    func(context.Context) error
	}{
		{"making the first release", s.first},
		{"copying it", s.copyAll},
		{"having what belongs to namespaces made", s.namespacesComplete},
		{"starting the manager", func(ctx context.Context) error {
			if err := i.StartManager(ctx, fleet.Args...); err != nil {
				return err
			}
			return AllReady(ctx, i.Client, fleet.Releases)
		}},
	} {
		began := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("filling an installation: %s: %w", step.about, err)
		}
		options.Logf("%s: %v", step.about, time.Since(began).Round(time.Millisecond))
	}
	return nil
}

// namespacesComplete waits until kube-controller-manager has made what belongs to each namespace, beside which nothing is to be
// measured: an account, and a ConfigMap.
func (s *seed) namespacesComplete(ctx context.Context) error {
	namespaces := (s.Releases + PerNamespace - 1) / PerNamespace
	for kind, want := range map[string]int{"serviceaccounts": namespaces, "configmaps": namespaces + s.Releases*s.Evaluations} {
		err := wait.PollUntilContextTimeout(ctx, time.Second, completing, true, func(ctx context.Context) (bool, error) {
			count, err := s.store.count(ctx, "/registry/"+kind+"/"+namespacePrefix)
			return count >= want, errors.Join(err, s.Err())
		})
		if err != nil {
			return fmt.Errorf("waiting for %d %s: %w", want, kind, err)
		}
	}
	return nil
}

// AllReady waits until the first releases of a fleet, as many as are said, are ready.
func AllReady(ctx context.Context, reader client.Reader, releases int) error {
	for number := 0; number < releases; number += PerNamespace {
		want := min(PerNamespace, releases-number)
		err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, deciding, true, func(ctx context.Context) (bool, error) {
			var list v1alpha1.ModelReleaseList
			if err := reader.List(ctx, &list, client.InNamespace(Namespace(number))); err != nil {
				return false, err
			}
			ready := 0
			for at := range list.Items {
				if meta.IsStatusConditionTrue(list.Items[at].Status.Conditions, v1alpha1.ConditionReady) {
					ready++
				}
			}
			return ready >= want, nil
		})
		if err != nil {
			return fmt.Errorf("waiting for the releases of %s: %w", Namespace(number), err)
		}
	}
	return nil
}

// seed is one filling of an installation.
type seed struct {
	*installation.Installation
	Fleet
	measure.Options
	store store
	original
}

// first makes the first release and all that it needs, and has the manager measure it and decide about it.
func (s *seed) first(ctx context.Context) error {
	namespace, name := Namespace(0), Release(0)
	policy := s.policy()
	if err := errors.Join(s.Govern(ctx, namespace), s.Client.Create(ctx, policy)); err != nil {
		return err
	}
	release := objects.Release(namespace, name)
	release.Spec.Policy = policy.Name
	if err := s.Client.Create(ctx, release); err != nil {
		return err
	}
	for n := range s.Evaluations {
		e := objects.Evaluation(namespace, name)
		e.Name = Evaluation(name, n)
		e.Spec.Requirement, e.Spec.Report.ConfigMap.Name = requirement(n), e.Name
		if err := errors.Join(s.Client.Create(ctx, s.file(namespace, e.Name)), s.Client.Create(ctx, e)); err != nil {
			return err
		}
	}
	if err := s.StartManager(ctx, s.Args...); err != nil {
		return err
	}
	if err := AllReady(ctx, s.Client, 1); err != nil {
		return err
	}
	return s.load(ctx)
}

// file is the result file of an evaluation.
func (s *seed) file(namespace, name string) *corev1.ConfigMap {
	if s.Ended.IsZero() {
		return objects.File(namespace, name)
	}
	return objects.FileOf(namespace, name, s.Ended)
}

// policy asks for as many evaluations as every release has.
func (s *seed) policy() *v1alpha1.SafetyPolicy {
	policy := objects.Policy(Policy)
	first := policy.Spec.Requirements[0]
	for n := 1; n < s.Evaluations; n++ {
		next := *first.DeepCopy()
		next.Name = requirement(n)
		policy.Spec.Requirements = append(policy.Spec.Requirements, next)
		policy.Spec.Levels[0].Requires = append(policy.Spec.Levels[0].Requires, next.Name)
	}
	return policy
}

func requirement(n int) string {
	if n == 0 {
		return objects.Requirement
	}
	return fmt.Sprintf("%s-%d", objects.Requirement, n)
}
