// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package readings compares what the readers of result files make of a folder of files with what its
// EXPECTED.json says is right.
//
// EXPECTED.json is a list of objects: path (below the folder), format (the name of a reader, or not-NAME for
// a file that no reader may claim) and the fields of the reading, which differ by format. A field that is
// absent is not compared; one that is null says that the file has no such thing. Fields that a Measurement
// cannot carry are left out of the comparison.
package readings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/internal/evidence"
)

// List is the name of the file that says what the others hold.
const List = "EXPECTED.json"

// Reading is one file and what came of reading it.
type Reading struct {
	// Path is the file's, below the folder.
	Path string
	// Format is the expected one; of an unlisted file, the one that was read.
	Format string
	// Read says in a line what was read.
	Read string
	// Wrong are the differences from what is right.
	Wrong []string
}

// Folder reads every file that the folder's list names, in its order. Files of signed evidence are left
// out: no reader of results is for them.
func Folder(dir string) ([]Reading, error) {
	raw, err := os.ReadFile(filepath.Join(dir, List))
	if err != nil {
		return nil, err
	}
	var entries []entry
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, fmt.Errorf("reading %s: %w", List, err)
	}
	var readings []Reading
	for i, e := range entries {
		name, format := e.string("path"), e.string("format")
		if name == "" || format == "" || !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("%s: entry %d has no path within the folder, or no format", List, i)
		}
		if signed(name) {
			continue
		}
		m, readErr := readFile(dir, name)
		readings = append(readings, Reading{
			Path: name, Format: format, Read: summary(m, readErr), Wrong: compare(m, readErr, e),
		})
	}
	return readings, nil
}

// Unlisted reads every file of a folder that has no list; Wrong is empty. A directory that holds a run is
// read as one file.
func Unlisted(dir string) ([]Reading, error) {
	var readings []Reading
	add := func(name string) {
		m, err := readFile(dir, name)
		readings = append(readings, Reading{Path: name, Format: string(m.Format), Read: summary(m, err)})
	}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, item fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case item.IsDir() && isRun(filepath.Join(dir, filepath.FromSlash(name))):
			add(path.Join(name, runStats))
			return fs.SkipDir
		case item.Type().IsRegular():
			add(name)
		}
		return nil
	})
	return readings, err
}

// signed reports whether a file is in a folder of signed statements and what goes with them.
func signed(name string) bool {
	folder, _, _ := strings.Cut(name, "/")
	return slices.Contains([]string{"in-toto", "sigstore-bundles", "oms-model-signing", "modelpack", "policy-consumers"}, folder)
}

const (
	runStats = "stats.json"
	runSpec  = "run_spec.json"
)

// isRun reports whether a directory is the result of one run, as HELM writes it.
func isRun(dir string) bool {
	for _, name := range []string{runStats, runSpec} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// readFile reads one file, or the directory that the file stands for.
func readFile(dir, name string) (evidence.Measurement, error) {
	limits := evidence.DefaultLimits()
	full := filepath.Join(dir, filepath.FromSlash(name))
	if run := filepath.Dir(full); filepath.Base(full) == runStats && isRun(run) {
		packed, err := evidence.Pack(os.DirFS(run), limits)
		if err != nil {
			return evidence.Measurement{}, err
		}
		return evidence.Read(bytes.NewReader(packed), int64(len(packed)), limits)
	}
	file, err := os.Open(full)
	if err != nil {
		return evidence.Measurement{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return evidence.Measurement{}, err
	}
	return evidence.Read(file, info.Size(), limits)
}

// summary says in a line what was read.
func summary(m evidence.Measurement, err error) string {
	if unreadable, ok := errors.AsType[*evidence.UnreadableError](err); ok {
		return "unreadable: " + firstWords(unreadable.Reason)
	}
	if err != nil {
		return "error: " + err.Error()
	}
	state := "finished"
	if !m.Finished {
		state = "not finished"
	}
	text := fmt.Sprintf("%s, %d results", state, len(m.Results))
	if len(m.Results) > 0 {
		r := m.Results[0]
		value := r.Value
		if !r.HasData() {
			value = "no data"
		}
		text += fmt.Sprintf(": %s = %s", r.Selector, value)
		if r.Judged != nil {
			text += fmt.Sprintf(" of %d", *r.Judged)
		}
	}
	if m.Model != "" {
		text += ", model " + m.Model
	}
	return text
}

func firstWords(reason string) string {
	before, _, _ := strings.Cut(reason, ";")
	return before
}

// compare says how a reading differs from what is right.
func compare(m evidence.Measurement, err error, want entry) []string {
	format := want.string("format")
	if strings.HasPrefix(format, "not-") {
		if _, ok := errors.AsType[*evidence.UnreadableError](err); !ok {
			return []string{fmt.Sprintf("read as %s (%v), want it unreadable", m.Format, err)}
		}
		return nil
	}
	if err != nil {
		return []string{err.Error()}
	}
	c := &check{m: m, want: want}
	if string(m.Format) != format {
		c.wrongf("format is %s", m.Format)
		return c.wrong
	}
	compareFormat := comparisons()[format]
	if compareFormat == nil {
		return []string{"no comparison is known for this format"}
	}
	compareFormat(c)
	return c.wrong
}

// comparisons are the ways to compare, by the name of the format.
func comparisons() map[string]func(*check) {
	return map[string]func(*check){
		"inspect-json": inspect, "inspect-eval-zip": inspect,
		"lm-eval": lmEval, "lm-eval-legacy": lmEval, "lmevaljob": lmEvalJob,
		"garak-report": garakReport, "garak-hitlog": garakHitlog, "garak-digest": garakDigest,
		"promptfoo": promptfoo, "deepeval": deepEval, "pyrit": pyrit, "modelbench": modelBench,
		"junit-xml": junit, "sarif": sarif,
		"nemo-bundle": nemoBundle, "nemo-legacy": nemoLegacy, "nemo-rows": stated,
		"helm": helm, "openai-evals": openAIEvals, "simple-evals": simpleEvals,
		"jailbreakbench-artifact": jailbreakArtifact, "jailbreakbench-evaluation": jailbreakEvaluation,
		"harmbench": harmBench, "strongreject": strongReject, "scalegate": stated,
	}
}
