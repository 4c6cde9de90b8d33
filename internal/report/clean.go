// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"reflect"
	"strings"
	"unicode"
)

// cleaned is a copy of the report whose texts are fit to be shown: see [shown]. The JSON form has them as they are.
func (r *Report) cleaned() *Report {
	of := &Report{}
	clean(reflect.ValueOf(of).Elem(), reflect.ValueOf(r).Elem())
	return of
}

// clean copies a value into another of its type, with every text in it made fit.
func clean(into, from reflect.Value) {
	switch from.Kind() {
	case reflect.String:
		into.SetString(shown(from.String()))
	case reflect.Pointer:
		if !from.IsNil() {
			into.Set(reflect.New(from.Type().Elem()))
			clean(into.Elem(), from.Elem())
		}
	case reflect.Slice:
		if !from.IsNil() {
			into.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
			for i := range from.Len() {
				clean(into.Index(i), from.Index(i))
			}
		}
	case reflect.Struct:
		// Fields that are not exported, such as those of times, come along.
		into.Set(from)
		for i := range from.NumField() {
			if from.Type().Field(i).IsExported() {
				clean(into.Field(i), from.Field(i))
			}
		}
	default:
		into.Set(from)
	}
}

// shown is a text that shows what is in it: what would hide, or turn the direction of the rest, is shown as a replacement
// character, and it has one line.
func shown(text string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, string(unicode.ReplacementChar)) {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200d':
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
