// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// descriptor points to a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// blob is where a blob is in the archive.
func (d descriptor) blob() string { return "blobs/sha256/" + strings.TrimPrefix(d.Digest, "sha256:") }

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type imageConfig struct {
	Created      *time.Time     `json:"created,omitempty"`
	Architecture string         `json:"architecture"`
	OS           string         `json:"os"`
	Config       containerSpec  `json:"config"`
	RootFS       rootFS         `json:"rootfs"`
	History      []historyEntry `json:"history,omitempty"`
}

type containerSpec struct {
	User       string            `json:"User,omitempty"`
	Entrypoint []string          `json:"Entrypoint"`
	Cmd        []string          `json:"Cmd,omitempty"`
	Labels     map[string]string `json:"Labels,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type historyEntry struct {
	Created   *time.Time `json:"created,omitempty"`
	CreatedBy string     `json:"created_by"`
}

// dockerImage is an entry of manifest.json, by which Docker loads an archive.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// blobSet holds blobs by their path in the archive.
type blobSet map[string][]byte

func (b blobSet) add(mediaType string, data []byte) descriptor {
	d := descriptor{MediaType: mediaType, Digest: digestOf(data), Size: len(data)}
	b[d.blob()] = data
	return d
}

func (b blobSet) addJSON(mediaType string, value any) (descriptor, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, fmt.Errorf("encoding %s: %w", mediaType, err)
	}
	return b.add(mediaType, data), nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// assemble adds what the image consists of, and returns its top: a manifest, or an index of them. docker is how
// Docker finds the parts; nil where there are several platforms, which it cannot load.
func (s Spec) assemble(blobs blobSet) (top descriptor, docker *dockerImage, err error) {
	var manifests []descriptor
	for _, binary := range s.Binaries {
		m, err := s.platformImage(blobs, binary)
		if err != nil {
			return descriptor{}, nil, err
		}
		d, err := blobs.addJSON(mediaManifest, m)
		if err != nil {
			return descriptor{}, nil, err
		}
		if len(s.Binaries) == 1 {
			return d, &dockerImage{Config: m.Config.blob(), RepoTags: []string{s.Reference}, Layers: []string{m.Layers[0].blob()}}, nil
		}
		d.Platform = &platform{Architecture: binary.Platform.Architecture, OS: binary.Platform.OS}
		manifests = append(manifests, d)
	}
	top, err = blobs.addJSON(mediaIndex, index{SchemaVersion: 2, MediaType: mediaIndex, Manifests: manifests})
	return top, nil, err
}

// platformImage adds layer and configuration of one platform, and returns its manifest.
func (s Spec) platformImage(blobs blobSet, binary Binary) (manifest, error) {
	layer, diffID, err := s.layer(binary)
	if err != nil {
		return manifest{}, err
	}
	created := s.created()
	mediaType := mediaLayer
	if s.Compress {
		mediaType = mediaLayerGz
	}
	config, err := blobs.addJSON(mediaConfig, imageConfig{
		Created: created, Architecture: binary.Platform.Architecture, OS: binary.Platform.OS,
		Config:  containerSpec{User: s.User, Entrypoint: []string{s.Entrypoint}, Cmd: s.Cmd, Labels: s.Labels},
		RootFS:  rootFS{Type: "layers", DiffIDs: []string{diffID}},
		History: []historyEntry{{Created: created, CreatedBy: "one static binary at " + s.Entrypoint}},
	})
	if err != nil {
		return manifest{}, err
	}
	return manifest{
		SchemaVersion: 2, MediaType: mediaManifest, Config: config, Layers: []descriptor{blobs.add(mediaType, layer)},
	}, nil
}

func (s Spec) created() *time.Time {
	if s.Created.IsZero() {
		return nil
	}
	return new(s.Created.UTC().Truncate(time.Second))
}

// layer is the file system: the folders down to the binary, and the binary. diffID is the digest of it unpacked.
func (s Spec) layer(binary Binary) (layer []byte, diffID string, err error) {
	data, err := os.ReadFile(binary.Path)
	if err != nil {
		return nil, "", fmt.Errorf("reading the binary for %s: %w", binary.Platform, err)
	}
	var files []file
	name := strings.TrimPrefix(path.Clean(s.Entrypoint), "/")
	for i, r := range name {
		if r == '/' {
			files = append(files, file{name: name[:i+1], mode: 0o755})
		}
	}
	var unpacked bytes.Buffer
	if err := writeTar(&unpacked, append(files, file{name: name, data: data, mode: 0o755}), s.Created); err != nil {
		return nil, "", err
	}
	diffID = digestOf(unpacked.Bytes())
	if !s.Compress {
		return unpacked.Bytes(), diffID, nil
	}
	// The header of a gzip.Writer has no name and no time unless they are set.
	var packed bytes.Buffer
	packer := gzip.NewWriter(&packed)
	if _, err := packer.Write(unpacked.Bytes()); err != nil {
		return nil, "", fmt.Errorf("packing the layer: %w", err)
	}
	if err := packer.Close(); err != nil {
		return nil, "", fmt.Errorf("packing the layer: %w", err)
	}
	return packed.Bytes(), diffID, nil
}

// layout are the files of the archive, in their order.
func (s Spec) layout(top descriptor, docker *dockerImage, blobs blobSet) ([]file, error) {
	repository, tag := s.split()
	name := canonical(repository)
	tagged := top
	tagged.Annotations = map[string]string{annotationContainerd: name + ":" + tag, annotationRef: tag}
	entries := []descriptor{tagged}
	if s.ByDigest {
		pinned := top
		pinned.Annotations = map[string]string{annotationContainerd: name + "@" + top.Digest}
		entries = append(entries, pinned)
	}
	files := []file{{name: "oci-layout", data: []byte(`{"imageLayoutVersion":"1.0.0"}`)}}
	add := func(name string, value any) error {
		data, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
		files = append(files, file{name: name, data: data})
		return nil
	}
	if err := add("index.json", index{SchemaVersion: 2, MediaType: mediaIndex, Manifests: entries}); err != nil {
		return nil, err
	}
	if docker != nil {
		if err := add("manifest.json", []dockerImage{*docker}); err != nil {
			return nil, err
		}
	}
	files = append(files, file{name: "blobs/"}, file{name: "blobs/sha256/"})
	for _, name := range slices.Sorted(maps.Keys(blobs)) {
		files = append(files, file{name: name, data: blobs[name]})
	}
	return files, nil
}

// file is an entry of a tar archive; a name that ends in / is a folder.
type file struct {
	name string
	data []byte
	mode int64 // 0 means 0644, of a folder 0755
}

func writeFile(name string, files []file, modified time.Time) (err error) {
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if closing := out.Close(); err == nil {
			err = closing
		}
	}()
	return writeTar(out, files, modified)
}

// writeTar writes files, all of one time and of nobody in particular, so that the same files give the same bytes.
func writeTar(w io.Writer, files []file, modified time.Time) error {
	if modified.IsZero() {
		modified = time.Unix(0, 0)
	}
	out := tar.NewWriter(w)
	for _, f := range files {
		header := &tar.Header{
			Name: f.name, Mode: f.mode, Size: int64(len(f.data)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR,
			ModTime: modified.UTC().Truncate(time.Second),
		}
		if strings.HasSuffix(f.name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if header.Mode == 0 && header.Typeflag == tar.TypeDir {
			header.Mode = 0o755
		} else if header.Mode == 0 {
			header.Mode = 0o644
		}
		if err := out.WriteHeader(header); err != nil {
			return fmt.Errorf("writing an archive: %w", err)
		}
		if _, err := out.Write(f.data); err != nil {
			return fmt.Errorf("writing an archive: %w", err)
		}
	}
	return out.Close()
}
