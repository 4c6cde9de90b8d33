// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"time"
)

// namedText is a text of the file and the path it stands at.
type namedText struct{ path, text string }

// checkNames refuses names that must not go into statuses and messages.
func checkNames(names ...namedText) error {
	for _, n := range names {
		if err := checkName(n.path, n.text); err != nil {
			return err
		}
	}
	return nil
}

// pythonTime reads a time as Python prints one, "2026-08-01 10:00:00.5+00:00" or "... UTC", or as
// [claimedTime] does.
func pythonTime(path, text string) (at *time.Time, local bool, err error) {
	text = strings.Replace(text, " ", "T", 1)
	if zoned, ok := strings.CutSuffix(text, " UTC"); ok {
		text = zoned + "Z"
	}
	return claimedTime(path, text)
}

// localTimes is the warning about times without a zone.
const localTimes = "the file states times without a zone; they are read as UTC"

// setTimes writes the start and the end that a file claims into the measurement, with the warnings that
// belong to them. Empty texts are none.
func setTimes(m *Measurement, start, end namedText) error {
	var localStart, localEnd bool
	var err error
	if m.Started, localStart, err = pythonTime(start.path, start.text); err != nil {
		return err
	}
	if m.Ended, localEnd, err = pythonTime(end.path, end.text); err != nil {
		return err
	}
	if localStart || localEnd {
		m.Warnings = append(m.Warnings, localTimes)
	}
	if m.Started != nil && m.Ended != nil && m.Ended.Before(*m.Started) {
		m.Warnings = append(m.Warnings, "the file says that the run ended before it started")
	}
	return nil
}

// finish says how the run ended: reason is what is missing, empty where the marker was found and nothing
// takes it back.
func (m *Measurement) finish(marker, reason string) {
	m.Finished, m.EndMarker, m.Unfinished = reason == "", "", reason
	if m.Finished {
		m.EndMarker = marker
	}
}

// doubt takes back that the run ended well. The first reason stands.
func (m *Measurement) doubt(reason string) {
	if m.Finished {
		m.finish("", reason)
	}
}
