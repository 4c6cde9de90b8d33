// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/runs"
)

// results is a results directory with files of these contents.
func results(t *testing.T, files map[string]string) string {
	t.Helper()
	directory := t.TempDir()
	for name, content := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

// collected runs the command as the container does, and decodes what it left.
func collected(t *testing.T, directory, path, metric string) runs.Report {
	t.Helper()
	message := filepath.Join(t.TempDir(), "termination-log")
	if err := os.WriteFile(message, []byte("what was there before, and is longer than "+strings.Repeat("x", 8000)), 0o644); err != nil {
		t.Fatal(err)
	}
	got := run(t, nil, "collect", "--directory="+directory, "--path="+path, "--metric="+metric, "--termination-log="+message)
	if got.code != 0 {
		t.Fatalf("exit code %d: %s", got.code, got.errors)
	}
	text, err := os.ReadFile(message)
	if err != nil {
		t.Fatal(err)
	}
	report, err := runs.DecodeReport(string(text))
	if err != nil {
		t.Fatalf("the message %q: %v", text, err)
	}
	return report
}

func TestCollectMeasures(t *testing.T) {
	t.Parallel()
	log := inspectLog("success", "accuracy", "0.25", "question")
	want := &v1alpha1.Measurement{
		Metric: "scorer/accuracy", Value: "0.25",
		Planned: new(int64(100)), Judged: new(int64(100)), Unjudged: new(int64(0)), Errored: new(int64(0)),
		EndMarker: `status is "success"`, Format: "inspect-json", Tool: "inspect_ai 0.3.211", Task: "labs/bio 1", RunID: "eval-1",
		Model: "labs/m1", SHA256: digestOf(log),
	}
	for name, row := range map[string]struct {
		files map[string]string
		link  [2]string
		path  string
	}{
		"a file by its name":                              {files: map[string]string{"log.json": log}, path: "log.json"},
		"a file by a pattern, others do not match":        {files: map[string]string{"log.json": log, "log.txt": "x"}, path: "*.json"},
		"a file in a directory whose name is not known":   {files: map[string]string{"runs/2026-01/log.json": log}, path: "runs/*/log.json"},
		"a set of characters":                             {files: map[string]string{"log-7.json": log, "log-x.json": "{}"}, path: "log-[0-9].json"},
		"a directory whose name the pattern matches":      {files: map[string]string{"a.json/other": "x", "b/log.json": log}, path: "b/*"},
		"a link to the one file is the same file":         {files: map[string]string{"log.json": log}, link: [2]string{"log.json", "latest.json"}, path: "*.json"},
		"a link to a directory leads to the same file":    {files: map[string]string{"runs/one/log.json": log}, link: [2]string{"one", "runs/latest"}, path: "runs/*/log.json"},
		"a link inside the directory is followed by name": {files: map[string]string{"runs/log.json": log}, link: [2]string{"runs/log.json", "latest"}, path: "latest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := results(t, row.files)
			if row.link[0] != "" {
				if err := os.Symlink(row.link[0], filepath.Join(directory, row.link[1])); err != nil {
					t.Fatal(err)
				}
			}
			got := collected(t, directory, row.path, "scorer/accuracy")
			if got.Measurement == nil {
				t.Fatalf("no measurement: %s: %s", got.Reason, got.Message)
			}
			got.Measurement.StartTime, got.Measurement.EndTime = nil, nil
			if diff := gocmp.Diff(want, got.Measurement); diff != "" {
				t.Errorf("measurement (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCollectSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	log := inspectLog("success", "accuracy", "0.25", "question")
	outside := written(t, "log.json", log)
	const secret = "name-that-the-evaluation-chose"
	for name, row := range map[string]struct {
		files map[string]string
		// A link, as its target and its name, a pipe and a directory that are there too.
		link            [2]string
		pipe, directory string

		path, metric string
		reason       string
		message      []string
	}{
		"no file at all": {path: "*.json", reason: v1alpha1.ReasonResultMissing, message: []string{"files in it: 0", "spec.result"}},
		"files elsewhere are counted and not named": {
			files: map[string]string{secret: "x", "a/" + secret: "y", "a/b/" + secret: "z"}, path: "*.json",
			reason: v1alpha1.ReasonResultMissing, message: []string{"files in it: 3"},
		},
		"a wildcard does not cross a directory": {files: map[string]string{"a/b.json": log}, path: "*.json", reason: v1alpha1.ReasonResultMissing, message: []string{"files in it: 1"}},
		"two files": {
			files: map[string]string{"a.json": log, "b.json": log}, path: "*.json", reason: v1alpha1.ReasonResultAmbiguous, message: []string{"2 files match"},
		},
		"a link out of the directory": {
			link: [2]string{outside, "log.json"}, path: "log.json", reason: v1alpha1.ReasonResultMissing, message: []string{"out of the results directory"},
		},
		"a link out of the directory on the way": {
			link: [2]string{filepath.Dir(outside), "runs"}, path: "runs/log.json", reason: v1alpha1.ReasonResultMissing, message: []string{"nothing in the results directory matches"},
		},
		"a link that leads upwards": {
			link: [2]string{"../../etc/hostname", "log.json"}, path: "*.json", reason: v1alpha1.ReasonResultMissing, message: []string{"out of the results directory"},
		},
		"a link to itself": {
			link: [2]string{"log.json", "log.json"}, path: "log.json", reason: v1alpha1.ReasonResultMissing, message: []string{"leads nowhere"},
		},
		"a pipe": {
			pipe: "log.json", path: "log.json", reason: v1alpha1.ReasonUnreadable, message: []string{"neither a file nor a directory"},
		},
		"an empty file":      {files: map[string]string{"log.json": ""}, path: "log.json", reason: v1alpha1.ReasonUnreadable},
		"an empty directory": {directory: "run", path: "run", reason: v1alpha1.ReasonUnreadable, message: []string{"no regular file"}},
		"a file of no known format": {
			files: map[string]string{"log.json": `{"` + secret + `": 1}`}, path: "log.json", reason: v1alpha1.ReasonUnreadable, message: []string{"no known format"},
		},
		"a file that is cut off": {files: map[string]string{"log.json": log[:len(log)/2]}, path: "log.json", reason: v1alpha1.ReasonUnreadable},
		"another metric": {
			files: map[string]string{"log.json": log}, path: "log.json", metric: "scorer/other",
			reason: v1alpha1.ReasonMetricNotFound, message: []string{`"scorer/other"`, `"scorer/accuracy"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := results(t, row.files)
			if row.link[0] != "" {
				link(t, row.link[0], filepath.Join(directory, row.link[1]))
			}
			if row.directory != "" {
				mkdir(t, filepath.Join(directory, row.directory))
			}
			if row.pipe != "" {
				if err := syscall.Mkfifo(filepath.Join(directory, row.pipe), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got := collected(t, directory, row.path, cmp.Or(row.metric, "scorer/accuracy"))
			if got.Measurement != nil || got.Reason != row.reason {
				t.Fatalf("reason %q (%s), measurement %v; want %q", got.Reason, got.Message, got.Measurement, row.reason)
			}
			for _, part := range row.message {
				if !strings.Contains(got.Message, part) {
					t.Errorf("message %q does not say %q", got.Message, part)
				}
			}
			if strings.Contains(got.Message, secret) {
				t.Errorf("message %q holds a name that the evaluation chose", got.Message)
			}
		})
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, name string) {
	t.Helper()
	if err := os.Mkdir(name, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestCollectNeedsItsTerminationLog(t *testing.T) {
	t.Parallel()
	directory := results(t, nil)
	got := run(t, nil, "collect", "--directory="+directory, "--path=x", "--metric=m", "--termination-log="+filepath.Join(directory, "no", "log"))
	if got.code != 1 || !strings.Contains(got.errors, "--termination-log") {
		t.Errorf("exit code %d, %q; want 1 and the flag", got.code, got.errors)
	}
}

func TestCollectStaysWithinTheRoomOfItsContainer(t *testing.T) {
	t.Parallel()
	directory := results(t, map[string]string{"log.json": strings.ReplaceAll(
		inspectLog("success", "accuracy", "0.25", "q"), "labs/m1", strings.Repeat("long ", 100))})
	message := filepath.Join(directory, "message")
	got := run(t, nil, "collect", "--directory="+directory, "--path=log.json", "--metric=scorer/accuracy", "--message-bytes=1755", "--termination-log="+message)
	if got.code != 0 {
		t.Fatal(got.errors)
	}
	text, err := os.ReadFile(message)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := runs.DecodeReport(string(text)); err != nil || len(text) > 1755 || report.Measurement.Value != "0.25" {
		t.Errorf("%d bytes, %v: %s", len(text), err, text)
	}
}

// hardUser is a user that may read nothing of root's.
const hardUser = 65532

func TestCollectSaysHowToMakeAFileReadable(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: needs root, to read as another user what root wrote")
	}
	for name, row := range map[string]struct{ file, directory os.FileMode }{
		"the file is for its owner alone":      {0o600, 0o755},
		"the directory is for its owner alone": {0o644, 0o700},
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			directory, message := filepath.Join(base, "results"), filepath.Join(base, "message")
			mkdir(t, directory)
			for path, mode := range map[string]os.FileMode{filepath.Join(directory, "log.json"): row.file, message: 0o666} {
				if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			// What t.TempDir makes is for its owner alone.
			for path, mode := range map[string]os.FileMode{base: 0o755, filepath.Dir(base): 0o755, directory: row.directory} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			again(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: hardUser, Gid: hardUser}}, base,
				"collect", "--directory="+directory, "--path=*.json", "--metric=m", "--termination-log="+message)
			text, err := os.ReadFile(message)
			if err != nil {
				t.Fatal(err)
			}
			report, err := runs.DecodeReport(string(text))
			if err != nil || report.Reason != v1alpha1.ReasonUnreadable || !strings.Contains(report.Message, "may not be read by user 65532") || !strings.Contains(report.Message, "fsGroup") {
				t.Errorf("%v: %s", err, text)
			}
		})
	}
}

// environment variables of a test binary that runs the program.
const againVariable = "SCALEGATE_TEST_COLLECT"

// again runs the program as a process of its own, and returns the most memory that it had resident, in KiB.
func again(t *testing.T, attributes *syscall.SysProcAttr, directory string, args ...string) int {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Another user may not enter the directory that go test builds in.
	copied := filepath.Join(directory, "program")
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, content, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), copied, "-test.run=^TestCollectAgain$")
	cmd.Dir, cmd.SysProcAttr = directory, attributes
	cmd.Env = append(os.Environ(), againVariable+"="+strings.Join(args, "\n"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if kib, ok := strings.CutPrefix(strings.TrimSpace(line), "resident KiB: "); ok {
			n, err := strconv.Atoi(kib)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("the process does not say how much memory it had: %s", out)
	return 0
}

// TestCollectAgain is the program, in a process that again starts.
func TestCollectAgain(t *testing.T) {
	args := os.Getenv(againVariable)
	if args == "" {
		t.Skip("skipped: it is for the process that other tests start")
	}
	if got := run(t, nil, strings.Split(args, "\n")...); got.code != 0 {
		t.Fatalf("exit code %d: %s", got.code, got.errors)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Fprintln(os.Stdout, "resident KiB:", strings.Fields(rest)[0])
		}
	}
}

func TestCollectReadsALargeLogInLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: writes and reads a file of 200 MB")
	}
	base := t.TempDir()
	resident := map[string]int{}
	for name, size := range map[string]int{"small.json": 1, "large.json": 200 << 20} {
		writeLog(t, filepath.Join(base, name), size)
		message := filepath.Join(base, "message")
		resident[name] = again(t, nil, base, "collect", "--directory="+base, "--path="+name, "--metric=scorer/accuracy", "--termination-log="+message)
		text, err := os.ReadFile(message)
		if err != nil {
			t.Fatal(err)
		}
		report, err := runs.DecodeReport(string(text))
		if err != nil || report.Measurement == nil || report.Measurement.Value != "0.25" {
			t.Fatalf("%v: %s", err, text)
		}
	}
	t.Logf("KiB resident at most: %v", resident)
	// The program alone, with the tests of its package in it, takes most of what there is.
	const most = 16 << 10
	if more := resident["large.json"] - resident["small.json"]; more > most && !withRaceDetector() {
		t.Errorf("reading 200 MiB took %d KiB more than reading next to nothing, want at most %d", more, most)
	}
}

// writeLog writes an Inspect log with samples of that size together.
func writeLog(t *testing.T, path string, size int) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	head, tail, ok := strings.Cut(inspectLog("success", "accuracy", "0.25", "q"), `"samples": [`)
	if !ok {
		t.Fatal("the log has no samples")
	}
	fmt.Fprintf(out, `%s"samples": [`, head)
	sample := `{"id": "%d", "epoch": 1, "input": "` + strings.Repeat("some text, ", 400) + `", "target": "No"},`
	for n, written := 2, 0; written < size; n++ {
		w, err := fmt.Fprintf(out, sample, n)
		if err != nil {
			t.Fatal(err)
		}
		written += w
	}
	fmt.Fprint(out, tail)
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
}

// withRaceDetector reports whether the test was built with -race, which takes several times the memory.
func withRaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
