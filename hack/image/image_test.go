// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// example is an image of a text that stands for a binary, for each platform.
func example(t *testing.T, platforms ...string) Spec {
	t.Helper()
	spec := Spec{
		Reference: "example/server:v1", Entrypoint: "/opt/server", Cmd: []string{"serve"}, User: "65532:65532",
		Labels: map[string]string{"b": "2", "a": "1", "c": "3"}, Created: time.Unix(1700000000, 5), Compress: true,
	}
	for _, text := range platforms {
		p, err := ParsePlatform(text)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "server")
		if err := os.WriteFile(file, []byte("a program for "+text), 0o600); err != nil {
			t.Fatal(err)
		}
		spec.Binaries = append(spec.Binaries, Binary{Platform: p, Path: file})
	}
	return spec
}

func written(t *testing.T, spec Spec) (archive []byte, digest string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image.tar")
	digest, err := Write(file, spec)
	if err != nil {
		t.Fatal(err)
	}
	archive, err = os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return archive, digest
}

func TestTheSameImageIsTheSameBytes(t *testing.T) {
	spec := example(t, "linux/amd64", "linux/arm64")
	first, digest := written(t, spec)
	again := example(t, "linux/amd64", "linux/arm64") // the same contents in other files, written later
	if err := os.Chtimes(again.Binaries[0].Path, time.Now(), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	second, same := written(t, again)
	if !bytes.Equal(first, second) || digest != same {
		t.Errorf("two images of the same contents differ: %s and %s", digest, same)
	}
	for name, change := range map[string]func(*Spec){
		"another time":  func(s *Spec) { s.Created = s.Created.Add(time.Second) },
		"another user":  func(s *Spec) { s.User = "0:0" },
		"another label": func(s *Spec) { s.Labels = map[string]string{"a": "1"} },
		"another order": func(s *Spec) { s.Binaries[0], s.Binaries[1] = s.Binaries[1], s.Binaries[0] },
	} {
		t.Run(name+" gives another digest", func(t *testing.T) {
			other := example(t, "linux/amd64", "linux/arm64")
			change(&other)
			if _, got := written(t, other); got == digest {
				t.Errorf("the digest is %s as well", got)
			}
		})
	}
}

// TestAnArchiveHoldsWhatItsIndexNames follows the digests from the index to the binary.
func TestAnArchiveHoldsWhatItsIndexNames(t *testing.T) {
	spec := example(t, "linux/arm64")
	spec.ByDigest = true
	archive, digest := written(t, spec)
	files := untar(t, archive)
	for name, f := range files {
		if want, ok := strings.CutPrefix(name, "blobs/sha256/"); ok && want != "" && digestOf(f.data) != "sha256:"+want {
			t.Errorf("%s holds something else", name)
		}
		if !f.header.ModTime.Equal(time.Unix(1700000000, 0)) || f.header.Uid != 0 || f.header.Uname != "" {
			t.Errorf("%s is of %s and of user %d %q", name, f.header.ModTime, f.header.Uid, f.header.Uname)
		}
	}
	var top index
	decode(t, files["index.json"].data, &top)
	var names []string
	for _, d := range top.Manifests {
		if d.Digest != digest || d.Size != len(files[d.blob()].data) {
			t.Errorf("the index names %s of %d bytes, want %s of %d", d.Digest, d.Size, digest, len(files[d.blob()].data))
		}
		names = append(names, d.Annotations[annotationContainerd])
	}
	if want := []string{"docker.io/example/server:v1", "docker.io/example/server@" + digest}; !cmp.Equal(names, want) {
		t.Errorf("names = %q, want %q", names, want)
	}
	var m manifest
	decode(t, files[top.Manifests[0].blob()].data, &m)
	var config imageConfig
	decode(t, files[m.Config.blob()].data, &config)
	want := containerSpec{User: spec.User, Entrypoint: []string{"/opt/server"}, Cmd: spec.Cmd, Labels: spec.Labels}
	if diff := cmp.Diff(want, config.Config); diff != "" || config.Architecture != "arm64" || config.OS != "linux" {
		t.Errorf("the configuration of %s/%s differs (-want +got):\n%s", config.OS, config.Architecture, diff)
	}
	unpacked := gunzip(t, files[m.Layers[0].blob()].data)
	if got := digestOf(unpacked); got != config.RootFS.DiffIDs[0] {
		t.Errorf("the layer unpacks to %s, want %s", got, config.RootFS.DiffIDs[0])
	}
	layer := untar(t, unpacked)
	if got := layer["opt/server"]; string(got.data) != "a program for linux/arm64" || got.header.Mode != 0o755 || layer["opt/"].header == nil {
		t.Errorf("the layer holds %q: %+v", got.data, layer)
	}
	var docker []dockerImage
	decode(t, files["manifest.json"].data, &docker)
	loads := []dockerImage{{Config: m.Config.blob(), RepoTags: []string{"example/server:v1"}, Layers: []string{m.Layers[0].blob()}}}
	if diff := cmp.Diff(loads, docker); diff != "" {
		t.Errorf("what Docker loads differs (-want +got):\n%s", diff)
	}
}

func TestSeveralPlatformsAreAnIndex(t *testing.T) {
	archive, digest := written(t, example(t, "linux/amd64", "linux/arm64"))
	files := untar(t, archive)
	var top, platforms index
	decode(t, files["index.json"].data, &top)
	if len(top.Manifests) != 1 || top.Manifests[0].MediaType != mediaIndex || top.Manifests[0].Digest != digest {
		t.Fatalf("the archive holds %+v, want the one index %s", top.Manifests, digest)
	}
	decode(t, files[top.Manifests[0].blob()].data, &platforms)
	var got []string
	for _, d := range platforms.Manifests {
		var m manifest
		decode(t, files[d.blob()].data, &m)
		layer := untar(t, gunzip(t, files[m.Layers[0].blob()].data))
		got = append(got, d.Platform.OS+"/"+d.Platform.Architecture+": "+string(layer["opt/server"].data))
	}
	want := []string{"linux/amd64: a program for linux/amd64", "linux/arm64: a program for linux/arm64"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("platforms differ (-want +got):\n%s", diff)
	}
	if _, there := files["manifest.json"]; there {
		t.Error("Docker is offered an archive of several platforms")
	}
}

func TestAnImageThatCannotBeIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Spec)
		want   string
	}{
		"a reference without a tag":      {func(s *Spec) { s.Reference = "scalegate" }, "REPOSITORY:TAG"},
		"a tag that has a plus sign":     {func(s *Spec) { s.Reference = "scalegate:v1+2" }, "REPOSITORY:TAG"},
		"a repository in capitals":       {func(s *Spec) { s.Reference = "Scalegate:v1" }, "REPOSITORY:TAG"},
		"no binary":                      {func(s *Spec) { s.Binaries = nil }, "name one for each platform"},
		"one platform twice":             {func(s *Spec) { s.Binaries = append(s.Binaries, s.Binaries[0]) }, "linux/amd64 is named twice"},
		"an entrypoint that is relative": {func(s *Spec) { s.Entrypoint = "server" }, "begin it with /"},
		"a binary that is not there":     {func(s *Spec) { s.Binaries[0].Path += ".missing" }, "reading the binary for linux/amd64"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := example(t, "linux/amd64")
			tc.change(&spec)
			file := filepath.Join(t.TempDir(), "image.tar")
			if _, err := Write(file, spec); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want it to say %q", err, tc.want)
			}
			if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("an archive was left behind: %v", err)
			}
		})
	}
}

func TestNamesAreThoseOfContainerRuntimes(t *testing.T) {
	for repository, want := range map[string]string{
		"scalegate":                   "docker.io/library/scalegate",
		"example/scalegate":           "docker.io/example/scalegate",
		"registry.example/scalegate":  "registry.example/scalegate",
		"localhost/scalegate/pause":   "localhost/scalegate/pause",
		"registry:5000/lab/scalegate": "registry:5000/lab/scalegate",
	} {
		if got := canonical(repository); got != want {
			t.Errorf("canonical(%q) = %q, want %q", repository, got, want)
		}
	}
}

func TestAPlatformIsReadOrRefused(t *testing.T) {
	for _, bad := range []string{"", "linux", "amd64", "windows/amd64", "linux/", "linux/arm/v7", " linux/amd64"} {
		if p, err := ParsePlatform(bad); err == nil {
			t.Errorf("ParsePlatform(%q) = %v, want an error", bad, p)
		}
	}
}

type entry struct {
	header *tar.Header
	data   []byte
}

func untar(t *testing.T, data []byte) map[string]entry {
	t.Helper()
	files := map[string]entry{}
	archive := tar.NewReader(bytes.NewReader(data))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = entry{header, content}
	}
}

func gunzip(t *testing.T, data []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return unpacked
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
}
