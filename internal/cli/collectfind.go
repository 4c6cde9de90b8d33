// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// maxNames is the most names that are looked at, so that a directory full of them takes no memory or time.
	maxNames = 100_000
	// nameBatch is how many names of a directory are held at one time.
	nameBatch = 512
	// maxTold is how many different matches are told apart.
	maxTold = 64
	// maxDepth is how deep directories are looked into to count files.
	maxDepth = 32
)

// finder looks for the result below a root. It never leaves it: links that lead out are matches that cannot be opened.
type finder struct {
	root *os.Root
	// names looked at; denied that a directory could not be looked into.
	names  int
	denied bool
	// told are the matches, each once whatever its names; matches counts them, and those past maxTold.
	told    []told
	matches int
}

// told is a match. info is nil for a link that leads nowhere.
type told struct {
	name string
	info fs.FileInfo
}

var errTooManyNames = errors.New("too many names")

// findResult returns the name of the one file or directory that the pattern matches. An error is a *collectError.
func findResult(root *os.Root, pattern string) (string, error) {
	f := &finder{root: root}
	var err error
	if pattern == "." {
		err = f.match(".")
	} else {
		err = f.look(".", strings.Split(pattern, "/"))
	}
	switch {
	case errors.Is(err, errTooManyNames):
		return "", &collectError{v1alpha1.ReasonUnreadable, fmt.Sprintf(
			"the results directory has more than %d names on the way to result.path: have the evaluation write its result into a directory of its own", maxNames)}
	case errors.Is(err, path.ErrBadPattern):
		return "", &collectError{v1alpha1.ReasonResultMissing, "result.path of the suite is no pattern: correct it"}
	case err != nil:
		return "", err
	case f.matches == 0 && f.denied:
		return "", fs.ErrPermission
	case f.matches == 0:
		return "", f.missing()
	case f.matches > 1:
		return "", &collectError{v1alpha1.ReasonResultAmbiguous, fmt.Sprintf(
			"%d files match result.path of the suite, and nothing says which is the result: make the path narrower, or have the evaluation write one", f.matches)}
	case f.told[0].info == nil:
		return "", &collectError{v1alpha1.ReasonResultMissing,
			"what matches result.path is a link that leads nowhere, or out of the results directory: have the evaluation write the file itself there"}
	}
	return f.told[0].name, nil
}

// look matches the segments of a pattern below a directory.
func (f *finder) look(directory string, segments []string) error {
	if !strings.ContainsAny(segments[0], `*?[\`) {
		return f.descend(path.Join(directory, segments[0]), segments[1:])
	}
	return f.each(directory, func(entry fs.DirEntry) error {
		matched, err := path.Match(segments[0], entry.Name())
		if err != nil || !matched {
			return err
		}
		return f.descend(path.Join(directory, entry.Name()), segments[1:])
	})
}

// descend goes on with a name that matched so far.
func (f *finder) descend(name string, rest []string) error {
	if len(rest) == 0 {
		return f.match(name)
	}
	info, err := f.root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrPermission):
		f.denied = true
	case err == nil && info.IsDir():
		return f.look(name, rest)
	}
	return nil
}

// match counts a name that is there, unless it is another name of what was counted.
func (f *finder) match(name string) error {
	if _, err := f.root.Lstat(name); err != nil {
		f.denied = f.denied || errors.Is(err, fs.ErrPermission)
		return nil
	}
	info, err := f.root.Stat(name)
	if err != nil {
		info = nil
	}
	if info != nil && slices.ContainsFunc(f.told, func(t told) bool { return t.info != nil && os.SameFile(t.info, info) }) {
		return nil
	}
	f.matches++
	if len(f.told) < maxTold {
		f.told = append(f.told, told{name: name, info: info})
	}
	return nil
}

// each visits the entries of a directory, some at a time.
func (f *finder) each(name string, visit func(fs.DirEntry) error) error {
	directory, err := unblocked{f.root}.open(name)
	if err != nil {
		f.denied = f.denied || errors.Is(err, fs.ErrPermission)
		return nil
	}
	defer directory.Close()
	for {
		entries, err := directory.ReadDir(nameBatch)
		for _, entry := range entries {
			if f.names++; f.names > maxNames {
				return errTooManyNames
			}
			if err := visit(entry); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// missing says how many files there are elsewhere. Their names are the evaluation's, and are not told.
func (f *finder) missing() error {
	count := fileCount{finder: &finder{root: f.root}}
	number := "files in it"
	if err := count.below(".", maxDepth); err != nil || count.partial {
		number = "files seen in it, and there are more"
	}
	return &collectError{v1alpha1.ReasonResultMissing, fmt.Sprintf(
		"nothing in the results directory matches result.path of the suite (%s: %d): compare spec.result of the suite with where the evaluation writes",
		number, count.files)}
}

// fileCount counts files.
type fileCount struct {
	*finder
	files   int
	partial bool
}

func (c *fileCount) below(directory string, depth int) error {
	if depth == 0 {
		c.partial = true
		return nil
	}
	var directories []string
	err := c.each(directory, func(entry fs.DirEntry) error {
		if entry.IsDir() {
			directories = append(directories, path.Join(directory, entry.Name()))
			return nil
		}
		c.files++
		return nil
	})
	for _, name := range directories {
		if err != nil {
			return err
		}
		err = c.below(name, depth-1)
	}
	return err
}
