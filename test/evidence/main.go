// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command evidence reads the result files of a folder, compares each with what the folder's EXPECTED.json
// says is right, and prints a table. A folder without that list is read and not compared.
//
// It ends with 1 where a file was read wrongly, and with 2 where nothing could be compared though a folder
// was named.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/scalegate/scalegate/test/evidence/readings"
)

func main() {
	dir := flag.String("dir", "", "the folder; without it, ../shared/evidence if that exists")
	flag.Parse()
	os.Exit(run(*dir, os.Stdout, os.Stderr))
}

func run(dir string, out, problems io.Writer) int {
	if dir == "" {
		dir = filepath.Join("..", "shared", "evidence")
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(out, "evidence: skipped: there is no folder %s; name one with make evidence DIR=FOLDER\n", dir)
			return 0
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		fmt.Fprintf(problems, "evidence: there is no folder %s\n", dir)
		return 2
	}
	found, err := readings.Folder(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return unlisted(dir, out, problems)
	}
	if err != nil {
		fmt.Fprintln(problems, "evidence:", err)
		return 2
	}
	wrong := 0
	table(out, found, func(r readings.Reading) string {
		if len(r.Wrong) == 0 {
			return "right"
		}
		wrong++
		return "WRONG"
	})
	for _, r := range found {
		for _, difference := range r.Wrong {
			fmt.Fprintf(out, "%s: %s\n", r.Path, difference)
		}
	}
	fmt.Fprintf(out, "evidence: %d files, %d wrong\n", len(found), wrong)
	if wrong > 0 {
		return 1
	}
	return 0
}

// unlisted reads a folder that does not say what is right.
func unlisted(dir string, out, problems io.Writer) int {
	found, err := readings.Unlisted(dir)
	if err != nil {
		fmt.Fprintln(problems, "evidence:", err)
		return 2
	}
	table(out, found, func(readings.Reading) string { return "not compared" })
	fmt.Fprintf(out, "evidence: %d files, not compared: %s has no %s\n", len(found), dir, readings.List)
	return 0
}

func table(out io.Writer, found []readings.Reading, verdict func(readings.Reading) string) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FILE\tFORMAT\tVERDICT\tREAD")
	for _, r := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", shorten(r.Path), r.Format, verdict(r), r.Read)
	}
	w.Flush()
}

// shorten keeps the end of a long path, which tells files apart.
func shorten(path string) string {
	const most = 60
	runes := []rune(path)
	if len(runes) <= most {
		return path
	}
	return "…" + string(runes[len(runes)-most:])
}
