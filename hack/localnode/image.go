// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localnode

import (
	"path/filepath"
	"runtime"

	"github.com/scalegate/scalegate/hack/image"
)

// Image is a container image that holds one static binary and nothing else.
type Image struct {
	// Repository names it, such as localhost/scalegate/pause; its tag is "test".
	Repository string
	// Binary is the file that the image holds, and runs, as /<base name>.
	Binary string
	// User is the numeric user, "uid:gid"; empty means root.
	User string
}

// Reference is the image's name with its tag.
func (i Image) Reference() string {
	return i.Repository + ":test"
}

// Entrypoint is the path of the binary inside the image.
func (i Image) Entrypoint() string {
	return "/" + filepath.Base(i.Binary)
}

// WriteImage writes the image as an OCI archive that containerd imports under its reference and
// under repository@digest, and returns that digest, "sha256:..." of the manifest. The same binary
// gives the same digest.
func WriteImage(archive string, of Image) (digest string, err error) {
	return image.Write(archive, image.Spec{
		Reference: of.Reference(), Entrypoint: of.Entrypoint(), User: of.User, ByDigest: true,
		Binaries: []image.Binary{{Platform: image.Platform{OS: "linux", Architecture: runtime.GOARCH}, Path: of.Binary}},
	})
}
