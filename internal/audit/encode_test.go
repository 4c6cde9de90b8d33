// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/test/audit/walk"
)

// encoded writes an input down and compresses it.
func encoded(t *testing.T, in gate.Input) (audit.Encoding, string) {
	t.Helper()
	e, err := audit.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	compressed, err := e.Compress()
	if err != nil {
		t.Fatal(err)
	}
	return e, compressed
}

// decoded is what an input is read as.
func decoded(t *testing.T, in gate.Input) gate.Input {
	t.Helper()
	_, compressed := encoded(t, in)
	texts, err := audit.Texts(in)
	if err != nil {
		t.Fatal(err)
	}
	read, err := audit.Decode(compressed, texts)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func decisionJSON(t *testing.T, d gate.Decision) string {
	t.Helper()
	data, err := audit.DecisionJSON(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// sameAgain fails the test unless an input decides the same when it is read again, and is the same when what does not
// matter differs.
func sameAgain(t *testing.T, w *walk.Walk) gate.Decision {
	t.Helper()
	in := w.Input()
	d := gate.Decide(in)
	if diff := cmp.Diff(decisionJSON(t, d), decisionJSON(t, gate.Decide(decoded(t, in)))); diff != "" {
		t.Fatalf("the decision about an input that was read again (-want +got):\n%s", diff)
	}
	plain, compressed := encoded(t, in)
	w.Disturb(&in)
	disturbed, again := encoded(t, in)
	if diff := cmp.Diff(string(plain.JSON), string(disturbed.JSON)); diff != "" {
		t.Fatalf("what does not matter changed what is written down (-want +got):\n%s", diff)
	}
	if compressed != again || !slices.Equal(plain.Inputs, disturbed.Inputs) {
		t.Fatal("what does not matter changed bytes or digests")
	}
	if diff := cmp.Diff(decisionJSON(t, d), decisionJSON(t, gate.Decide(in))); diff != "" {
		t.Fatalf("the decision about an input in another order, with other labels and statuses (-want +got):\n%s", diff)
	}
	if s := audit.Substance(gate.Decide(in)); s != audit.Substance(d) {
		t.Fatal("the order of an input changed the substance of the decision")
	}
	return d
}

func TestDecisionsAreTheSameAgain(t *testing.T) {
	granted, reasons := map[string]int{}, map[string]int{}
	for seed := range uint64(10) {
		w := walk.New(seed, fixture.Namespace, "m1")
		var d gate.Decision
		for range 40 {
			w.Step(d)
			d = sameAgain(t, w)
			granted[d.GrantedExposure]++
			reasons[d.Reason]++
		}
	}
	t.Logf("granted %v, reasons %v", granted, reasons)
	for _, exposure := range []string{"", "Internal", "General"} {
		if granted[exposure] == 0 {
			t.Errorf("the walks never lead to %q being granted: %v", exposure, granted)
		}
	}
	for _, reason := range []string{v1alpha1.ReasonEvidenceComplete, v1alpha1.ReasonAdverseFinding, v1alpha1.ReasonRevoked, v1alpha1.ReasonEvidenceMissing, v1alpha1.ReasonEvidenceExpired} {
		if reasons[reason] == 0 {
			t.Errorf("the walks never lead to %s: %v", reason, reasons)
		}
	}
}

func FuzzDecisionsAreTheSameAgain(f *testing.F) {
	f.Add(uint64(1), uint8(30))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		w := walk.New(seed, fixture.Namespace, "m1")
		var d gate.Decision
		for range steps {
			w.Step(d)
			d = gate.Decide(w.Input())
		}
		sameAgain(t, w)
	})
}

// notWritten are the fields that no decision depends on, by their path; those below them too.
func notWritten() []string {
	return []string{
		"Release.Status", "Ancestors.0.Status", "Revoked.0.Status", "Approvals.0.Status", "Waivers.0.Status", "Determinations.0.Status",
		"Findings.0.Status.Conditions", "Findings.0.Status.ObservedGeneration",
		"Evaluations.0.Status.Conditions", "Evaluations.0.Status.ObservedGeneration", "Evaluations.0.Status.Measurement.Warnings",
		"Evaluations.0.Status.Run.SuiteDigest", "Evaluations.0.Status.Run.JobName", "Evaluations.0.Status.Run.JobUID",
		"Evaluations.0.Status.Run.Attempts", "Evaluations.0.Status.Run.ServerTime", "Evaluations.0.Status.Run.ServerUID",
		"Evaluations.0.Status.Run.StartTime", "Evaluations.0.Status.Run.Reason", "Evaluations.0.Status.Run.Message",
		"Policy.Status", "InForce.Status",
	}
}

// leftOut tells whether a path is one that is not written down: one of the list, or metadata beyond what names an object.
func leftOut(path string) bool {
	for _, prefix := range notWritten() {
		if path == prefix || strings.HasPrefix(path, prefix+".") {
			return true
		}
	}
	if strings.Contains(path, ".TypeMeta") {
		return true
	}
	object, field, isMeta := strings.Cut(path, ".ObjectMeta.")
	if !isMeta {
		return false
	}
	kept := []string{"Name", "Namespace", "UID", "Generation", "CreationTimestamp"}
	if object == "Policy" || object == "InForce" {
		kept = []string{"Name"}
	}
	field, _, _ = strings.Cut(field, ".")
	return !slices.Contains(kept, field)
}

// fill sets every field below v to something, each list to one item.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(fixture.Day(3)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8:
		v.SetUint(7)
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic(fmt.Sprintf("no value for %s", v.Type()))
	}
}

// leaves calls do for every field below v that has none below it, with its path.
func leaves(path string, v reflect.Value, do func(path string, v reflect.Value)) {
	switch {
	case v.Kind() == reflect.Pointer:
		leaves(path, v.Elem(), do)
	case v.Kind() == reflect.Slice && v.Len() > 0:
		leaves(path+".0", v.Index(0), do)
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				leaves(strings.TrimPrefix(path+"."+f.Name, "."), v.Field(i), do)
			}
		}
	default:
		do(path, v)
	}
}

// A field of an input that is not written down, and is not on the list, would make a decision that cannot be made again.
func TestEveryFieldIsWrittenDown(t *testing.T) {
	var in gate.Input
	fill(reflect.ValueOf(&in).Elem())
	in.Findings[0].Spec.Artifacts[0].Digest = in.Release.Spec.Artifacts[0].Digest
	// Findings and sightings are written down where they share something; two things are shared, so that changing one leaves the other.
	in.Findings[0].Spec.ScopeDigest = gate.Digest(gate.Artifacts(in.Release), in.Policy.Spec.Requirements[0].Scope)
	whole, _ := encoded(t, in)
	seen := 0
	leaves("", reflect.ValueOf(&in).Elem(), func(path string, v reflect.Value) {
		before := reflect.New(v.Type()).Elem()
		before.Set(v)
		v.SetZero()
		changed, _ := encoded(t, in)
		v.Set(before)
		seen++
		if same := changed.Digest == whole.Digest; same != leftOut(path) {
			t.Errorf("%s: written down %v, and on the list of what is not %v", path, !same, leftOut(path))
		}
	})
	if seen < 300 {
		t.Errorf("%d fields were seen", seen)
	}
	for i := range reflect.TypeFor[gate.Input]().NumField() {
		name := reflect.TypeFor[gate.Input]().Field(i).Name
		less := in
		reflect.ValueOf(&less).Elem().Field(i).SetZero()
		if changed, _ := encoded(t, less); changed.Digest == whole.Digest {
			t.Errorf("Input.%s is not written down", name)
		}
	}
	read := decoded(t, in)
	if again, _ := encoded(t, read); again.Digest != whole.Digest {
		t.Error("an input that was read again is another one")
	}
}

func TestTheTextOfAPolicyIsThatOfItsRevision(t *testing.T) {
	p := walk.New(1, fixture.Namespace, "m1").Policies()[0]
	text, err := audit.Text(&p.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if want := gate.Revision(&p.Spec); want != "sha256:"+audit.TextDigest(text)[:16] {
		t.Errorf("the text has the digest %s, and the revision is %s", audit.TextDigest(text), want)
	}
	good := v1alpha1.PolicyRevision{Spec: v1alpha1.PolicyRevisionSpec{Text: text, Digest: audit.TextDigest(text)}}
	forged := v1alpha1.PolicyRevision{Spec: v1alpha1.PolicyRevisionSpec{Text: "{}", Digest: fixture.SHA256("x")}}
	if got := audit.TextsOf([]v1alpha1.PolicyRevision{good, forged}); len(got) != 1 || got[good.Spec.Digest] != text {
		t.Errorf("texts = %v", got)
	}
}

func TestDecodeRefuses(t *testing.T) {
	in := walk.New(1, fixture.Namespace, "m1").Input()
	e, compressed := encoded(t, in)
	texts, err := audit.Texts(in)
	if err != nil {
		t.Fatal(err)
	}
	compress := func(json string) string {
		data, err := audit.Encoding{JSON: []byte(json)}.Compress()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for name, test := range map[string]struct {
		compressed string
		texts      map[string]string
		want       string
	}{
		"what is no base64":           {"%%%%", texts, "decompressing an input: illegal base64 data"},
		"what is not compressed":      {base64.StdEncoding.EncodeToString(e.JSON), texts, "decompressing an input: gzip: invalid header"},
		"what is cut off":             {compressed[:len(compressed)/2], texts, "decompressing an input: unexpected EOF"},
		"what is no JSON":             {compress("{"), texts, "reading an input: unexpected EOF"},
		"another form":                {compress(`{"form":2,"now":"2026-01-01T00:00:00Z"}`), texts, "reading an input: it is written in form 2, and this program reads form 1"},
		"what a later version writes": {compress(`{"form":1,"now":"2026-01-01T00:00:00Z","weather":"fair"}`), texts, `reading an input: json: unknown field "weather"`},
		"two inputs":                  {compress(string(e.JSON) + "{}"), texts, "reading an input: something follows it"},
		"a policy without a text":     {compressed, nil, "no text of SafetyPolicy rsp has the digest"},
		"a text of another digest": {compressed, map[string]string{slices.Collect(keys(texts))[0]: "{}"},
			"is another one"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := audit.Decode(test.compressed, test.texts); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	if _, err := audit.Decode(compressed, nil); err != nil {
		if missing, ok := errors.AsType[*audit.MissingTextError](err); !ok || missing.Policy != "rsp" {
			t.Errorf("error %v", err)
		}
	}
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestManyInputsAreSummedUp(t *testing.T) {
	in := walk.New(1, fixture.Namespace, "m1").Input()
	for i := range audit.MaxInputs + 10 {
		e := fixture.Evaluation(fmt.Sprintf("e-%04d", i), "bio", "0.1")
		in.Evaluations = append(in.Evaluations, e)
	}
	all, _ := encoded(t, in)
	last := all.Inputs[len(all.Inputs)-1]
	if len(all.Inputs) != audit.MaxInputs || last.Kind != "Others" || last.Name != "13 more" {
		t.Errorf("%d inputs, the last %v", len(all.Inputs), last)
	}
	in.Evaluations[audit.MaxInputs+5].CreationTimestamp = metav1.NewTime(fixture.Day(5))
	if changed, _ := encoded(t, in); changed.Inputs[audit.MaxInputs-1].Digest == last.Digest {
		t.Error("the item that stands for the rest does not show a change in it")
	}
}
