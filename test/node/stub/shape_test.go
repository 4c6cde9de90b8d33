// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shape is the JSON types seen at each path of a tool's files. Elements of lists share a path, and so do
// the members of objects whose names are the run's own.
type shape map[string][]string

// toolShape says how a tool's files are compared.
type toolShape struct {
	// folder holds files of the tool itself, below the development set of result files.
	folder string
	// named are the objects whose members are named by the run: tasks, metrics, scorers.
	named []string
	// also are paths at which the tool writes another type than the files there happen to show, and why.
	also map[string]string
}

func toolShapes() map[string]toolShape {
	return map[string]toolShape{
		"inspect-json": inspectShape(),
		"inspect-eval": inspectShape(),
		"lm-eval": {
			folder: "lm-eval",
			named: []string{
				"/results", "/results/*", "/configs", "/versions", "/n-shot", "/higher_is_better", "/higher_is_better/*",
				"/n-samples", "/group_subtasks",
			},
		},
		"garak": {
			folder: "garak", named: []string{"attempt/detector_results"},
			also: map[string]string{
				"attempt/detector_results/*/[]":       "a detector that cannot tell gives None, which eval rows count as nones",
				"start_run setup/plugins.target_name": "it is null for the target of garak's own tests alone",
				"start_run setup/run.seed":            "it is null where no --seed was given",
			},
		},
	}
}

func inspectShape() toolShape {
	return toolShape{
		folder: "inspect-ai",
		also: map[string]string{
			"samples/scores/*/value":      "a score is text, a number, or a list or map of them; NaN is that of a sample without one",
			"summaries/[]/scores/*/value": "as in the sample itself",
		},
		named: []string{"log/results/scores/[]/metrics", "log/samples/[]/scores", "samples/scores", "summaries/[]/scores", "log/eval/packages"},
	}
}

// TestFilesHaveTheShapeOfTheTools compares every path and JSON type of what is written with those of
// files that the tools wrote: there is no member that the tools do not write, and none of another type.
func TestFilesHaveTheShapeOfTheTools(t *testing.T) {
	dir := os.Getenv("SCALEGATE_EVIDENCE_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "evidence")
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		t.Skipf("files of the tools are not at %s (set SCALEGATE_EVIDENCE_DIR)", dir)
	}
	for format, tool := range toolShapes() {
		t.Run(format, func(t *testing.T) {
			known := shape{}
			err := filepath.WalkDir(filepath.Join(dir, tool.folder), func(file string, entry fs.DirEntry, err error) error {
				if err == nil && entry.Type().IsRegular() && slices.Contains([]string{".json", ".jsonl", ".eval"}, path.Ext(file)) {
					return known.addFile(file, tool.named)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			run := testRun()
			if !Formats()[format].Unscored {
				run.UnscoredRate = 0
			}
			file, err := run.WriteFile(format, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			written := shape{}
			if err := written.addFile(file, tool.named); err != nil {
				t.Fatal(err)
			}
			for _, at := range slices.Sorted(maps.Keys(written)) {
				for _, kind := range written[at] {
					if !slices.Contains(known[at], kind) && (known[at] == nil || tool.also[at] == "") {
						t.Errorf("%s is %s here, and %v in the files of the tool", at, kind, known[at])
					}
				}
			}
		})
	}
}

// addFile adds a file: a log, rows, or an archive of them.
func (s shape) addFile(file string, named []string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	switch path.Ext(file) {
	case ".eval":
		return s.addArchive(data, named)
	case ".jsonl":
		for line := range bytes.Lines(data) {
			var row map[string]any
			if err := json.Unmarshal(line, &row); err != nil {
				return fmt.Errorf("reading a row of %s: %w", file, err)
			}
			s.add(fmt.Sprint(row["entry_type"]), row, named)
		}
		return nil
	}
	root := ""
	if strings.Contains(string(data[:min(len(data), 4096)]), `"eval"`) {
		root = "log"
	}
	return s.addJSON(root, data, named)
}

func (s shape) addArchive(data []byte, named []string) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	for _, entry := range archive.File {
		in, err := entry.Open()
		if err != nil {
			return err
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		root := strings.TrimSuffix(path.Base(entry.Name), ".json")
		switch {
		case root == "header":
			root = "log"
		case strings.HasPrefix(entry.Name, "samples/"):
			root = "samples"
		case strings.HasPrefix(entry.Name, "_journal/summaries/"):
			root = "summaries"
		}
		if err := s.addJSON(root, content, named); err != nil {
			return fmt.Errorf("reading %s: %w", entry.Name, err)
		}
	}
	return nil
}

func (s shape) addJSON(root string, data []byte, named []string) error {
	var value any
	// Python writes numbers that JSON does not have.
	data = regexp.MustCompile(`([:\[,]\s*)-?(NaN|Infinity)\b`).ReplaceAll(data, []byte("${1}0.5"))
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	s.add(root, value, named)
	return nil
}

func (s shape) add(at string, value any, named []string) {
	kind := fmt.Sprintf("%T", value)
	switch value := value.(type) {
	case map[string]any:
		kind = "object"
		for name, member := range value {
			if slices.Contains(named, at) {
				name = "*"
			}
			s.add(at+"/"+name, member, named)
		}
	case []any:
		kind = "list"
		for _, element := range value {
			s.add(at+"/[]", element, named)
		}
	case nil:
		kind = "null"
	}
	if !slices.Contains(s[at], kind) {
		s[at] = append(s[at], kind)
	}
}
