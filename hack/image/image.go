// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// Media types of the OCI image specification.
const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar"
	mediaLayerGz  = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// Annotations of an archive's index that say what an image is called.
const (
	annotationContainerd = "io.containerd.image.name"
	annotationRef        = "org.opencontainers.image.ref.name"
)

// Platform is what a binary runs on.
type Platform struct {
	// OS and Architecture are as Go names them: linux, amd64.
	OS, Architecture string
}

// String is "linux/amd64".
func (p Platform) String() string { return p.OS + "/" + p.Architecture }

// ParsePlatform reads "linux/amd64". Images of other systems than Linux cannot hold one static binary alone.
func ParsePlatform(text string) (Platform, error) {
	system, architecture, ok := strings.Cut(text, "/")
	if !ok || system != "linux" || !regexp.MustCompile(`^[a-z0-9]+$`).MatchString(architecture) {
		return Platform{}, fmt.Errorf("platform %q is not linux/ARCHITECTURE, such as linux/amd64", text)
	}
	return Platform{OS: system, Architecture: architecture}, nil
}

// Binary is a static binary for one platform.
type Binary struct {
	Platform Platform
	// Path is the file.
	Path string
}

// Spec is an image: the same for every platform but the binary.
type Spec struct {
	// Reference names it, with a tag: scalegate:v1, localhost/scalegate/pause:test.
	Reference string
	// Binaries are one for each platform, at least one. With several the image is an index of them, in this order.
	Binaries []Binary
	// Entrypoint is where the binary is in the image, such as /scalegate. It is run from there.
	Entrypoint string
	// Cmd are the arguments that a container without arguments runs it with.
	Cmd []string
	// User is the numeric user, "uid:gid". Empty means root.
	User string
	// Labels of the image's configuration.
	Labels map[string]string
	// Created is the time of everything in the image, in whole seconds; it is no time of a clock, so that the image can be
	// made again. The zero value leaves times out.
	Created time.Time
	// Compress packs the layer. What is imported on the same machine is quicker without.
	Compress bool
	// ByDigest has containerd import the image under repository@digest as well, as pods that pin it name it. Such an archive
	// has two entries, and tools that expect one need to be told which.
	ByDigest bool
}

// reference is a name that containerd and Docker agree on.
var referencePattern = regexp.MustCompile(
	`^([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// split are the repository and the tag.
func (s Spec) split() (repository, tag string) {
	at := strings.LastIndexByte(s.Reference, ':')
	return s.Reference[:at], s.Reference[at+1:]
}

// canonical is the repository with the registry that container runtimes put before a name without one.
func canonical(repository string) string {
	first, _, nested := strings.Cut(repository, "/")
	switch {
	case !nested:
		return "docker.io/library/" + repository
	case strings.ContainsAny(first, ".:") || first == "localhost":
		return repository
	default:
		return "docker.io/" + repository
	}
}

func (s Spec) validate() error {
	var errs []error
	if !referencePattern.MatchString(s.Reference) {
		errs = append(errs, fmt.Errorf("reference %q is not REPOSITORY:TAG in lower case, with a tag of letters, digits, points, dashes and underscores", s.Reference))
	}
	if len(s.Binaries) == 0 {
		errs = append(errs, errors.New("there is no binary: name one for each platform"))
	}
	if !strings.HasPrefix(s.Entrypoint, "/") || strings.HasSuffix(s.Entrypoint, "/") {
		errs = append(errs, fmt.Errorf("entrypoint %q is not the path of a file: begin it with /", s.Entrypoint))
	}
	seen := map[Platform]bool{}
	for _, b := range s.Binaries {
		if seen[b.Platform] {
			errs = append(errs, fmt.Errorf("platform %s is named twice: name each once", b.Platform))
		}
		seen[b.Platform] = true
	}
	return errors.Join(errs...)
}

// Write writes the image as an OCI archive, and returns its digest, "sha256:...": that of the manifest, or, of several
// platforms, that of their index. An error leaves no archive behind.
func Write(archive string, spec Spec) (digest string, err error) {
	if err := spec.validate(); err != nil {
		return "", fmt.Errorf("writing an image: %w", err)
	}
	blobs := blobSet{}
	top, docker, err := spec.assemble(blobs)
	if err != nil {
		return "", fmt.Errorf("writing the image %s: %w", spec.Reference, err)
	}
	files, err := spec.layout(top, docker, blobs)
	if err != nil {
		return "", fmt.Errorf("writing the image %s: %w", spec.Reference, err)
	}
	if err := writeFile(archive, files, spec.Created); err != nil {
		return "", errors.Join(fmt.Errorf("writing the image %s: %w", spec.Reference, err), ignoreMissing(os.Remove(archive)))
	}
	return top.Digest, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
