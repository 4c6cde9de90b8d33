// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localnode

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Media types of the OCI image specification.
const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar"
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

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// WriteImage writes the image as an OCI archive that containerd imports under its reference and
// under repository@digest, and returns that digest, "sha256:..." of the manifest. The same binary
// gives the same digest.
func WriteImage(archive string, image Image) (digest string, err error) {
	layer, err := layer(image)
	if err != nil {
		return "", err
	}
	blobs := blobSet{}
	layerDescriptor := blobs.add(mediaLayer, layer)
	config, err := blobs.addJSON(mediaConfig, map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"User": image.User, "Entrypoint": []string{image.Entrypoint()}},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{layerDescriptor.Digest}},
	})
	if err != nil {
		return "", err
	}
	manifest, err := blobs.addJSON(mediaManifest, map[string]any{
		"schemaVersion": 2, "mediaType": mediaManifest, "config": config, "layers": []descriptor{layerDescriptor},
	})
	if err != nil {
		return "", err
	}
	var names []descriptor
	for _, name := range []string{image.Reference(), image.Repository + "@" + manifest.Digest} {
		named := manifest
		named.Annotations = map[string]string{"io.containerd.image.name": name}
		names = append(names, named)
	}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": mediaIndex, "manifests": names})
	if err != nil {
		return "", fmt.Errorf("writing the image index: %w", err)
	}
	files := []file{{name: "oci-layout", data: []byte(`{"imageLayoutVersion":"1.0.0"}`)}, {name: "index.json", data: index}}
	for digest, data := range blobs {
		files = append(files, file{name: "blobs/sha256/" + digest, data: data})
	}
	out, err := os.Create(archive)
	if err != nil {
		return "", fmt.Errorf("writing an image: %w", err)
	}
	defer func() {
		if closing := out.Close(); err == nil {
			err = closing
		}
	}()
	return manifest.Digest, writeTar(out, files)
}

// blobSet holds blobs by their digest in hexadecimal.
type blobSet map[string][]byte

func (b blobSet) add(mediaType string, data []byte) descriptor {
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	b[digest] = data
	return descriptor{MediaType: mediaType, Digest: "sha256:" + digest, Size: len(data)}
}

func (b blobSet) addJSON(mediaType string, value any) (descriptor, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, fmt.Errorf("writing a part of an image: %w", err)
	}
	return b.add(mediaType, data), nil
}

func layer(image Image) ([]byte, error) {
	binary, err := os.ReadFile(image.Binary)
	if err != nil {
		return nil, fmt.Errorf("reading the binary of an image: %w", err)
	}
	var out bytes.Buffer
	err = writeTar(&out, []file{{name: filepath.Base(image.Binary), data: binary, mode: 0o755}})
	return out.Bytes(), err
}

type file struct {
	name string
	data []byte
	mode int64 // 0 means 0644
}

// writeTar writes files without times, so that the same files give the same bytes.
func writeTar(w io.Writer, files []file) error {
	out := tar.NewWriter(w)
	for _, f := range files {
		mode := f.mode
		if mode == 0 {
			mode = 0o644
		}
		header := &tar.Header{Name: f.name, Mode: mode, Size: int64(len(f.data)), Typeflag: tar.TypeReg}
		if err := out.WriteHeader(header); err != nil {
			return fmt.Errorf("writing an archive: %w", err)
		}
		if _, err := out.Write(f.data); err != nil {
			return fmt.Errorf("writing an archive: %w", err)
		}
	}
	return out.Close()
}
