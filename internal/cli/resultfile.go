// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/scalegate/scalegate/internal/evidence"
)

// maxStoredBytes is the most that the values of a ConfigMap may have together.
const maxStoredBytes = 1 << 20

// resultFile is a result file on the caller's disk.
type resultFile struct {
	path        string
	size        int64
	measurement evidence.Measurement
	// stored is the file as it is stored, compressed.
	stored []byte
}

// readReport reads what a result file says. The file itself is not kept.
func readReport(path string) (*resultFile, error) {
	file, size, err := openReport(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	limits := evidence.DefaultLimits()
	limits.FileBytes = min(limits.FileBytes, evidence.StoredBytes)
	m, err := evidence.Read(file, size, limits)
	if err != nil {
		return nil, fmt.Errorf("FILE %s: %w; nothing was imported", path, err)
	}
	return &resultFile{path: path, size: size, measurement: m}, nil
}

// reportFile is an opened result: the file, or the archive of a directory.
type reportFile interface {
	io.Reader
	io.ReaderAt
	io.Closer
}

// packed is the archive of a directory. There is nothing to close.
type packed struct{ *bytes.Reader }

// Close implements io.Closer.
func (packed) Close() error { return nil }

func openReport(path string) (result reportFile, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("opening FILE: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("opening FILE: %w", err)
	}
	if info.IsDir() {
		if err := file.Close(); err != nil {
			return nil, 0, fmt.Errorf("opening FILE: %w", err)
		}
		return packReport(path)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("FILE %s is neither a file nor a directory: name the result that the evaluation tool wrote", path)
	}
	var head [2]byte
	if n, _ := file.ReadAt(head[:], 0); n == len(head) && head == [2]byte{0x1f, 0x8b} {
		return nil, 0, fmt.Errorf("FILE %s is compressed with gzip: decompress it first, for evidence is identified by the digest of the file that the tool wrote", path)
	}
	return file, info.Size(), nil
}

// packReport makes one file of a directory, for tools whose result is one. The same files give the same bytes.
func packReport(path string) (reportFile, int64, error) {
	limits := evidence.DefaultLimits()
	limits.FileBytes = min(limits.FileBytes, evidence.StoredBytes)
	archive, err := evidence.Pack(os.DirFS(path), limits)
	if err != nil {
		return nil, 0, fmt.Errorf("FILE %s: %w; nothing was imported", path, err)
	}
	return packed{bytes.NewReader(archive)}, int64(len(archive)), nil
}

// compress fills in stored. The file is read piece by piece, so that a large one takes no memory; one that does not
// fit is refused and never cut.
func (r *resultFile) compress() error {
	file, _, err := openReport(r.path)
	if err != nil {
		return err
	}
	defer file.Close()
	digest := sha256.New()
	out := &bounded{limit: maxStoredBytes}
	compressor, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compressing %s: %w", r.path, err)
	}
	if _, err := io.Copy(compressor, io.TeeReader(file, digest)); err != nil {
		return fmt.Errorf("compressing %s: %w", r.path, err)
	}
	if err := compressor.Close(); err != nil {
		return fmt.Errorf("compressing %s: %w", r.path, err)
	}
	if hex.EncodeToString(digest.Sum(nil)) != r.measurement.SHA256 {
		return fmt.Errorf("FILE %s changed while it was read: wait until the evaluation has ended", r.path)
	}
	if out.total > out.limit {
		return &tooLargeError{path: r.path, size: r.size, compressed: out.total, format: r.measurement.Format}
	}
	r.stored = out.Bytes()
	return nil
}

// name is the file's own name, without the folders it is in.
func (r *resultFile) name() string { return filepath.Base(r.path) }

// bounded keeps what is written up to a limit, and past it only counts.
type bounded struct {
	bytes.Buffer
	limit, total int64
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	b.total += int64(len(p))
	if b.total <= b.limit {
		return b.Buffer.Write(p)
	}
	return len(p), nil
}

// tooLargeError is a result file that fits into no ConfigMap.
type tooLargeError struct {
	path             string
	size, compressed int64
	format           evidence.Format
}

// Error names the sizes and the remedy.
func (e *tooLargeError) Error() string {
	remedy := "have the tool write its results without the samples, or run it as an EvaluationSuite, which reads larger files"
	if e.format == evidence.InspectJSON || e.format == evidence.InspectEval {
		remedy = "run the evaluation with inspect eval --no-log-samples, which leaves the samples out of the log and the results in it"
	}
	if e.format == evidence.LMEval || e.format == evidence.LMEvalLegacy {
		remedy = "import the results_*.json file that lm_eval writes with --output_path, without samples in it"
	}
	return fmt.Sprintf("FILE %s does not fit: it has %d bytes, %d compressed with gzip, and a ConfigMap holds %d; it is not cut, for that would make it another file: %s",
		e.path, e.size, e.compressed, maxStoredBytes, remedy)
}

// selectResult finds the one result that the metric names.
func (r *resultFile) selectResult(metric, requirement, policy string) (evidence.Result, error) {
	result, err := r.measurement.Select(metric)
	if _, ok := errors.AsType[*evidence.SelectionError](err); ok {
		return result, fmt.Errorf("requirement %s of SafetyPolicy %s asks for one result of %s, and %w; import the file of the evaluation that the requirement is about, or correct evaluation.metric in the policy",
			requirement, policy, r.path, err)
	}
	return result, err
}
