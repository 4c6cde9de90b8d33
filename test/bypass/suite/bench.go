// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/scalegate/scalegate/test/bypass/attempts"
	"github.com/scalegate/scalegate/test/installation"
)

// Bench is a control plane with Scalegate on it, and the grounds with their fixtures.
type Bench struct {
	*installation.Installation
	*sender
	log io.Writer
	// names are what fixtures are called in the cluster, by ground and Fixture.Name and kind.
	names map[fixtureKey]string
	// uids are their UIDs.
	uids map[fixtureKey]string
	// owners are the UIDs of the ReplicaSets that the manager cleared, by ground.
	owners map[attempts.Ground][]string
	// unmutated says that the mutating policies are gone.
	unmutated bool
	// stands are fixtures as they were last read, by path.
	mu     sync.Mutex
	stands map[string]map[string]any
}

// fixtureKey names a fixture in a ground.
type fixtureKey struct {
	ground         attempts.Ground
	resource, name string
}

// NewBench starts a control plane, installs Scalegate, runs its manager and makes the grounds. The manager is left running.
func NewBench(ctx context.Context, log io.Writer) (b *Bench, err error) {
	b = &Bench{
		log: log, names: map[fixtureKey]string{}, uids: map[fixtureKey]string{},
		owners: map[attempts.Ground][]string{}, stands: map[string]map[string]any{},
	}
	if b.Installation, err = installation.Start(ctx, log); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{b.prepare, b.govern, b.furnish, b.settle} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, b.Stop())
		}
	}
	return b, nil
}

// prepare installs what the suite needs besides Scalegate, and starts the manager.
func (b *Bench) prepare(ctx context.Context) (err error) {
	if b.sender, err = newSender(b.Admin()); err != nil {
		return err
	}
	if err := b.giveRights(ctx, "rights.yaml"); err != nil {
		return err
	}
	for _, name := range []string{"nvidia", "gvisor"} {
		class := map[string]any{"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": map[string]any{"name": name}, "handler": name}
		if err := b.create(ctx, admin(), "/apis/node.k8s.io/v1/runtimeclasses", class); err != nil {
			return err
		}
	}
	if err := b.define(ctx); err != nil {
		return fmt.Errorf("installing the kinds of others: %w", err)
	}
	if err := b.AddNodes(ctx, 1, nil); err != nil {
		return err
	}
	if err := b.misspell(ctx); err != nil {
		return fmt.Errorf("making a namespace with a misspelt gate: %w", err)
	}
	if err := b.leaveUnstamped(ctx); err != nil {
		return fmt.Errorf("making an evaluation without a reach: %w", err)
	}
	return b.StartManager(ctx)
}

// govern makes the grounds.
func (b *Bench) govern(ctx context.Context) error {
	for _, ground := range attempts.Grounds() {
		if ground == attempts.Home || ground == attempts.Misspelt {
			continue
		}
		if err := b.makeGround(ctx, ground); err != nil {
			return err
		}
	}
	if err := b.giveRights(ctx, "rights-audited.yaml"); err != nil {
		return err
	}
	limits := map[string]any{"apiVersion": "v1", "kind": "LimitRange", "metadata": map[string]any{"name": "accelerators"}, "spec": map[string]any{
		"limits": []any{map[string]any{"type": "Container", "default": map[string]any{"nvidia.com/gpu": "1"}}},
	}}
	return b.create(ctx, admin(), "/api/v1/namespaces/"+attempts.Limited.Namespace()+"/limitranges", limits)
}

// giveRights applies a file of roles and bindings.
func (b *Bench) giveRights(ctx context.Context, file string) error {
	path := filepath.Join(installation.Root(), "test", "bypass", "suite", "testdata", file)
	if _, err := b.Kubectl(ctx, b.Admin(), "apply", "--server-side", "-f", path); err != nil {
		return fmt.Errorf("giving the rights of %s: %w", file, err)
	}
	return nil
}

// makeGround makes one namespace and waits until its gate is in force.
func (b *Bench) makeGround(ctx context.Context, ground attempts.Ground) error {
	labels, annotations := map[string]any{"example.com/kept": "x", "example.com/mode": "audited"}, map[string]any{"example.com/kept": "x"}
	switch {
	case ground == attempts.Crowded:
		for i := range attempts.MostNotes {
			labels["example.com/n"+strconv.Itoa(i)], annotations["example.com/n"+strconv.Itoa(i)] = "x", "x"
		}
	case ground == attempts.Enforced:
		// It is governed once what was there before is there.
	case ground.Governed():
		labels["scalegate.dev/gate"] = "enforced"
	case ground == attempts.Audited:
		labels["scalegate.dev/gate"] = "audited"
	}
	if ground == attempts.EnforcedAll {
		labels["scalegate.dev/claims"] = "all"
	}
	if ground == attempts.Exempt {
		annotations["scalegate.dev/exempt"] = "It serves no model."
	}
	namespace := map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
		"name": ground.Namespace(), "labels": labels, "annotations": annotations,
	}}
	if err := b.create(ctx, admin(), "/api/v1/namespaces", namespace); err != nil {
		return err
	}
	if ground == attempts.Enforced || ground == attempts.Crowded {
		if err := b.beginLate(ctx, ground); err != nil {
			return err
		}
	}
	accounts := "/api/v1/namespaces/" + ground.Namespace() + "/serviceaccounts/default"
	return b.until(ctx, func(ctx context.Context) error {
		if _, ok, err := b.get(ctx, accounts); err != nil || !ok {
			return errors.Join(err, fmt.Errorf("%s has no service account yet", ground.Namespace()))
		}
		if !ground.Governed() {
			return nil
		}
		return b.gateHolds(ctx, ground)
	})
}

// beginLate makes what was there before, and then governs the ground.
func (b *Bench) beginLate(ctx context.Context, ground attempts.Ground) error {
	for _, fixture := range attempts.Legacy() {
		if ground != attempts.Enforced {
			break
		}
		if err := b.place(ctx, ground, fixture); err != nil {
			return err
		}
	}
	labels := map[string]any{"scalegate.dev/gate": "enforced"}
	if ground == attempts.Crowded {
		labels["example.com/n0"] = nil // The gate takes the place of another label: more would be refused.
	}
	return b.merge(ctx, admin(), "/api/v1/namespaces/"+ground.Namespace(), map[string]any{"metadata": map[string]any{"labels": labels}})
}

// gateHolds probes the gate with a pod and a Deployment that claim a release.
func (b *Bench) gateHolds(ctx context.Context, ground attempts.Ground) error {
	for _, a := range attempts.All() {
		probe := a.Number == "A3" && a.Way == attempts.Create && a.Ground == attempts.Enforced && a.Who.Short == "cluster admin" &&
			(a.What == "a bare pod that claims an uncleared release" || (a.What == "one that claims an uncleared release" && a.Kind.Resource == "deployments"))
		if !probe {
			continue
		}
		a.Ground = ground
		c, err := letter(a, "", nil, a.Base())
		if err != nil {
			return err
		}
		answer, err := b.send(ctx, c)
		if err != nil || !attempts.Holds(a.Kind, answer.object) {
			return errors.Join(err, fmt.Errorf("%s holds no %s yet: %s", ground, a.Kind.Resource, answer.message))
		}
	}
	return nil
}

func (b *Bench) create(ctx context.Context, who attempts.Identity, path string, object map[string]any) error {
	_, err := b.made(ctx, who, path, object)
	return err
}

func (b *Bench) made(ctx context.Context, who attempts.Identity, path string, object map[string]any) (map[string]any, error) {
	body, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	return b.must(ctx, call{who: who, method: http.MethodPost, path: path, contentType: "application/json", body: body})
}

// merge patches an object for good.
func (b *Bench) merge(ctx context.Context, who attempts.Identity, path string, change map[string]any) error {
	body, err := json.Marshal(change)
	if err != nil {
		return err
	}
	_, err = b.must(ctx, call{who: who, method: http.MethodPatch, path: path, query: url.Values{}, contentType: "application/merge-patch+json", body: body})
	return err
}

// until polls, and gives up with the last thing that was wrong.
func (b *Bench) until(ctx context.Context, check func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		if err == nil || ctx.Err() == nil {
			last = err
		}
		return err == nil, nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}

func (b *Bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, strings.TrimSuffix(format, "\n")+"\n", args...)
}
