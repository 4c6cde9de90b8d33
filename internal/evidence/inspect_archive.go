// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

const (
	inspectHeader  = "header.json"
	inspectJournal = "_journal/start.json"
)

// inspectArchive reads the .eval logs of Inspect AI.
type inspectArchive struct{}

func (inspectArchive) name() Format { return InspectEval }

func (inspectArchive) sections() []string { return inspectJSON{}.sections() }

func (inspectArchive) claims(f *file) bool {
	return f.archive != nil && (f.archive.has(inspectHeader) || f.archive.has(inspectJournal))
}

// measure reads the header, which is written when a run ends. Without it the journal says what was
// started, and nothing says how it went.
func (inspectArchive) measure(f *file) (Measurement, error) {
	if !f.archive.has(inspectHeader) {
		return measureJournal(f.archive)
	}
	doc, err := f.archive.document(inspectHeader)
	if err != nil {
		return Measurement{}, err
	}
	if !isInspectLog(doc) {
		return Measurement{}, unreadable("the entry %s is not the header of an Inspect AI log", inspectHeader)
	}
	return measureInspect(doc)
}

func measureJournal(a *archive) (Measurement, error) {
	doc, err := a.document(inspectJournal)
	if err != nil {
		return Measurement{}, err
	}
	if !isInspectStart(doc) {
		return Measurement{}, unreadable("the entry %s is not the start of an Inspect AI log", inspectJournal)
	}
	var eval inspectEval
	if err := doc.decode("eval", &eval); err != nil {
		return Measurement{}, err
	}
	m, err := inspectIdentity(doc, eval)
	if err != nil {
		return Measurement{}, err
	}
	if err := inspectTimes(&m, eval, inspectStats{}); err != nil {
		return Measurement{}, err
	}
	m.Unfinished = inspectHeader + " is missing: the run is still going, or it was killed"
	m.Warnings = inspectWarnings(doc, eval)
	return m, nil
}
