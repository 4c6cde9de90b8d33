// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"reflect"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// mostAuthors is how many authors a release has at most: scalegate-guard-objects refuses the next.
const mostAuthors = 64

// stampRelease is scalegate-stamp-identities for releases: who revoked it, and its authors.
func (h *Holds) stampRelease(ctx context.Context, m mutation) {
	h.stampRevoker(ctx, m)
	stampAuthors(&m)
}

// stampAuthors writes the authors: whoever makes a release, or changes what it is and what it asks for, is one of
// its authors, and stays one.
func stampAuthors(m *mutation) {
	if !has(m.object, "spec") {
		return
	}
	authors, _ := at(m.old, "spec", "authors").([]any)
	authors = slices.Clone(authors)
	changed := m.old == nil || !sameFields(*m, []string{"spec"}, "policy", "artifacts", "serving", "level", "exposure", "derivedFrom")
	if changed && !slices.Contains(authors, any(m.user.Username)) && len(authors) < mostAuthors {
		authors = append(authors, m.user.Username)
	}
	if len(authors) == 0 {
		drop(m.object, "spec", "authors")
		return
	}
	put(m.object, authors, "spec", "authors")
}

// stampApprover is scalegate-stamp-identities for approvals: who it is, and in which groups.
func stampApprover(ctx context.Context, m mutation) {
	stampSigner("approver")(ctx, m)
	if has(m.object, "spec") {
		stampGroups(&m, "approverGroups")
	}
}

// stampSigner is scalegate-stamp-identities for what is signed: who signs is who sent it, whoever sends it again.
func stampSigner(field string) func(context.Context, mutation) {
	return func(_ context.Context, m mutation) {
		signer := m.user.Username
		if m.old != nil {
			signer = textAt(m.old, "spec", field)
		}
		if signer != "" && has(m.object, "spec") {
			put(m.object, signer, "spec", field)
		}
	}
}

// stampPolicyAuthor is scalegate-stamp-identities for policies: the author of a policy is whoever made it, or changed its spec last.
func stampPolicyAuthor(_ context.Context, m mutation) {
	author := m.user.Username
	if m.old != nil && reflect.DeepEqual(m.object["spec"], m.old["spec"]) {
		author = textAt(m.old, "metadata", "annotations", v1alpha1.AnnotationAuthor)
	}
	if author == "" {
		drop(m.object, "metadata", "annotations", v1alpha1.AnnotationAuthor)
		return
	}
	put(m.object, author, "metadata", "annotations", v1alpha1.AnnotationAuthor)
}
