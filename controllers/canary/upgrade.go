// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/internal/guards"
)

const (
	// upgradeTime is how long another version's objects are left alone, for its manager to come: nodes pull an
	// image meanwhile, and replicas are replaced one by one.
	upgradeTime = 10 * time.Minute
	// installTime is how long whoever installs may take from the parameters to the last object.
	installTime = 20 * time.Second
)

// declaration is what the ConfigMap with the parameters says about what was installed.
type declaration struct {
	// digest names the manifests; empty when it says nothing.
	digest string
	// written is when it was written, by the API server's clock.
	written time.Time
	// noticed is when this manager first saw it, or one before it that has not come to its end, by its own clock.
	noticed time.Time
	// own is true for the manifests that this manager was built with.
	own bool
}

// declare takes what the ConfigMap says about what was installed.
func (c *Canary) declare(cm *corev1.ConfigMap) error {
	digest, written := cm.Annotations[guards.ManifestsAnnotation], declaredAt(cm)
	if digest == c.declared.digest && written.Equal(c.declared.written) {
		return nil
	}
	ours, err := guards.Digest(c.Manifests)
	if err != nil {
		return err
	}
	own, noticed := digest == ours, c.Now().Time
	// While guards are missing, so may be the one of the ConfigMap: whoever took it away could declare on and on.
	if v, _ := c.known.get(); !v.InPlace() && c.declared.digest != "" && c.declared.own == own {
		noticed = c.declared.noticed
	}
	c.declared = declaration{digest: digest, written: written, noticed: noticed, own: own}
	return nil
}

// declaredAt is when whoever wrote the annotation last changed something of his in the ConfigMap.
func declaredAt(cm *corev1.ConfigMap) time.Time {
	at := cm.CreationTimestamp.Time
	for _, entry := range cm.ManagedFields {
		if entry.FieldsV1 == nil || entry.Time == nil || entry.Time.Time.Before(at) {
			continue
		}
		if strings.Contains(entry.FieldsV1.GetRawString(), `"f:`+guards.ManifestsAnnotation+`"`) {
			at = entry.Time.Time
		}
	}
	return at
}

// putOff says why nothing is put back for now, and when to look again: an installation or an upgrade is under way, and
// whoever makes it would find its own objects changed by another. It says nothing once the time for that is over, by the
// API server's clock or by the manager's, so that a clock which is wrong makes it shorter and never longer.
func (c *Canary) putOff(now time.Time) (string, time.Duration) {
	within := func(d time.Duration) bool {
		return now.Before(c.declared.written.Add(d)) && now.Before(c.declared.noticed.Add(d))
	}
	switch {
	case c.declared.digest == "":
		return "", 0
	case !c.declared.own && within(upgradeTime):
		return "left as it is until a manager of the version that is being installed leads, or for " + upgradeTime.String(), c.Interval
	case c.declared.own && !c.known.everSeen() && within(installTime):
		return "waited for, since it is being installed", settlingRound
	}
	return "", 0
}
