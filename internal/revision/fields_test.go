// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/revision"
)

// filler sets every field of a value. Numbers and words are made of a count, so that no two are the same.
type filler struct{ count int64 }

func (f *filler) fill(v reflect.Value) {
	f.count++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0))
		f.fill(v.Index(1))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[metav1.Time]() {
			v.Set(reflect.ValueOf(metav1.Unix(f.count*3600, 0)))
			return
		}
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.String:
		// A Decimal has to be a number, and as a word every number will do.
		v.SetString(fmt.Sprint(f.count))
	case reflect.Int32, reflect.Int64:
		v.SetInt(f.count)
	default:
		panic("fill does not know " + v.Kind().String() + ": teach it")
	}
}

// field is one field of the spec, by its path in JSON, and a way to it.
type field struct {
	path string
	at   func(*v1alpha1.SafetyPolicySpec) reflect.Value
}

// fields are all fields of the spec, those of the first of a list, and the lists and parts themselves.
func fields(t *testing.T, path string, typ reflect.Type, at func(*v1alpha1.SafetyPolicySpec) reflect.Value) []field {
	t.Helper()
	all := []field{{path: path, at: at}}
	switch typ.Kind() {
	case reflect.Pointer:
		return append(all, fields(t, path, typ.Elem(), func(s *v1alpha1.SafetyPolicySpec) reflect.Value { return at(s).Elem() })[1:]...)
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Struct {
			return append(all, fields(t, path+"[]", typ.Elem(), func(s *v1alpha1.SafetyPolicySpec) reflect.Value { return at(s).Index(0) })[1:]...)
		}
	case reflect.Struct:
		if typ == reflect.TypeFor[metav1.Time]() {
			return all
		}
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if name == "" {
				t.Fatalf("%s.%s has no name in JSON", typ, typ.Field(i).Name)
			}
			all = append(all, fields(t, path+"."+name, typ.Field(i).Type, func(s *v1alpha1.SafetyPolicySpec) reflect.Value { return at(s).Field(i) })...)
		}
	}
	return all
}

func allFields(t *testing.T) []field {
	t.Helper()
	root := func(s *v1alpha1.SafetyPolicySpec) reflect.Value { return reflect.ValueOf(s).Elem() }
	return fields(t, "spec", reflect.TypeFor[v1alpha1.SafetyPolicySpec](), root)[1:]
}

func filled() *v1alpha1.SafetyPolicySpec {
	spec := &v1alpha1.SafetyPolicySpec{}
	(&filler{}).fill(reflect.ValueOf(spec).Elem())
	return spec
}

// keyed is what stands between the brackets of an item.
var keyed = regexp.MustCompile(`\[[^\]]*\]`)

// covers reports whether a change is about a field: its own, or one that it is a part of or that is a part of it. The whole
// spec is no field.
func covers(c v1alpha1.PolicyChange, path string) bool {
	item := keyed.ReplaceAllString(c.Item, "[]")
	return item != "spec" && (item == path || strings.HasPrefix(item, path) || strings.HasPrefix(path, item))
}

func TestEveryFieldOfAPolicyHasARule(t *testing.T) {
	for _, f := range allFields(t) {
		t.Run(f.path, func(t *testing.T) {
			before, changed, without := filled(), filled(), filled()
			(&filler{count: 100000}).fill(f.at(changed))
			f.at(without).SetZero()
			for what, after := range map[string]*v1alpha1.SafetyPolicySpec{"changed": changed, "left out": without} {
				for _, pair := range [][2]*v1alpha1.SafetyPolicySpec{{before, after}, {after, before}} {
					changes, effect := revision.Compare(pair[0], pair[1])
					if len(changes) == 0 || !slices.ContainsFunc(changes, func(c v1alpha1.PolicyChange) bool { return covers(c, f.path) }) {
						t.Errorf("%s was %s, and the changes are %+v: give it a rule", f.path, what, changes)
					}
					checkChanges(t, changes, effect)
				}
			}
		})
	}
}

// checkChanges: the effect is the gravest, and every change fits into a PolicyRevision and explains itself.
func checkChanges(t *testing.T, changes []v1alpha1.PolicyChange, effect v1alpha1.RevisionEffect) {
	t.Helper()
	gravity := []v1alpha1.RevisionEffect{v1alpha1.EffectNeutral, v1alpha1.EffectStrengthening, v1alpha1.EffectWeakening}
	gravest := 0
	for _, c := range changes {
		gravest = max(gravest, slices.Index(gravity, c.Effect))
		if c.Message == "" || c.Before == c.After || len(c.Item) > 512 || len(c.Before) > 512 || len(c.After) > 512 || len(c.Message) > 512 {
			t.Errorf("the change does not say what it does, or does not fit: %+v", c)
		}
	}
	if gravity[gravest] != effect {
		t.Errorf("the effect is %s, of %+v", effect, changes)
	}
}

func TestTheReferenceHasARowForEveryField(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/revisions.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range allFields(t) {
		// Names are what items are found by, and parts that only hold others have no rule of their own.
		name := strings.TrimPrefix(f.path, "spec.")
		if strings.HasSuffix(name, "[].name") || strings.HasSuffix(name, "[].role") || holdsOthers(f) {
			continue
		}
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/reference/revisions.md says nothing of `%s`", name)
		}
	}
}

func holdsOthers(f field) bool {
	typ := f.at(filled()).Type()
	return typ.Kind() == reflect.Pointer && typ.Elem().Kind() == reflect.Struct && typ.Elem() != reflect.TypeFor[metav1.Time]()
}

func TestTheSameTextHasNoChanges(t *testing.T) {
	changes, effect := revision.Compare(filled(), filled())
	if len(changes) > 0 || effect != v1alpha1.EffectNeutral {
		t.Errorf("%s: %+v", effect, changes)
	}
	if changes, effect := revision.Compare(nil, filled()); len(changes) > 0 || effect != v1alpha1.EffectInitial {
		t.Errorf("of the first text: %s: %+v", effect, changes)
	}
}

func TestATextSurvivesBeingRead(t *testing.T) {
	spec := filled()
	// A time is kept in whole seconds and in UTC.
	spec.EnforceAfter = &metav1.Time{Time: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	text, err := revision.TextOf(spec)
	if err != nil {
		t.Fatal(err)
	}
	again, err := revision.Parse(text.JSON)
	if err != nil {
		t.Fatal(err)
	}
	second, err := revision.TextOf(again)
	if err != nil || second != text {
		t.Errorf("%v: it reads\n%s\nand was\n%s", err, second.JSON, text.JSON)
	}
	if len(text.Digest) != 64 || text.Revision != "sha256:"+text.Digest[:16] {
		t.Errorf("digest %s and revision %s", text.Digest, text.Revision)
	}
	if _, err := revision.Parse(`{"exposures":[],"novelty":1}`); err == nil {
		t.Error("a text with a field that nobody knows is read")
	}
}
