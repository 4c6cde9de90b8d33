// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
)

// Head is the last record of a release.
type Head struct {
	// Sequence and Digest are the record's own.
	Sequence int64
	Digest   string
	// Enforced: it says since when the decision holds.
	Enforced bool
}

// heads are the last records of all releases as a manager finds them that begins to act: in one list, instead of a list and
// a read for each release. The zero value has not listed, and several may use it at a time.
type heads struct {
	once sync.Once
	// listed is closed when the list is there, or could not be had, and late when nobody waits for it any more.
	listed, late chan struct{}
	mutex        sync.Mutex
	of           map[types.NamespacedName]Head
}

const (
	// headsTime bounds the one list.
	headsTime = time.Minute
	// headsWait is how long, from its beginning, is waited for it: no longer than for a record, as what closes may be in line
	// for the release. Those that are looked at then and later are read one by one, until it is there.
	headsWait = recordTime
	// headsLast is for how long it is kept. What is left of it then is of releases that are gone, or could not be looked at.
	headsLast = 5 * time.Minute
)

// take gives the last record of a release once: what is true at the beginning is not true for ever. The list begins with the
// first that asks. Who is not in a hurry waits for it; false where the list has none, or there is no list.
func (h *heads) take(
	ctx context.Context, list func(context.Context) (map[types.NamespacedName]Head, error), key types.NamespacedName, hurry bool,
) (Head, bool) {
	if list == nil {
		return Head{}, false
	}
	h.once.Do(func() {
		h.listed, h.late = make(chan struct{}), make(chan struct{})
		time.AfterFunc(headsWait, func() { close(h.late) })
		listing, cancel := context.WithTimeout(context.WithoutCancel(ctx), headsTime)
		go func() {
			defer cancel()
			defer close(h.listed)
			all, err := list(listing)
			if err != nil {
				log.FromContext(ctx).Error(err, "Listing the records of decisions: each release's is read by itself")
			}
			h.keep(all)
			time.AfterFunc(headsLast, func() { h.keep(nil) })
		}()
	})
	if !hurry {
		select {
		case <-h.listed:
		case <-h.late:
		case <-ctx.Done():
		}
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	head, known := h.of[key]
	if delete(h.of, key); len(h.of) == 0 {
		h.of = nil
	}
	return head, known
}

func (h *heads) keep(all map[types.NamespacedName]Head) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.of = all
}

// headOf is what is on record of a release by the list and by its status, where these name the same record and the status
// says what the decision on it was. The list tells whether the record is there, the last, and the one that the status was
// written for; that status is for nobody else to write. Where anything differs it is false, and the record itself is read.
func headOf(release *v1alpha1.ModelRelease, last Head) (entry, bool) {
	named := release.Status.Decision
	if named == nil {
		return entry{}, false
	}
	substance := audit.ParseEssence(named.Substance)
	if substance == (audit.Essence{}) || named.Sequence != last.Sequence || named.Digest != last.Digest {
		return entry{}, false
	}
	return entry{
		release: release.UID, substance: substance, enforced: last.Enforced,
		head: v1alpha1.DecisionReference{Sequence: last.Sequence, Digest: last.Digest},
	}, true
}

// recordPage is how many rows a page of the list has.
const recordPage = 1000

// Heads makes what lists the last record of every release. It asks the API server for the table that kubectl shows, whose
// rows have no more than is needed.
func Heads(mgr ctrl.Manager) (func(context.Context) (map[types.NamespacedName]Head, error), error) {
	cfg := rest.CopyConfig(mgr.GetConfig())
	cfg.APIPath, cfg.GroupVersion = "/apis", &v1alpha1.SchemeGroupVersion
	cfg.NegotiatedSerializer = serializer.NewCodecFactory(mgr.GetScheme()).WithoutConversion()
	c, err := rest.RESTClientForConfigAndClient(cfg, mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making a client for records: %w", err)
	}
	return func(ctx context.Context) (map[types.NamespacedName]Head, error) {
		all := map[types.NamespacedName]Head{}
		for next := ""; ; {
			content, err := c.Get().Resource("gatedecisions").
				SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").
				Param("includeObject", "Metadata").Param("limit", strconv.Itoa(recordPage)).Param("continue", next).
				DoRaw(ctx)
			if err != nil {
				return nil, fmt.Errorf("listing records: %w", err)
			}
			var page recordTable
			if err := json.Unmarshal(content, &page); err != nil {
				return nil, fmt.Errorf("reading a list of records: %w", err)
			}
			if err := page.addTo(all); err != nil {
				return nil, err
			}
			if next = page.Metadata.Continue; next == "" {
				return all, nil
			}
		}
	}, nil
}

// recordTable is a table of GateDecisions, as far as it is read.
type recordTable struct {
	Metadata struct {
		Continue string `json:"continue"`
	} `json:"metadata"`
	Columns []recordColumn `json:"columnDefinitions"`
	Rows    []struct {
		Cells  []any `json:"cells"`
		Object struct {
			Metadata struct {
				Namespace string `json:"namespace"`
			} `json:"metadata"`
		} `json:"object"`
	} `json:"rows"`
}

type recordColumn struct {
	Name string `json:"name"`
}

// addTo adds the rows of those releases of which no later record is known. A definition of the kind that lacks a column,
// since it is of another version, is an error.
func (t *recordTable) addTo(all map[types.NamespacedName]Head) error {
	column := map[string]int{}
	for _, name := range []string{"Release", "Sequence", "Digest", "Enforced"} {
		at := slices.IndexFunc(t.Columns, func(c recordColumn) bool { return c.Name == name })
		if at < 0 {
			return fmt.Errorf("reading a list of records: it has no column %s", name)
		}
		column[name] = at
	}
	for _, row := range t.Rows {
		if len(row.Cells) != len(t.Columns) {
			return fmt.Errorf("reading a list of records: a row has %d cells of %d", len(row.Cells), len(t.Columns))
		}
		release, _ := row.Cells[column["Release"]].(string)
		sequence, _ := row.Cells[column["Sequence"]].(float64)
		digest, _ := row.Cells[column["Digest"]].(string)
		enforced, _ := row.Cells[column["Enforced"]].(string)
		key := types.NamespacedName{Namespace: row.Object.Metadata.Namespace, Name: release}
		if known := all[key]; int64(sequence) > known.Sequence {
			all[key] = Head{Sequence: int64(sequence), Digest: digest, Enforced: enforced != "" && enforced != unknownCell}
		}
	}
	return nil
}

// unknownCell is what the API server writes for a time that cannot be read.
const unknownCell = "<unknown>"
