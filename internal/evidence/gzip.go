// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// StoredBytes is the largest result file that is read out of a ConfigMap once it is decompressed.
const StoredBytes = 64 << 20

// Decompress undoes the gzip compression a result file may have been stored with. What does not begin as
// gzip is returned as it is: the caller's own slice. Nothing is undone twice. At most limit bytes come
// out; more, and damaged or truncated data, are an [UnreadableError].
func Decompress(stored []byte, limit int64) ([]byte, error) {
	if !bytes.HasPrefix(stored, []byte{0x1f, 0x8b}) {
		return stored, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		return nil, unreadable("the gzip header is damaged")
	}
	file, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, unreadable("the gzip data is truncated")
	case err != nil:
		return nil, unreadable("the gzip data is damaged")
	case int64(len(file)) > limit:
		return nil, unreadable("the gzip data holds more than the %d bytes that are read", limit)
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("closing the gzip reader: %w", err)
	}
	return file, nil
}
