// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localnode

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnImageIsWrittenTheSameTwice(t *testing.T) {
	dir := t.TempDir()
	image := Image{Repository: "localhost/example", Binary: filepath.Join(dir, "program"), User: "65532:65532"}
	if err := os.WriteFile(image.Binary, []byte("a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := WriteImage(filepath.Join(dir, "first.tar"), image)
	if err != nil {
		t.Fatal(err)
	}
	second, err := WriteImage(filepath.Join(dir, "second.tar"), image)
	if err != nil {
		t.Fatal(err)
	}
	if first != second {
		t.Errorf("digests are %s and %s, want the same", first, second)
	}
	image.User = "0:0"
	if other, err := WriteImage(filepath.Join(dir, "other.tar"), image); err != nil || other == first {
		t.Errorf("another user gives %s, %v, want another digest than %s", other, err, first)
	}
}

// TestAnArchiveHoldsWhatItsIndexNames follows the digests from the index to the binary.
func TestAnArchiveHoldsWhatItsIndexNames(t *testing.T) {
	dir := t.TempDir()
	image := Image{Repository: "localhost/example", Binary: filepath.Join(dir, "program"), User: "65532:65532"}
	if err := os.WriteFile(image.Binary, []byte("a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(dir, "image.tar")
	digest, err := WriteImage(archive, image)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	files := untar(t, data)
	for name, content := range files {
		if want, ok := strings.CutPrefix(name, "blobs/sha256/"); ok {
			if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != want {
				t.Errorf("%s holds something else", name)
			}
		}
	}
	blob := func(d descriptor) []byte { return files["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")] }
	var index struct{ Manifests []descriptor }
	decode(t, files["index.json"], &index)
	var names []string
	for _, d := range index.Manifests {
		if d.Digest != digest {
			t.Errorf("the index names %s, want %s", d.Digest, digest)
		}
		names = append(names, d.Annotations["io.containerd.image.name"])
	}
	if want := "localhost/example:test localhost/example@" + digest; strings.Join(names, " ") != want {
		t.Errorf("names = %q, want %q", names, want)
	}
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	decode(t, blob(index.Manifests[0]), &manifest)
	var config struct {
		Config struct {
			User       string
			Entrypoint []string
		}
	}
	decode(t, blob(manifest.Config), &config)
	if config.Config.User != image.User || len(config.Config.Entrypoint) != 1 || config.Config.Entrypoint[0] != "/program" {
		t.Errorf("config = %+v", config.Config)
	}
	if got := untar(t, blob(manifest.Layers[0]))["program"]; string(got) != "a program" {
		t.Errorf("the layer holds %q", got)
	}
}

func untar(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
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
		files[header.Name] = content
	}
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	missing := strings.Join(Missing(), "\n")
	for _, want := range []string{"Debian package containerd", "Debian package nftables", "the program runc "} {
		if !strings.Contains(missing, want) {
			t.Errorf("missing = %q, want it to say %q", missing, want)
		}
	}
}
