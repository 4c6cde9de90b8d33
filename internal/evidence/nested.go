// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import "github.com/go-json-experiment/json/jsontext"

// eachTop reads the document again and calls visit for its members in their order, holding one at a time.
func (d *document) eachTop(visit func(name string, value jsontext.Value) error) error {
	return walker{kind: '{', limits: d.limits, visit: visit}.walk(d.open, nil)
}

// groupVisitor gets the arrays of an object, one element at a time.
type groupVisitor struct {
	// enter is called for each member before its elements, which may be none.
	enter func(group string) error
	visit func(group string, element jsontext.Value) error
}

// eachGrouped reads the document again and visits the arrays that are the members of the object at a path.
// A member that is null has no elements.
func (d *document) eachGrouped(path string, v groupVisitor) error {
	return d.stream(path, func(dec *jsontext.Decoder) error {
		return members(dec, path, func(group string) error {
			if err := v.enter(group); err != nil {
				return err
			}
			return elements(dec, path, func() error {
				element, err := held(dec, path, d.limits)
				if err != nil {
					return err
				}
				return v.visit(group, element)
			})
		})
	})
}
