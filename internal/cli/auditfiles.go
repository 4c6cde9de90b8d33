// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
)

// readAuditFiles reads exported objects.
func readAuditFiles(paths []string, stdin io.Reader) (auditObjects, error) {
	var found auditObjects
	for _, path := range paths {
		if path == "-" {
			if err := found.readObjects(stdin); err != nil {
				return found, fmt.Errorf("reading standard input: %w", err)
			}
			continue
		}
		if err := found.readPath(path); err != nil {
			return found, err
		}
	}
	return found, nil
}

// readPath reads a file, or the files of a directory whose names end as those of YAML and JSON do.
func (f *auditObjects) readPath(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("reading %s: %w", root, err)
		case entry.IsDir() || path != root && !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			return nil
		}
		file, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		defer file.Close()
		if err := f.readObjects(file); err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		return nil
	})
}

// readObjects reads objects one after the other, or lists of them.
func (f *auditObjects) readObjects(r io.Reader) error {
	decoder := yaml.NewYAMLOrJSONDecoder(bufio.NewReader(r), 4096)
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("it is neither YAML nor JSON: %w", err)
		}
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		if err := f.add(raw); err != nil {
			return err
		}
	}
}

// add adds an object, or those of a list. Objects of other kinds are passed over, so that a whole export can be given.
func (f *auditObjects) add(raw json.RawMessage) error {
	var o struct {
		Kind  string            `json:"kind"`
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return fmt.Errorf("it is no object: %w", err)
	}
	if strings.HasSuffix(o.Kind, "List") {
		for _, item := range o.Items {
			if err := f.add(item); err != nil {
				return err
			}
		}
		return nil
	}
	var err error
	switch o.Kind {
	case "GateDecision":
		f.records, err = appendObject(f.records, raw)
	case "PolicyRevision":
		f.revisions, err = appendObject(f.revisions, raw)
	case "ModelRelease":
		var releases []v1alpha1.ModelRelease
		if releases, err = appendObject(releases, raw); err == nil {
			f.addHead(&releases[0])
		}
	}
	if err != nil {
		return fmt.Errorf("reading a %s: %w", o.Kind, err)
	}
	return nil
}

func appendObject[T any](all []T, raw json.RawMessage) ([]T, error) {
	var o T
	if err := json.Unmarshal(raw, &o); err != nil {
		return all, err
	}
	return append(all, o), nil
}

// narrow keeps what is of a namespace, where one is named, and of a release, where one is.
func (f *auditObjects) narrow(namespace string, args []string) {
	other := func(in, release string) bool {
		return namespace != "" && in != namespace || len(args) > 0 && release != args[0]
	}
	f.records = slices.DeleteFunc(f.records, func(r v1alpha1.GateDecision) bool { return other(r.Namespace, r.Spec.Release) })
	f.heads = slices.DeleteFunc(f.heads, func(h audit.Head) bool { return other(h.Namespace, h.Release) })
}

// readHeads reads what an earlier verify printed as JSON or YAML; nothing where no file is named.
func readHeads(path string) ([]audit.Head, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading --against: %w", err)
	}
	defer file.Close()
	var earlier auditReport
	if err := yaml.NewYAMLOrJSONDecoder(bufio.NewReader(file), 4096).Decode(&earlier); err != nil {
		return nil, fmt.Errorf("reading --against %s: it is not what verify prints with -o json: %w", path, err)
	}
	if len(earlier.Heads) == 0 {
		return nil, fmt.Errorf("reading --against %s: it names no record; give what verify printed with -o json", path)
	}
	for i := range earlier.Heads {
		earlier.Heads[i].Source = filepath.Base(path)
	}
	return earlier.Heads, nil
}
