// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// furnished are the grounds with fixtures.
func furnished() []attempts.Ground {
	return []attempts.Ground{attempts.Enforced, attempts.Audited, attempts.Ungoverned}
}

// furnish makes the fixtures.
func (b *Bench) furnish(ctx context.Context) error {
	for _, fixture := range attempts.Cluster() {
		if err := b.place(ctx, attempts.Enforced, fixture); err != nil {
			return err
		}
	}
	change, status := attempts.Resolve()
	resolution := map[string]any{}
	change(resolution)
	path := "/apis/scalegate.dev/v1alpha1/adversefindings/bypass-resolved"
	if err := b.merge(ctx, attempts.SafetyTeam(), path, resolution); err != nil {
		return err
	}
	if err := b.merge(ctx, attempts.Controller(), path+"/status", map[string]any{"status": status}); err != nil {
		return err
	}
	if err := b.merge(ctx, attempts.SafetyTeam(), strings.Replace(path, "resolved", "pending", 1), resolution); err != nil {
		return err
	}
	if err := b.leave(ctx); err != nil {
		return err
	}
	for _, ground := range furnished() {
		for _, fixture := range attempts.Releases() {
			if err := b.place(ctx, ground, fixture); err != nil {
				return err
			}
		}
		for _, fixture := range attempts.Fixtures() {
			if err := b.place(ctx, ground, fixture); err != nil {
				return err
			}
		}
	}
	return b.endClearance(ctx)
}

// place makes one fixture, or waits until Kubernetes made it.
func (b *Bench) place(ctx context.Context, ground attempts.Ground, fixture attempts.Fixture) error {
	key := fixtureKey{ground, fixture.Kind.Resource, fixture.Name}
	collection := place(fixture.Kind, ground.Namespace(), "", "")
	if fixture.Object != nil {
		return b.until(ctx, func(ctx context.Context) error {
			// The mutating policies refuse a new kind until the API server has learned its schema.
			object, err := b.made(ctx, fixture.Who, collection, fill(fixture.Object, b.uidsOf(ground)))
			if err != nil {
				return fmt.Errorf("making the fixture %s: %w", fixture.Name, err)
			}
			b.remember(key, object)
			return nil
		})
	}
	return b.until(ctx, func(ctx context.Context) error {
		list, _, err := b.get(ctx, collection+"?labelSelector="+url.QueryEscape(fixture.Selector))
		if err != nil {
			return err
		}
		items, _ := list["items"].([]any)
		if len(items) == 0 {
			return fmt.Errorf("nobody has made %s in %s yet", fixture.Name, ground)
		}
		object, _ := items[0].(map[string]any)
		if pod := fixture.Kind.Resource == "pods"; pod && attempts.Holds(fixture.Kind, object) {
			// It was made before the controller had cleared its owner: it is opened, or made again.
			return fmt.Errorf("the pod %s of %s is still held", fixture.Name, ground)
		}
		b.remember(key, object)
		return nil
	})
}

func (b *Bench) remember(key fixtureKey, object map[string]any) {
	b.names[key] = text(object, "metadata", "name")
	b.uids[key] = text(object, "metadata", "uid")
}

// settle waits until the manager has cleared what it clears and counted what it counts, and holds the Deployment that is to return.
func (b *Bench) settle(ctx context.Context) error {
	if err := b.until(ctx, b.settled); err != nil {
		return err
	}
	for _, ground := range furnished() {
		name, patch := attempts.Debugged()
		if err := b.merge(ctx, attempts.ClusterAdmin(), place(attempts.PodKind(), ground.Namespace(), name, "ephemeralcontainers"), patch); err != nil {
			return err
		}
		for _, stall := range attempts.Stalls() {
			path := place(stall.Kind, ground.Namespace(), stall.Name, "")
			if err := b.merge(ctx, attempts.ClusterAdmin(), path, stall.Patch); err != nil {
				return err
			}
			object, _, err := b.get(ctx, path)
			if err != nil {
				return err
			}
			if attempts.Holds(stall.Kind, object) != ground.Governed() {
				return fmt.Errorf("%s: held is not %t after its template changed", path, ground.Governed())
			}
		}
	}
	return b.until(ctx, b.readOwners)
}

// settled tells what the manager has not done yet.
func (b *Bench) settled(ctx context.Context) error {
	ground := attempts.Enforced
	for _, released := range attempts.Released() {
		object, _, err := b.get(ctx, place(released.Kind, ground.Namespace(), released.Name, ""))
		if err != nil {
			return err
		}
		rolls := released.Kind == attempts.DeploymentKind()
		if attempts.Holds(released.Kind, object) || rolls && field(object, "status", "availableReplicas") == nil {
			return fmt.Errorf("the %s %s is not released yet", released.Kind.Kind, released.Name)
		}
	}
	policy, _, err := b.get(ctx, "/apis/scalegate.dev/v1alpha1/safetypolicies/bypass")
	if err != nil {
		return err
	}
	if uses, _ := field(policy, "status", "releases").(int64); uses == 0 {
		return errors.New("the policy does not count its releases yet")
	}
	release, _, err := b.get(ctx, "/apis/scalegate.dev/v1alpha1/namespaces/"+ground.Namespace()+"/modelreleases/"+attempts.ClearedRelease)
	if err != nil {
		return err
	}
	workloads, _ := field(release, "status", "workloads").([]any)
	for _, item := range workloads {
		if workload, _ := item.(map[string]any); field(workload, "released") != nil {
			return nil
		}
	}
	return errors.New("the release does not say yet that it serves")
}

// readOwners learns which ReplicaSets are cleared: those of cleared templates, and all of them, or it is too early.
func (b *Bench) readOwners(ctx context.Context) error {
	list, _, err := b.get(ctx, "/apis/apps/v1/namespaces/"+attempts.Enforced.Namespace()+"/replicasets")
	if err != nil {
		return err
	}
	namespace, _, err := b.get(ctx, "/api/v1/namespaces/"+attempts.Enforced.Namespace())
	if err != nil {
		return err
	}
	clearance := text(namespace, "metadata", "annotations", "clearance.scalegate.dev/cleared")
	var owners []string
	items, _ := list["items"].([]any)
	for _, item := range items {
		set, _ := item.(map[string]any)
		app := text(set, "spec", "template", "metadata", "labels", "app")
		if !strings.HasPrefix(app, "cleared-") && !strings.HasPrefix(app, "healing-") && !strings.HasPrefix(app, "stuck-") && !strings.HasPrefix(app, "open-") && !strings.HasPrefix(app, "returning-") {
			continue
		}
		uid := text(set, "metadata", "uid")
		if !strings.Contains(clearance, uid) {
			return fmt.Errorf("the ReplicaSet %s is not cleared yet: %q", text(set, "metadata", "name"), clearance)
		}
		owners = append(owners, uid)
	}
	b.owners[attempts.Enforced] = owners
	return nil
}

// leave begins to delete a ground, whose objects of ours stay as long as their finalizers do.
func (b *Bench) leave(ctx context.Context) error {
	release, _ := attempts.LeavingRelease()
	for _, fixture := range append(attempts.LeavingRecords(), release) {
		if err := b.place(ctx, attempts.Leaving, fixture); err != nil {
			return err
		}
	}
	_, err := b.must(ctx, call{who: admin(), method: http.MethodDelete, path: "/api/v1/namespaces/" + attempts.Leaving.Namespace()})
	return err
}

// serveOn says, as the controller, that the release of the ground that goes still serves.
func (b *Bench) serveOn(ctx context.Context) error {
	release, status := attempts.LeavingRelease()
	path := place(release.Kind, attempts.Leaving.Namespace(), release.Name, "status")
	return b.merge(ctx, attempts.Controller(), path, status)
}

// endClearance makes the fixtures of the ground whose clearance has ended.
func (b *Bench) endClearance(ctx context.Context) error {
	for _, fixture := range attempts.Leftovers() {
		if err := b.place(ctx, attempts.Ended, fixture); err != nil {
			return err
		}
	}
	b.owners[attempts.Ended] = []string{b.uids[fixtureKey{attempts.Ended, "replicasets", "cleared-set"}]}
	return nil
}

// writeEnded writes clearances as the controller does. With the manager alive they would be withdrawn: nobody made their
// releases.
func (b *Bench) writeEnded(ctx context.Context) error {
	now := time.Now().UTC()
	notes := map[string]any{}
	past, future := now.Add(-time.Minute).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339)
	for release, text := range attempts.Clearances(b.owners[attempts.Ended][0], past, future) {
		notes["clearance.scalegate.dev/"+release] = text
	}
	return b.merge(ctx, attempts.Controller(), "/api/v1/namespaces/"+attempts.Ended.Namespace(), map[string]any{
		"metadata": map[string]any{"annotations": notes},
	})
}
