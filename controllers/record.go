// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/enforcement"
)

// Decisions are recorded by the ModelReleaseReconciler alone.
//
// +kubebuilder:rbac:groups=scalegate.dev,resources=gatedecisions,verbs=get;list;create
// +kubebuilder:rbac:groups=scalegate.dev,resources=gatedecisions/status,verbs=get;update;patch

// decisionRelease is the field of a GateDecision that the API server selects by.
const decisionRelease = "spec.release"

// recordTime bounds what is done for a record before anything else: what closes waits no longer for it.
const recordTime = 2 * time.Second

// chronicle remembers what is on record of each release, so that nothing is read where a decision stays. A manager that
// starts remembers nothing, and lists the last records of all releases once; where that does not say what is on record of
// one, it reads the record. The zero value is empty, and several may use it at a time.
type chronicle struct {
	heads heads
	mutex sync.Mutex
	known map[types.NamespacedName]entry
}

// entry is the last record of a release.
type entry struct {
	// release is the UID of the release that was looked at; records are of the name, and go on when it is made anew.
	release types.UID
	// head is the record; its sequence is 0 where there is none.
	head v1alpha1.DecisionReference
	// lost: the record is not there any more, or another one is in its place.
	lost bool
	// substance of the decision on record; zero where that is not known.
	substance audit.Essence
	// enforced: the record says since when the decision holds.
	enforced bool
}

func (c *chronicle) get(key types.NamespacedName, release types.UID) (entry, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	e, known := c.known[key]
	return e, known && e.release == release
}

func (c *chronicle) set(key types.NamespacedName, e entry) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.known == nil {
		c.known = map[types.NamespacedName]entry{}
	}
	c.known[key] = e
}

// forget drops what is remembered of a release that is gone.
func (c *chronicle) forget(key types.NamespacedName) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.known, key)
}

// recorded tells whether decisions about the release are recorded: all are, in whatever namespace, but in one that is being
// deleted, where nothing can be made. That a release is gone is no decision about it.
func (c *course) recorded() bool {
	ns := c.present.namespace
	return c.in.Release != nil && ns != nil && ns.DeletionTimestamp == nil
}

// news tells whether another decision is on record than was made. What is not known is none: it is told by the error.
func (c *course) news() bool {
	return c.recorded() && c.unrecorded == nil &&
		(c.entry.release != c.in.Release.UID || c.entry.substance != audit.Substance(c.decision))
}

// recall finds what is on record.
func (c *course) recall(ctx context.Context, r *ModelReleaseReconciler) {
	if c.in.Release == nil {
		r.chronicle.forget(c.key)
	}
	if !c.recorded() {
		return
	}
	var known bool
	if c.entry, known = r.chronicle.get(c.key, c.in.Release.UID); known {
		return
	}
	if last, listed := r.chronicle.heads.take(ctx, r.Heads, c.key, turnOf(ctx).closes()); listed {
		if c.entry, known = headOf(c.in.Release, last); known {
			r.chronicle.set(c.key, c.entry)
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	if c.entry, c.unrecorded = r.lastRecord(ctx, c); c.unrecorded == nil {
		r.chronicle.set(c.key, c.entry)
	}
}

// lastRecord reads the last record of the release. Where the status of the release names another one, or a later one, that is
// the last: the next follows on it, so that the gap stays to be seen.
func (r *ModelReleaseReconciler) lastRecord(ctx context.Context, c *course) (entry, error) {
	e := entry{release: c.in.Release.UID}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("GateDecisionList"))
	if err := r.Live.List(ctx, list, client.InNamespace(c.key.Namespace), client.MatchingFields{decisionRelease: c.key.Name}); err != nil {
		return e, fmt.Errorf("listing the records of its decisions: %w", err)
	}
	named := c.in.Release.Status.Decision
	if len(list.Items) > 0 {
		last := slices.MaxFunc(list.Items, func(a, b metav1.PartialObjectMetadata) int { return compareNames(a.Name, b.Name) })
		record := &v1alpha1.GateDecision{}
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(&last), record); err != nil {
			return e, fmt.Errorf("reading the record %s: %w", last.Name, err)
		}
		texts, err := audit.Texts(c.in)
		if err != nil {
			return e, err
		}
		e = entryOf(audit.LinkTo(record, texts), c.in.Release.UID)
	}
	if named != nil && (named.Sequence > e.head.Sequence || named.Sequence == e.head.Sequence && named.Digest != e.head.Digest) {
		e = entry{release: c.in.Release.UID, head: *named, lost: true}
	}
	return e, nil
}

// compareNames orders the names of one release's records: of two sequences the one with more digits is the later.
func compareNames(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// entryOf is a record that the next follows on.
func entryOf(link audit.Link, release types.UID) entry {
	e := entry{release: release, head: link.DecisionReference, enforced: link.Record.Status.EnforcedTime != nil}
	// That of a release which was deleted since is on record about another one.
	if link.Decision != nil && link.Record.Spec.ReleaseUID == string(release) {
		e.substance = audit.Substance(*link.Decision)
	}
	return e
}

// enter records the decision before anything is given, where it is another one than the last on record. Where that goes wrong
// nothing is given beyond what stands, and what closes goes on.
func (c *course) enter(ctx context.Context, r *ModelReleaseReconciler) error {
	err := c.unrecorded
	if c.news() {
		err = r.makeRecord(ctx, c)
	}
	if err == nil {
		return nil
	}
	r.Metrics.notRecorded()
	c.scene.Withheld = enforcement.Withheld{
		Reason:  v1alpha1.ReasonDecisionNotRecorded,
		Message: "the record of this decision could not be written, and is tried again: nothing starts before; the manager's log has the error",
	}
	c.plan = enforcement.For(c.scene, c.decision)
	return fmt.Errorf("recording the decision about ModelRelease %s: %w", c.key, err)
}

// recordTries is how many records may have come in between that somebody else made, which is another manager at most.
const recordTries = 8

// makeRecord makes the record of the decision, behind the last one that there is.
func (r *ModelReleaseReconciler) makeRecord(ctx context.Context, c *course) error {
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	texts, err := audit.Texts(c.in)
	if err != nil {
		return err
	}
	after, err := r.linkTo(ctx, c, texts)
	if err != nil {
		return err
	}
	if after.Decision != nil && c.entry.substance != (audit.Essence{}) {
		// What the status says of the decision on record may be by another version, and the record knows better.
		c.entry.substance = entryOf(after, c.in.Release.UID).substance
		if r.chronicle.set(c.key, c.entry); !c.news() {
			return nil
		}
	}
	var exists error
	for range recordTries {
		record, err := audit.New(after, c.in, c.decision, r.Engine)
		if err != nil {
			return err
		}
		if exists = r.Create(ctx, record); exists == nil {
			reference := v1alpha1.DecisionReference{Sequence: record.Spec.Sequence, Digest: record.Spec.Digest}
			c.entry = entry{release: c.in.Release.UID, head: reference, substance: audit.Substance(c.decision)}
			r.chronicle.set(c.key, c.entry)
			r.Metrics.decided(c.decision)
			c.changed = true
			return nil
		}
		if !apierrors.IsAlreadyExists(exists) {
			return fmt.Errorf("creating %s: %w", record.Name, exists)
		}
		there := &v1alpha1.GateDecision{}
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(record), there); err != nil {
			return fmt.Errorf("reading the record %s, which is there already: %w", record.Name, err)
		}
		after = audit.LinkTo(there, texts)
		c.entry = entryOf(after, c.in.Release.UID)
		r.chronicle.set(c.key, c.entry)
		if !c.news() {
			return nil
		}
	}
	return exists
}

// linkTo reads the record that the next follows on, as it is now.
func (r *ModelReleaseReconciler) linkTo(ctx context.Context, c *course, texts map[string]string) (audit.Link, error) {
	link := audit.Link{DecisionReference: c.entry.head}
	if c.entry.head.Sequence == 0 || c.entry.lost {
		return link, nil
	}
	key := client.ObjectKey{Namespace: c.key.Namespace, Name: audit.Name(c.key.Name, c.entry.head.Sequence)}
	if last := c.last; last != nil && last.Name == key.Name && last.Spec.Digest == c.entry.head.Digest {
		return audit.LinkTo(last, texts), nil
	}
	record := &v1alpha1.GateDecision{}
	err := r.Live.Get(ctx, key, record)
	switch {
	case apierrors.IsNotFound(err):
		return link, nil
	case err != nil:
		return link, fmt.Errorf("reading the record %s: %w", key.Name, err)
	case record.Spec.Digest != c.entry.head.Digest:
		return link, nil
	}
	return audit.LinkTo(record, texts), nil
}

// holds tells whether what was decided holds: all that it gives was given, and nothing serves any more above it. In a
// namespace that is not enforced nothing does, nor while something is frozen, on its way out, limited or withheld.
func (c *course) holds() bool {
	return !c.plan.GivesMore() && !c.plan.Takes() && !c.plan.Unexamined &&
		(c.plan.Reason == v1alpha1.ReasonEnforced || c.plan.Reason == v1alpha1.ReasonUntrustedMutator)
}

// unstamped tells whether the record is there, and does not say yet since when its decision holds.
func (c *course) unstamped() bool {
	return c.entry.head.Sequence > 0 && !c.entry.lost && !c.entry.enforced
}

// stampEnforced writes on the record since when what was decided holds, once it does. acted is what went wrong in acting.
func (r *ModelReleaseReconciler) stampEnforced(ctx context.Context, c *course, acted error) error {
	if acted != nil || !c.recorded() || c.unrecorded != nil || c.news() || !c.holds() || !c.unstamped() {
		return nil
	}
	content, err := json.Marshal(map[string]any{"status": v1alpha1.GateDecisionStatus{EnforcedTime: new(metav1.NewTime(c.in.Now))}})
	if err != nil {
		return err
	}
	record := &v1alpha1.GateDecision{ObjectMeta: metav1.ObjectMeta{
		Namespace: c.key.Namespace, Name: audit.Name(c.key.Name, c.entry.head.Sequence),
	}}
	err = r.Status().Patch(ctx, record, client.RawPatch(types.MergePatchType, content))
	// Another manager wrote it, and it does not change; or the record was taken away, which the next one shows.
	if err != nil && !apierrors.IsInvalid(err) && !apierrors.IsNotFound(err) {
		return fmt.Errorf("writing on %s/%s since when it is enforced: %w", record.Namespace, record.Name, err)
	}
	c.entry.enforced = true
	r.chronicle.set(c.key, c.entry)
	return nil
}

// onRecord is the record that the status of the release names: the last; of one that could not be written the one before.
func (c *course) onRecord() *v1alpha1.DecisionReference {
	switch {
	case c.in.Release == nil:
		return nil
	case c.entry.head.Sequence == 0:
		return c.in.Release.Status.Decision
	}
	reference := c.entry.head
	reference.Substance = c.entry.substance.String()
	return &reference
}
