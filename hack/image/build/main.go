// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command build makes Scalegate's container image from this tree, as an OCI archive and without a daemon, and beside it
// the list of what went into it. It prints the image's digest. Two runs for one commit give the same bytes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/scalegate/scalegate/hack/image"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.reference, "reference", "", "name of the image, REPOSITORY:TAG (scalegate:VERSION)")
	flag.StringVar(&o.version, "version", "dev", "version that the binary says it has")
	flag.StringVar(&o.platforms, "platforms", "linux/amd64", "platforms, with commas between them")
	flag.StringVar(&o.archive, "archive", "bin/scalegate-image.tar", "file that the image is written to")
	flag.StringVar(&o.sbom, "sbom", "bin/scalegate-sbom.spdx.json", "file that the list of contents is written to")
	flag.Parse()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1)
	}
}

type options struct {
	reference, version, platforms, archive, sbom string
}

func (o *options) run(ctx context.Context) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unknown argument %q: everything is said by flags", flag.Arg(0))
	}
	if o.reference == "" {
		o.reference = image.Name + ":" + o.version
	}
	created, err := sourceTime(ctx)
	if err != nil {
		return err
	}
	// A source archive has no commit, and its image says none.
	revision, err := git(ctx, "rev-parse", "HEAD")
	if err != nil {
		revision = ""
	}
	spec := image.Scalegate(o.version, revision)
	spec.Reference, spec.Created = o.reference, created
	for text := range strings.SplitSeq(o.platforms, ",") {
		binary, err := o.compile(ctx, text)
		if err != nil {
			return err
		}
		spec.Binaries = append(spec.Binaries, binary)
	}
	if err := os.MkdirAll(filepath.Dir(o.archive), 0o755); err != nil {
		return fmt.Errorf("making the folder of the image: %w", err)
	}
	digest, err := image.Write(o.archive, spec)
	if err != nil {
		return err
	}
	list, err := image.SPDX(image.Bill{
		Name: image.Name, Version: o.version, Source: spec.Labels[image.LabelSource], License: spec.Labels[image.LabelLicenses],
		Image: digest, Created: created,
	}, spec.Binaries)
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.sbom, list, 0o644); err != nil {
		return fmt.Errorf("writing the list of contents: %w", err)
	}
	_, err = fmt.Printf("%s %s\n%s %s\n", o.archive, spec.Reference, o.sbom, digest)
	return err
}

// compile builds the binary of a platform as make build does, and as the Dockerfile does.
func (o *options) compile(ctx context.Context, text string) (image.Binary, error) {
	platform, err := image.ParsePlatform(text)
	if err != nil {
		return image.Binary{}, fmt.Errorf("reading -platforms: %w", err)
	}
	binary := image.Binary{Platform: platform, Path: filepath.Join("bin", platform.OS+"-"+platform.Architecture, image.Name)}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+o.version, "-o", binary.Path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+platform.OS, "GOARCH="+platform.Architecture)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return image.Binary{}, fmt.Errorf("building for %s: %w", platform, err)
	}
	return binary, nil
}

// sourceTime is the time of everything in the image: SOURCE_DATE_EPOCH, seconds since 1970, or that of the commit.
func sourceTime(ctx context.Context) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		var err error
		if text, err = git(ctx, "log", "-1", "--format=%ct"); err != nil {
			return time.Time{}, errors.Join(errors.New("set SOURCE_DATE_EPOCH where there is no commit to take the time from"), err)
		}
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q: it must be seconds since 1970", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return "", fmt.Errorf("running git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
