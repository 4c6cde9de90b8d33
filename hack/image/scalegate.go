// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import "maps"

// Name is the name of Scalegate's binary and, without another, of its image.
const Name = "scalegate"

// Labels of the OCI image specification that Scalegate's image has.
const (
	LabelTitle       = "org.opencontainers.image.title"
	LabelDescription = "org.opencontainers.image.description"
	LabelSource      = "org.opencontainers.image.source"
	LabelLicenses    = "org.opencontainers.image.licenses"
	LabelVersion     = "org.opencontainers.image.version"
	LabelRevision    = "org.opencontainers.image.revision"
)

// Scalegate is Scalegate's image as the Dockerfile makes it, for a version and the commit that it was built from. An empty
// one of the two leaves its label out. Reference, Binaries and Created are the caller's to fill in.
func Scalegate(version, revision string) Spec {
	labels := map[string]string{
		LabelTitle:       Name,
		LabelDescription: "Holds a model's pods until its safety evidence reaches as far as they serve",
		LabelSource:      "https://github.com/scalegate/scalegate",
		LabelLicenses:    "Apache-2.0",
		LabelVersion:     version,
		LabelRevision:    revision,
	}
	maps.DeleteFunc(labels, func(_, value string) bool { return value == "" })
	return Spec{
		Entrypoint: "/" + Name,
		Cmd:        []string{"manager"},
		// Numeric, so that a pod with runAsNonRoot is admitted without an /etc/passwd.
		User:     "65532:65532",
		Labels:   labels,
		Compress: true,
	}
}
