// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// maxMessage is the longest message, in bytes, that the API's status fields hold for certain.
const maxMessage = 1024

// more stands at the end of what was cut.
const more = "..."

// clip cuts a message to the longest that the API holds, between characters.
func clip(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return message[:cut(message)] + more
}

// cut is how much of a message that is too long leaves room for more.
func cut[T string | []byte](message T) int {
	end := maxMessage - len(more)
	for end > 0 && !utf8.RuneStart(message[end]) {
		end--
	}
	return end
}

func timestamp(seconds int64) string {
	return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
}

// chunkBytes holds some five messages.
const chunkBytes = 1024

// text builds messages, one after the other, each in the same space. They are parts of one allocation, or of a few large ones
// where it is not enough. The zero text is ready.
type text struct {
	builder strings.Builder
	// space holds the first n bytes of the message that is being built. More than it holds is cut off in any case.
	space [maxMessage + 1]byte
	n     int
}

// expect makes room for messages of as many bytes.
func (t *text) expect(n int) { t.builder.Grow(n) }

// begin begins a message.
func (t *text) begin() *text {
	t.n = 0
	return t
}

// take returns the message, within the bounds of one.
func (t *text) take() string {
	message := t.space[:t.n]
	if t.n > maxMessage {
		end := cut(message)
		message = append(message[:end], more...)
	}
	if t.builder.Cap()-t.builder.Len() < len(message) {
		t.builder.Reset()
		t.builder.Grow(max(chunkBytes, len(message)))
	}
	start := t.builder.Len()
	t.builder.Write(message)
	t.n = 0
	return t.builder.String()[start:]
}

// line is the message that is being built, to append to; keep has to follow.
func (t *text) line() []byte { return t.space[:t.n] }

// keep goes on with a line that was appended to. One that did not fit into the space is elsewhere, and longer.
func (t *text) keep(line []byte) {
	t.n = len(line)
	if t.n > len(t.space) {
		t.n = copy(t.space[:], line)
	}
}

// add adds to the message as much as there is space for.
func (t *text) add(parts ...string) {
	for _, part := range parts {
		t.n += copy(t.space[t.n:], part)
	}
}

func (t *text) count(n int64) { t.keep(strconv.AppendInt(t.line(), n, 10)) }

// time writes a moment, given in Unix seconds.
func (t *text) time(seconds int64) { t.keep(appendTime(t.line(), seconds)) }

// separator stands before item i of n in a list of words.
func separator(i, n int) string {
	switch i {
	case 0:
		return ""
	case n - 1:
		return " and "
	}
	return ", "
}

// requirement says what decided the state of q, and what would change it.
func (t *text) requirement(q *question) string {
	t.begin()
	switch {
	case q.inherited != "":
		t.inherited(q)
	case q.finding != nil:
		t.finding(q)
	case q.revoked():
		t.withdrawn(q)
	case q.spec == nil:
		t.add("The policy names this requirement and does not define it, so nothing can meet it; correct the policy.")
	case len(q.scope.artifacts) == 0:
		t.outOfScope(q)
	case q.problem != "":
		t.add("No result can be judged: ", q.problem, "; correct the policy.")
	case q.latest.evaluation != nil:
		t.latest(q)
	case q.unusables > 0:
		t.add("Evaluation ", q.unusable.evaluation.Name, " cannot be used: ", q.unusable.why(q), ".")
		t.others(q)
	default:
		t.add("No result counts.")
		t.others(q)
		t.add(" Run or import an evaluation of the release's artifacts for it.")
	}
	return t.take()
}

func (t *text) outOfScope(q *question) {
	t.add("The release has no artifact of the type that the requirement is about")
	if types := q.spec.Scope; len(types) > 0 {
		t.add(" (")
		for i := range types {
			t.add(separator(i, len(types)), string(types[i]))
		}
		t.add(")")
	}
	t.add("; add it to spec.artifacts with its digest.")
}

func (t *text) finding(q *question) {
	f := q.finding
	t.add("It failed with ", f.Spec.Evidence.Value, " in evaluation ", f.Spec.Evidence.Namespace, "/", f.Spec.Evidence.Name,
		", and AdverseFinding ", f.Name, " stands. It ends with other artifacts, or when somebody who holds the verb resolve",
		" names in its spec.resolution a later evaluation that meets the requirement.")
	if q.unresolved != "" {
		t.add(" Its resolution has no effect: ", q.unresolved, ".")
	}
}

func (t *text) inherited(q *question) {
	f := q.finding
	t.add("Release ", q.inherited, ", which this one was made from, failed it with ", f.Spec.Evidence.Value, " in evaluation ",
		f.Spec.Evidence.Namespace, "/", f.Spec.Evidence.Name, ", and AdverseFinding ", f.Name, " stands. No result of this one's",
		" own decides; run or import an evaluation of its artifacts.")
	t.others(q)
}

// latest describes the result that decides.
func (t *text) latest(q *question) {
	r, c := &q.latest, &q.criterion
	m := r.evaluation.Status.Measurement
	line := append(t.line(), c.spec.Metric...)
	line = append(line, " is "...)
	line = append(line, m.Value...)
	if c.spec.Bound != v1alpha1.BoundPoint {
		line = append(line, " (95% interval "...)
		line = appendNumber(line, r.low)
		line = append(line, " to "...)
		line = appendNumber(line, r.high)
		line = append(line, ')')
	}
	line = append(line, " over "...)
	line = strconv.AppendInt(line, *m.Judged, 10)
	line = append(line, " samples in evaluation "...)
	t.keep(append(line, r.evaluation.Name...))
	t.place(q)
	if q.unusables > 0 {
		t.add(" Evaluation ", q.unusable.evaluation.Name, " changes nothing, for it cannot be used: ", q.unusable.why(q), ".")
	}
	t.others(q)
}

// place says on which side of the bounds the result lies that decides, and what follows.
func (t *text) place(q *question) {
	r, c := &q.latest, &q.criterion
	safe, unsafe := "below ", "above "
	if c.turned {
		safe, unsafe = unsafe, safe
	}
	clearAt := string(c.spec.ClearAt)
	switch {
	case q.met():
		t.add(", ", safe, clearAt)
		if r.alert {
			t.add(", but not ", safe, string(c.spec.AlertAt), ", where the policy wants an alert")
		}
		line := append(t.line(), ". It counts until "...)
		line = appendTime(line, q.expires)
		t.keep(append(line, "; run or import another evaluation before then."...))
	case q.state == v1alpha1.RequirementExpired:
		t.add(", ", safe, clearAt, ". It counted until ")
		t.time(q.expires)
		t.add("; run or import a new evaluation.")
	case r.covered:
		t.add(", ", unsafe, c.tripText(), ". The finding about it is resolved, but no later result is clear;",
			" run or import an evaluation whose result is ", safe, clearAt, ".")
	case r.saturated:
		t.add(", ", safe, clearAt, ". The policy says that the evaluation is saturated, so that it shows nothing favourable",
			" any more; the policy has to name another one, or people determine the threshold that it would rule out.")
	default:
		t.add(", neither wholly ", safe, clearAt, " nor wholly ", unsafe, c.tripText(),
			". A later evaluation whose result is ", safe, clearAt, " would meet the requirement.")
	}
}

// others counts the evaluations that do not count.
func (t *text) others(q *question) {
	if q.unread != nil {
		t.add(" Evaluation ", q.unread.Name, " is not read yet: ", unmeasured(q.unread), ".")
	}
	if q.unusables > 1 {
		t.add(" Of the evaluations that cannot be used there are ")
		t.count(int64(q.unusables))
		t.add(".")
	}
	n := q.revocations
	if q.revoked() {
		n--
	}
	if n > 0 {
		t.add(" Not counted because they were revoked: ")
		t.count(int64(n))
		t.add(".")
	}
	t.bars(q)
	if q.others > 0 {
		t.add(" Not counted because they are about other artifacts: ")
		t.count(int64(q.others))
		t.add(".")
	}
}

// why says in words why a result cannot be used, and what would help.
func (r *result) why(q *question) string {
	m := r.evaluation.Status.Measurement
	switch r.flaw {
	case flawNone:
	case flawUndated:
		return "the API server has not stored it, so its age is unknown"
	case flawUnmeasured:
		return unmeasured(r.evaluation)
	case flawProblem:
		return m.Problem
	case flawMetric:
		return "it measured " + m.Metric + ", and the policy asks for " + q.spec.Metric() + "; import the file again under another name"
	case flawUnfinished:
		return "nothing in the file shows that the run ended well; run it to its end"
	case flawValue:
		return "the file has no finite number for " + m.Metric
	case flawCounts, flawSamples, flawFewSamples, flawShareUnknown, flawShare:
		return r.whyCounts(&q.criterion)
	case flawFuture:
		return "it claims an end in the future, " + timestamp(claimed(m).Unix()) + "; correct the clock of the machine that runs it"
	case flawReplayed:
		return "the same file was submitted for other artifacts; evaluate these"
	case flawInterval:
		return "the file's 95% interval is not one around its value"
	case flawStandardError:
		return "the file reports neither a 95% interval nor a standard error above zero;" +
			" for a proportion of independent samples the policy can use bound Wilson95"
	case flawProportion:
		return "bound Wilson95 is for a proportion, and the value is not between 0 and 1"
	}
	return "it was not judged"
}

// whyCounts says what is wrong with the sample counts.
func (r *result) whyCounts(c *criterion) string {
	m := r.evaluation.Status.Measurement
	least := "; at least " + decimalText(c.minSamples) + " are needed"
	most := "; at most " + decimalText(c.maxUnjudged) + "% of the planned ones may be"
	if r.flaw == flawSamples {
		return "the number of judged samples is unknown" + least
	}
	if r.flaw == flawFewSamples {
		return decimalText(*m.Judged) + " samples were judged" + least
	}
	if r.flaw == flawShareUnknown {
		return "the number of samples without a judgement is unknown" + most
	}
	if r.flaw == flawShare {
		lost, planned, _ := unjudged(m)
		return decimalText(lost) + " of " + decimalText(planned) + " planned samples ended without a judgement" + most
	}
	return "its sample counts are negative or beyond all bounds"
}

// unmeasured quotes the reason why no measurement is recorded, a word of the API.
func unmeasured(evaluation *v1alpha1.SafetyEvaluation) string {
	for i := range evaluation.Status.Conditions {
		c := &evaluation.Status.Conditions[i]
		if c.Type == v1alpha1.ConditionReady && c.Reason != "" {
			return "no measurement is recorded (" + c.Reason + ")"
		}
	}
	return "no measurement is recorded yet"
}

func decimalText(n int64) string { return strconv.FormatInt(n, 10) }
