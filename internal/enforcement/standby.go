// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// standby are the replicas that a workload gets, at least, while its release takes over; 0 where it names none.
func standby(p Parent) int32 {
	n, err := strconv.ParseInt(p.Standby, 10, 32)
	if err != nil {
		return 0
	}
	return int32(max(n, 0))
}

// standBy brings the workloads of the fallback up where this release loses what serves, and lets go of them when it is
// back. Another release may need the same fallback: each notes its name, and the last to leave scales it back.
func (e enforcement) standBy(plan *Plan) {
	f := e.scene.Fallback
	if f == nil {
		return
	}
	needed, back := f.Granted && e.drains(), e.record == nil && e.answers(f)
	for _, p := range f.Parents {
		if !p.Scalable || p.Pods == nil {
			continue
		}
		scale, changes := Scale{}, false
		switch memory, known := ParseScaled(p.Scaled); {
		case needed:
			scale, changes = e.bringUp(p, memory, known)
		case back && known:
			scale, changes = e.letGo(p, memory)
		}
		if changes {
			plan.Scales = append(plan.Scales, scale)
		}
	}
}

// drains tells whether something that was lost has to go: at once, or in its turn since the grace is over.
func (e enforcement) drains() bool {
	return e.record != nil && slices.ContainsFunc(e.record.Serving, func(s v1alpha1.ServingUnits) bool {
		reason, _ := e.expels(s.Exposure)
		return reason != "" || e.lossOf(s.Exposure).final()
	})
}

// answers tells whether this release serves again so that its fallback may go: as many of its units are ready as its
// workloads ask for and may have, or as the fallback has pods, which is what carries the load now. A release that asks for
// nothing needs no fallback.
func (e enforcement) answers(f *Fallback) bool {
	var ready, asked int64
	for _, u := range e.units {
		all := len(u.held) == 0 && len(u.serving) > 0
		for _, pod := range u.serving {
			all = all && pod.Ready
		}
		if all {
			ready += int64(u.taken())
		}
	}
	for _, c := range e.crews() {
		if c.parent == nil {
			asked += int64(c.serves)
		} else {
			asked += max(int64(c.wants())-int64(c.waits)-int64(c.spoiled), int64(c.serves))
		}
	}
	return asked == 0 || ready > 0 && ready >= min(asked, int64(f.Ready))
}

// bringUp scales a workload of the fallback up, or notes that this release needs it too. What has the annotation already
// is up for another release, is limited by what its own release is granted, or was scaled by somebody since: then that
// stays.
func (e enforcement) bringUp(p Parent, memory Scaled, known bool) (Scale, bool) {
	release := e.scene.ReleaseName
	if known {
		remember := memory.with(release).String()
		return p.scale(*p.Pods, remember, "it stands by for release "+release+" too"), remember != p.Scaled
	}
	most := standby(p)
	memory = Scaled{Wish: *p.Pods, Ours: most}.with(release)
	message := fmt.Sprintf("scaled from %d to %d, as %s says: it takes over from release %s", *p.Pods, most, v1alpha1.AnnotationStandbyReplicas, release)
	return p.scale(most, memory.String(), message), most > *p.Pods
}

// letGo scales a workload of the fallback back, unless another release needs it or somebody scaled it since.
func (e enforcement) letGo(p Parent, memory Scaled) (Scale, bool) {
	release := e.scene.ReleaseName
	left := memory.without(release)
	switch {
	case len(left.For) == len(memory.For):
		return Scale{}, false
	case len(left.For) > 0:
		return p.scale(*p.Pods, left.String(), "it no longer stands by for release "+release), true
	case memory.Ours != *p.Pods:
		return p.scale(*p.Pods, "", "release "+release+" is back; somebody else set the replicas, and they stay"), true
	case memory.Wish >= memory.Ours:
		return p.scale(*p.Pods, left.remember(), "release "+release+" is back"), true
	}
	return p.scale(memory.Wish, "", fmt.Sprintf("scaled from %d back to %d: release %s is back", *p.Pods, memory.Wish, release)), true
}
