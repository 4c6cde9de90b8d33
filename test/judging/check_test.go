// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package judging

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/simulation"
)

// simulated is as much of what simulate prints as the tests look at.
type simulated struct {
	Changes   []simulation.Change   `json:"changes"`
	Revisions []simulation.Revision `json:"revisions"`
	Summary   string                `json:"summary"`
}

// serves waits until the release is granted what it asks for, and its pods serve.
func serves(ctx context.Context, pods int) error {
	release := &v1alpha1.ModelRelease{}
	if err := shared.Client.Get(ctx, client.ObjectKey{Namespace: "serving", Name: "m1"}, release); err != nil {
		return err
	}
	list := &corev1.PodList{}
	if err := shared.Client.List(ctx, list, client.InNamespace("serving"), client.MatchingLabels{v1alpha1.LabelRelease: "m1"}); err != nil {
		return err
	}
	running := 0
	for i := range list.Items {
		if list.Items[i].Status.Phase == corev1.PodRunning {
			running++
		}
	}
	if release.Status.GrantedExposure != "General" || running != pods {
		return fmt.Errorf("granted is %q, and %d pods run: %+v", release.Status.GrantedExposure, running, release.Status.Conditions)
	}
	return nil
}

// What check lets pass without a cluster is released in one; and what simulate says of it there is what the gate would decide.
func TestCheckAndSimulate(t *testing.T) {
	text := manifests(t)
	path := written(t, "all.yaml", text)
	if out, errs, code := scalegate(t, shared.Admin(), "check", "-f", path); code != 0 {
		t.Fatalf("check ends with %d: %s%s", code, out, errs)
	}
	eventually(t, func(ctx context.Context) error { return shared.apply(ctx, path) })
	eventually(t, func(ctx context.Context) error { return serves(ctx, 3) })

	policy, _, _ := strings.Cut(text, "---\n")
	for name, test := range map[string]struct {
		// policy is what is given; empty for none.
		policy string
		args   []string
		code   int
		effect simulation.Effect
		// then is the effect once the revision is in force; empty where none is pending.
		then    simulation.Effect
		pods    int64
		because []string
		summary string
	}{
		"the same text": {policy: policy, effect: simulation.Stays, summary: "1 release would stay"},
		"a bound that the result does not clear": {
			policy: replaced(t, policy, `clearAt: "0.2"`, `clearAt: "0.05"`), code: 2, effect: simulation.Freezes, pods: 3,
			because: []string{"uplift", "uplift-expert", "sign-off"}, summary: "1 release would freeze: 3 pods, 3 accelerators",
		},
		"a bound that the result fails": {
			policy: replaced(t, policy, `clearAt: "0.2", tripAt: "0.5"`, `clearAt: "0.01", tripAt: "0.02"`), code: 2, effect: simulation.Removes, pods: 3,
			because: []string{"uplift", "uplift-expert", "sign-off"}, summary: "1 release would lose pods: 3 pods, 3 accelerators",
		},
		"a ceiling": {
			policy: replaced(t, policy, "- {name: General}", "- {name: General, maxReplicas: 1}"), code: 2, effect: simulation.Shrinks, pods: 2,
			summary: "1 release would shrink: 2 pods, 2 accelerators",
		},
		"an exposure that is renamed": {
			policy: replaced(t, policy, "General", "Public"), code: 2, effect: simulation.Freezes, then: simulation.Freezes, pods: 3,
			summary: "1 release would freeze: 3 pods, 3 accelerators; once the revision is in force: 1 release would freeze: 3 pods, 3 accelerators",
		},
		"a year": {
			args: []string{"--at", time.Now().Add(366 * 24 * time.Hour).UTC().Format(time.RFC3339)}, code: 2, effect: simulation.Freezes, pods: 3,
			because: []string{"uplift", "uplift-expert", "sign-off"}, summary: "1 release would freeze: 3 pods, 3 accelerators",
		},
		"a weakening that waits for people": {
			policy: replaced(t, policy, "maxReplicas: 4", "maxReplicas: 40"), effect: simulation.Stays, then: simulation.Stays,
			summary: "1 release would stay; once the revision is in force: 1 release would stay",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"simulate", "-n", "serving"}, test.args...)
			if test.policy != "" {
				args = append(args, "-f", written(t, "policy.yaml", test.policy))
			}
			got, code := decoded[simulated](t, shared.Admin(), args...)
			if code != test.code || got.Summary != test.summary || len(got.Changes) != 1 {
				t.Fatalf("code %d, %q, %d changes", code, got.Summary, len(got.Changes))
			}
			c := got.Changes[0]
			if c.After.Effect != test.effect || c.After.Pods != test.pods || c.After.Accelerators != test.pods || !slices.Equal(c.After.Because, test.because) || c.Serving != 3 {
				t.Errorf("%+v", c)
			}
			if pending := c.Then != nil; pending != (test.then != "") || pending && (c.Then.Effect != test.then || !got.Revisions[0].Pending) {
				t.Errorf("then %+v, revisions %+v", c.Then, got.Revisions)
			}
		})
	}
}
