// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/guards"
)

// declaring is a nest whose ConfigMap says that manifests of this digest were installed, some time ago by the API
// server's clock. Without a digest they are those that the manager was built with.
func declaring(t *testing.T, digest string, ago time.Duration, objects ...client.Object) *nest {
	t.Helper()
	cm := parameters()
	n := newNest(t, Restore, append(objects, cm)...)
	own, err := guards.Digest(n.Manifests)
	if err != nil {
		t.Fatal(err)
	}
	if digest == "" {
		digest = own
	}
	n.declare(digest, n.now.Add(-ago))
	return n
}

// declare has whoever installs write into the ConfigMap which manifests he installs.
func (n *nest) declare(digest string, at time.Time) {
	n.t.Helper()
	cm := parameters()
	live, ok := n.Live.(client.Client)
	if !ok {
		n.t.Fatal("the reader does not write")
	}
	if err := live.Get(n.t.Context(), client.ObjectKeyFromObject(cm), cm); err != nil {
		n.t.Fatal(err)
	}
	cm.Annotations = map[string]string{guards.ManifestsAnnotation: digest}
	if err := live.Update(n.t.Context(), cm); err != nil {
		n.t.Fatal(err)
	}
	n.Live = dated{live, at}
}

// dated is an API server by whose clock the ConfigMap was written at a time.
type dated struct {
	client.Client
	at time.Time
}

// Get gives what was read that time.
func (d dated) Get(ctx context.Context, k client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	err := d.Client.Get(ctx, k, o, opts...)
	if cm, ok := o.(*corev1.ConfigMap); ok {
		cm.CreationTimestamp = metav1.NewTime(d.at.Add(-time.Hour))
		cm.ManagedFields = []metav1.ManagedFieldsEntry{
			{Manager: "somebody", Time: new(metav1.NewTime(d.at.Add(time.Hour))), FieldsV1: metav1.NewFieldsV1(`{"f:data":{}}`)},
			{Manager: "helm", Time: new(metav1.NewTime(d.at)), FieldsV1: metav1.NewFieldsV1(
				`{"f:metadata":{"f:annotations":{"f:` + guards.ManifestsAnnotation + `":{}}}}`,
			)},
		}
	}
	return err
}

func TestAnotherVersionIsLeftAloneWhileItIsBeingInstalled(t *testing.T) {
	changed := policy()
	changed.Spec.Validations[0].Expression = "false || true"
	n := declaring(t, "sha256:other", 0, changed, binding())
	for range 9 {
		if next := n.after(time.Minute); next != n.Interval {
			t.Fatalf("looks again after %s", next)
		}
	}
	n.want("False GuardChanged", "left as it is until a manager of the version that is being installed leads", false)
	n.after(2 * time.Minute)
	n.after(restoringRound)
	n.want("True GuardsInPlace", "", true)
}

func TestAnotherVersionIsLeftAloneThoughItsParametersAreOthers(t *testing.T) {
	n := declaring(t, "", time.Hour, policy(), binding())
	n.after(0)
	n.want("True GuardsInPlace", "", true)
	live, _ := n.Live.(dated)
	cm := parameters()
	if err := live.Get(t.Context(), client.ObjectKeyFromObject(cm), cm); err != nil {
		t.Fatal(err)
	}
	delete(cm.Data, guards.ControllerParameter)
	if err := errors.Join(live.Update(t.Context(), cm), live.Delete(t.Context(), binding())); err != nil {
		t.Fatal(err)
	}
	n.Live = live.Client
	n.declare("sha256:other", n.now)
	if next := n.after(time.Second); next != n.Interval {
		t.Errorf("looks again after %s", next)
	}
	n.want("False GuardMissing", "left as it is", false)
	n.after(upgradeTime)
	if err := live.Get(t.Context(), client.ObjectKeyFromObject(binding()), binding()); err != nil {
		t.Errorf("it is not put back when the time is over: %v", err)
	}
}

func TestWhatIsMissingIsWaitedForWhileItIsBeingInstalled(t *testing.T) {
	n := declaring(t, "", time.Second, policy())
	if next := n.after(0); next != settlingRound {
		t.Errorf("looks again after %s", next)
	}
	n.want("False GuardMissing", "waited for, since it is being installed", false)
	if next := n.after(installTime); next != restoringRound {
		t.Errorf("looks again after %s though the time is over", next)
	}
	n.after(restoringRound)
	n.want("True GuardsInPlace", "", true)
}

func TestWhatIsTakenAwayAfterItWasSeenIsPutBackAtOnce(t *testing.T) {
	n := declaring(t, "", 0, policy(), binding())
	n.after(0)
	n.want("True GuardsInPlace", "", true)
	live, _ := n.Live.(dated)
	if err := live.Delete(t.Context(), binding()); err != nil {
		t.Fatal(err)
	}
	if next := n.after(time.Second); next != restoringRound {
		t.Errorf("looks again after %s", next)
	}
}

func TestTheTimeToInstallIsOverByEitherClock(t *testing.T) {
	for claim, row := range map[string]struct {
		digest string
		ago    time.Duration
	}{
		"an upgrade, when it was written long ago":               {"sha256:other", upgradeTime},
		"an installation, when it was written long ago":          {"", installTime},
		"an upgrade, by the manager's clock if that one is slow": {"sha256:other", -24 * time.Hour},
	} {
		t.Run(claim, func(t *testing.T) {
			n := declaring(t, row.digest, row.ago, policy())
			if row.ago < 0 {
				n.after(0)
				n.now = n.now.Add(upgradeTime)
			}
			if next := n.after(0); next != restoringRound {
				t.Errorf("looks again after %s", next)
			}
			n.after(restoringRound)
			n.want("True GuardsInPlace", "", true)
		})
	}
}

func TestDeclaringAgainMakesTheTimeNoLonger(t *testing.T) {
	changed := policy()
	changed.Spec.Validations[0].Expression = "false || true"
	n := declaring(t, "sha256:other", 0, changed, binding())
	declare := func(digest string) {
		live, _ := n.Live.(dated)
		n.Live = live.Client
		n.declare(digest, n.now)
	}
	n.after(0)
	n.after(upgradeTime - time.Minute)
	declare("sha256:third")
	if next := n.after(0); next != n.Interval {
		t.Errorf("looks again after %s though the time is not over", next)
	}
	n.after(time.Minute)
	n.after(restoringRound)
	n.want("True GuardsInPlace", "", true)
	// The next upgrade has a time of its own.
	n.after(time.Hour)
	live, _ := n.Live.(dated)
	if err := live.Delete(t.Context(), binding()); err != nil {
		t.Fatal(err)
	}
	declare("sha256:fourth")
	if next := n.after(time.Second); next != n.Interval {
		t.Errorf("looks again after %s", next)
	}
}

func TestAManagerThatIsUpgradedMidwayWaitsAnewForEachDeclaration(t *testing.T) {
	n := declaring(t, "", time.Hour, policy(), binding())
	n.after(0)
	n.want("True GuardsInPlace", "", true)
	live, _ := n.Live.(dated)
	if err := live.Delete(t.Context(), binding()); err != nil {
		t.Fatal(err)
	}
	n.Live = live.Client
	n.declare("sha256:other", n.now)
	if next := n.after(time.Second); next != n.Interval {
		t.Errorf("looks again after %s", next)
	}
	n.want("False GuardMissing", "left as it is", false)
	n.Live = live.Client
	own, err := guards.Digest(n.Manifests)
	if err != nil {
		t.Fatal(err)
	}
	n.declare(own, n.now) // It was rolled back.
	if next := n.after(time.Second); next != restoringRound {
		t.Errorf("looks again after %s", next)
	}
}
