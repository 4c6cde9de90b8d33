// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mutate asks whether the bypass suite would notice if the admission policies were weaker. It changes them in
// every single place, one after another, installs what results on a real control plane, and makes the attempts at its
// doors until one of them ends otherwise than the oracle says. A change that no attempt notices has survived.
package mutate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/test/bypass/attempts"
	"github.com/scalegate/scalegate/test/bypass/suite"
	"github.com/scalegate/scalegate/test/installation"
)

// Report is what came of all mutants.
type Report struct {
	// Clauses is how many were tried.
	Clauses int
	// Survivors are those that no attempt noticed.
	Survivors []Clause
	// Excused are those that make no difference, and were not tried.
	Excused []Clause
	// Unwritable are those that the API server does not take: what is left of the policy is no policy.
	Unwritable []Clause
}

// Options choose what is tried.
type Options struct {
	// Only takes the policies whose name it matches; nil: all.
	Only *regexp.Regexp
	// Clauses takes the clauses that it matches, as Clause.String names them; nil: all.
	Clauses *regexp.Regexp
	// Log takes the progress.
	Log io.Writer
}

// run is one run over all mutants.
type run struct {
	*suite.Bench
	Options
	signals  *signals
	policies map[string]*unstructured.Unstructured
	mu       sync.Mutex
	report   Report
}

// Run tries every clause on a control plane of its own.
func Run(ctx context.Context, options Options) (report Report, err error) {
	bench, err := suite.NewBench(ctx, options.Log)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, bench.Stop()) }()
	if err := bench.Silence(ctx); err != nil {
		return Report{}, err
	}
	r := &run{Bench: bench, Options: options, signals: &signals{client: bench.Client}, policies: map[string]*unstructured.Unstructured{}}
	targets, err := r.prepare(ctx)
	if err != nil {
		return Report{}, err
	}
	if err := r.all(ctx, targets); err != nil {
		return r.report, err
	}
	err = r.again(ctx)
	return r.report, err
}

// again gives the survivors a second chance without the mutating policies: some validating policies answer for what
// those would have done, and refuse nothing while they do it.
func (r *run) again(ctx context.Context) error {
	if err := r.Unmutate(ctx); err != nil {
		return err
	}
	clean, err := r.Try(ctx, attempts.Unmutated(attempts.All()))
	if err != nil {
		return err
	}
	clean = slices.DeleteFunc(clean, func(result suite.Result) bool { return !result.Met })
	survivors := r.report.Survivors
	r.report.Survivors, r.report.Clauses = nil, r.report.Clauses-len(survivors)
	for _, clause := range survivors {
		policy := r.policies["ValidatingAdmissionPolicy/"+clause.Policy]
		if policy == nil {
			r.report.Survivors, r.report.Clauses = append(r.report.Survivors, clause), r.report.Clauses+1
			continue
		}
		if err := errors.Join(r.install(ctx, clause), r.signals.raise(ctx), r.signals.await(ctx)); err != nil {
			return err
		}
		t := &target{policy: policy, attempts: telling(policy, clean)}
		if err := errors.Join(r.try(ctx, clause, t), r.restore(ctx, clause)); err != nil {
			return err
		}
	}
	return nil
}

// prepare renders the policies, and makes every attempt once to know what is normal.
func (r *run) prepare(ctx context.Context) ([]*target, error) {
	objects, err := r.render(ctx)
	if err != nil {
		return nil, err
	}
	clean, err := r.Try(ctx, attempts.All())
	if err != nil {
		return nil, err
	}
	normal := slices.DeleteFunc(clean, func(result suite.Result) bool { return !result.Met })
	fmt.Fprintf(r.Log, "%d attempts end as the oracle says without a mutant, and %d do not\n", len(normal), len(attempts.All())-len(normal))
	for _, o := range objects {
		r.policies[o.GetKind()+"/"+o.GetName()] = o
	}
	var targets []*target
	for _, o := range objects {
		if strings.HasSuffix(o.GetKind(), "Binding") || r.Only != nil && !r.Only.MatchString(o.GetName()) {
			continue
		}
		t := &target{policy: o, doors: doorsOf(o), attempts: telling(o, normal)}
		if err := r.addClauses(t); err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// addClauses adds those of the policy and of its binding.
func (r *run) addClauses(t *target) error {
	for _, kind := range []string{t.policy.GetKind(), t.policy.GetKind() + "Binding"} {
		object, ok := r.policies[kind+"/"+t.policy.GetName()]
		if !ok {
			return fmt.Errorf("%s %s is not rendered", kind, t.policy.GetName())
		}
		clauses, err := clausesOf(object)
		if err != nil {
			return err
		}
		for _, clause := range clauses {
			if r.Clauses != nil && !r.Clauses.MatchString(clause.String()) {
				continue
			}
			if _, ok := excused(clause); ok {
				r.report.Excused = append(r.report.Excused, clause)
				continue
			}
			t.clauses = append(t.clauses, clause)
		}
	}
	return nil
}

// render are the admission objects as they are installed.
func (r *run) render(ctx context.Context) (objects []*unstructured.Unstructured, err error) {
	text, err := r.Kubectl(ctx, r.Admin(), "kustomize", filepath.Join(installation.Root(), "config", "admission"))
	if err != nil {
		return nil, fmt.Errorf("rendering the admission policies: %w", err)
	}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil {
			return nil, fmt.Errorf("reading the admission policies: %w", err)
		}
		if o.GroupVersionKind().Group == "admissionregistration.k8s.io" {
			objects = append(objects, o)
		}
	}
	return objects, nil
}

// all tries the clauses in rounds, one mutant each of policies that share no door.
func (r *run) all(ctx context.Context, targets []*target) error {
	total := 0
	for _, t := range targets {
		total += len(t.clauses)
	}
	began := time.Now()
	var installed []Clause
	for i := 0; ; i++ {
		active := together(targets)
		if len(active) == 0 {
			return r.each(installed, func(c Clause) error { return r.restore(ctx, c) })
		}
		var err error
		if installed, err = r.round(ctx, active, installed); err != nil {
			return err
		}
		if i%10 == 9 {
			fmt.Fprintf(r.Log, "%d of %d clauses, %d survived, %s\n", r.report.Clauses, total, len(r.report.Survivors), time.Since(began).Round(time.Second))
		}
	}
}

// round puts back what the last round changed and this one does not, installs a mutant of each target, waits until all
// that acts, and makes the attempts. It returns what it changed.
func (r *run) round(ctx context.Context, active []*target, before []Clause) (installed []Clause, err error) {
	var now []Clause
	for _, t := range active {
		now = append(now, t.clauses[0])
		t.clauses = t.clauses[1:]
	}
	err = r.each(before, func(old Clause) error {
		if slices.ContainsFunc(now, func(c Clause) bool { return c.Kind == old.Kind && c.Policy == old.Policy && c.Object != nil }) {
			return nil
		}
		return r.restore(ctx, old)
	})
	if err != nil {
		return nil, err
	}
	refused := make([]bool, len(now))
	errs := make([]error, len(now))
	var wg sync.WaitGroup
	for i, clause := range now {
		wg.Go(func() {
			errs[i] = r.install(ctx, clause)
			refused[i] = apierrors.IsInvalid(errs[i])
		})
	}
	wg.Wait()
	for i := range now {
		switch {
		case refused[i]:
			r.report.Unwritable = append(r.report.Unwritable, now[i])
			// What an earlier round left in its place must go all the same.
			errs[i] = r.restore(ctx, now[i])
		case errs[i] != nil:
			errs[i] = fmt.Errorf("installing %s: %w", now[i], errs[i])
		default:
			installed = append(installed, now[i])
		}
	}
	if err := errors.Join(append(errs, r.signals.raise(ctx), r.signals.await(ctx))...); err != nil {
		return installed, err
	}
	tried := make([]error, len(now))
	for i, t := range active {
		if !refused[i] {
			wg.Go(func() { tried[i] = r.try(ctx, now[i], t) })
		}
	}
	wg.Wait()
	return installed, errors.Join(tried...)
}

// each does something about every clause, side by side.
func (r *run) each(clauses []Clause, do func(Clause) error) error {
	errs := make([]error, len(clauses))
	var wg sync.WaitGroup
	for i, clause := range clauses {
		wg.Go(func() { errs[i] = do(clause) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// try makes the attempts until one notices the mutant.
func (r *run) try(ctx context.Context, clause Clause, t *target) error {
	all := t.ordered()
	killed, err := killer(ctx, r.Bench, all)
	if err != nil {
		return err
	}
	if killed != nil {
		t.remember(killed.Attempt)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Clauses++
	if killed == nil {
		r.report.Survivors = append(r.report.Survivors, clause)
		fmt.Fprintf(r.Log, "survived: %s (%d attempts)\n", clause, len(all))
	}
	return nil
}

// install puts the mutant in the place of the policy, or takes the binding away.
func (r *run) install(ctx context.Context, clause Clause) error {
	if clause.Object == nil {
		return r.Client.Delete(ctx, r.policies[clause.Kind+"/"+clause.Policy].DeepCopy())
	}
	return r.put(ctx, clause.Object)
}

// restore puts back what the clause changed.
func (r *run) restore(ctx context.Context, clause Clause) error {
	return r.put(ctx, r.policies[clause.Kind+"/"+clause.Policy])
}

// put writes the object, whatever is there. Kubernetes writes the status of a policy at any moment, so it is tried again.
func (r *run) put(ctx context.Context, o *unstructured.Unstructured) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error { return r.replace(ctx, o.DeepCopy()) })
}

func (r *run) replace(ctx context.Context, o *unstructured.Unstructured) error {
	present := &unstructured.Unstructured{}
	present.SetGroupVersionKind(schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: o.GetKind()})
	err := r.Client.Get(ctx, client.ObjectKeyFromObject(o), present)
	if apierrors.IsNotFound(err) {
		return r.Client.Create(ctx, o)
	}
	if err != nil {
		return err
	}
	o.SetResourceVersion(present.GetResourceVersion())
	return r.Client.Update(ctx, o)
}
