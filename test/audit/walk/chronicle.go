// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package walk

import (
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/gate"
)

// Chronicle walks until so many decisions are on record. Each is handed to store, which returns it as it was stored.
func (w *Walk) Chronicle(records int, engine string, store func(*v1alpha1.GateDecision) (*v1alpha1.GateDecision, error)) error {
	var d gate.Decision
	var after audit.Link
	var substance audit.Essence
	release := ""
	for made := 0; made < records; {
		in := w.Input()
		d = gate.Decide(in)
		if s := audit.Substance(d); s != substance || string(in.Release.UID) != release {
			record, err := audit.New(after, in, d, engine)
			if err != nil {
				return err
			}
			if record, err = store(record); err != nil {
				return err
			}
			texts, err := audit.Texts(in)
			if err != nil {
				return err
			}
			after, substance, release = audit.LinkTo(record, texts), s, string(in.Release.UID)
			made++
		}
		w.Step(d)
	}
	return nil
}

// Texts are those of all policies, by digest.
func (w *Walk) Texts() (map[string]string, error) {
	texts := map[string]string{}
	for _, p := range w.policies {
		text, err := audit.Text(&p.Spec)
		if err != nil {
			return nil, err
		}
		texts[audit.TextDigest(text)] = text
	}
	return texts, nil
}
