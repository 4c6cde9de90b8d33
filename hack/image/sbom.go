// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Bill is what an SBOM is about beside the binaries.
type Bill struct {
	// Name and Version of what the binaries are.
	Name, Version string
	// Source is where it comes from, an address.
	Source string
	// License is its SPDX identifier.
	License string
	// Image is the digest of the image that holds the binaries. It makes the document's own name unique.
	Image string
	// Created is when the document says that it was made: the time of the image.
	Created time.Time
}

// SPDX returns a software bill of materials, SPDX 2.3 as JSON: each binary with its SHA-256, and below it the modules that
// it was linked from, as the Go toolchain wrote them into it, with their versions as package URLs. Module sums are those of
// go.sum. Licences of modules are not looked up. The same binaries and bill give the same bytes. A binary that Go did
// not build with modules is an error.
func SPDX(bill Bill, binaries []Binary) ([]byte, error) {
	if bill.Created.IsZero() {
		return nil, errors.New("writing an SBOM: it needs the time of its creation")
	}
	d := spdxDocument{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT",
		Name:      bill.Name + "-" + bill.Version,
		Namespace: bill.Source + "/spdx/" + strings.TrimPrefix(bill.Image, "sha256:"),
		CreationInfo: spdxCreation{
			Created: bill.Created.UTC().Format("2006-01-02T15:04:05Z"), Creators: []string{"Tool: scalegate-image"},
		},
	}
	if _, err := hex.DecodeString(path.Base(d.Namespace)); err != nil || bill.Source == "" {
		return nil, fmt.Errorf("writing an SBOM: %q is no unique name: it needs a source and the digest of the image", d.Namespace)
	}
	for _, b := range binaries {
		if err := d.addBinary(bill, b); err != nil {
			return nil, fmt.Errorf("writing an SBOM: %w", err)
		}
	}
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing an SBOM: %w", err)
	}
	return append(data, '\n'), nil
}

// The parts of SPDX 2.3 that are used here.
type (
	spdxDocument struct {
		SPDXVersion   string             `json:"spdxVersion"`
		DataLicense   string             `json:"dataLicense"`
		SPDXID        string             `json:"SPDXID"`
		Name          string             `json:"name"`
		Namespace     string             `json:"documentNamespace"`
		CreationInfo  spdxCreation       `json:"creationInfo"`
		Packages      []spdxPackage      `json:"packages"`
		Relationships []spdxRelationship `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		SPDXID           string         `json:"SPDXID"`
		Name             string         `json:"name"`
		Version          string         `json:"versionInfo,omitempty"`
		FileName         string         `json:"packageFileName,omitempty"`
		DownloadLocation string         `json:"downloadLocation"`
		FilesAnalyzed    bool           `json:"filesAnalyzed"`
		Checksums        []spdxChecksum `json:"checksums,omitempty"`
		SourceInfo       string         `json:"sourceInfo,omitempty"`
		LicenseConcluded string         `json:"licenseConcluded"`
		LicenseDeclared  string         `json:"licenseDeclared"`
		Copyright        string         `json:"copyrightText"`
		ExternalRefs     []spdxRef      `json:"externalRefs,omitempty"`
		Purpose          string         `json:"primaryPackagePurpose,omitempty"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxRef struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelationship struct {
		Element string `json:"spdxElementId"`
		Type    string `json:"relationshipType"`
		Related string `json:"relatedSpdxElement"`
	}
)

const noAssertion = "NOASSERTION"

func (d *spdxDocument) addBinary(bill Bill, b Binary) error {
	info, err := buildinfo.ReadFile(b.Path)
	if err != nil {
		return fmt.Errorf("reading what the binary for %s was built from: %w", b.Platform, err)
	}
	if info.Main.Path == "" {
		return fmt.Errorf("reading what the binary for %s was built from: it was not built from a module", b.Platform)
	}
	data, err := os.ReadFile(b.Path)
	if err != nil {
		return fmt.Errorf("reading the binary for %s: %w", b.Platform, err)
	}
	sum := sha256.Sum256(data)
	id := "SPDXRef-Binary-" + identifier(b.Platform.String())
	d.Packages = append(d.Packages, spdxPackage{
		SPDXID: id, Name: bill.Name, Version: bill.Version, FileName: path.Base(b.Path), DownloadLocation: "git+" + bill.Source,
		Checksums:        []spdxChecksum{{Algorithm: "SHA256", Value: hex.EncodeToString(sum[:])}},
		SourceInfo:       "built from " + info.Path + " with " + info.GoVersion + " for " + b.Platform.String(),
		LicenseConcluded: bill.License, LicenseDeclared: bill.License, Copyright: noAssertion,
		ExternalRefs: purl(info.Main.Path, bill.Version), Purpose: "APPLICATION",
	})
	d.relate("SPDXRef-DOCUMENT", "DESCRIBES", id)
	modules := append([]*debug.Module{{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")}}, info.Deps...)
	for _, m := range modules {
		module, err := d.addModule(m)
		if err != nil {
			return err
		}
		d.relate(id, "DEPENDS_ON", module)
	}
	return nil
}

// addModule adds a module, unless another binary had it, and returns its identifier.
func (d *spdxDocument) addModule(m *debug.Module) (string, error) {
	source := ""
	if m.Replace != nil {
		source = "replaces " + m.Path + "@" + m.Version
		m = m.Replace
	}
	id := "SPDXRef-Module-" + identifier(m.Path+"@"+m.Version)
	refs := purl(m.Path, m.Version)
	if i := slices.IndexFunc(d.Packages, func(p spdxPackage) bool { return p.SPDXID == id }); i >= 0 {
		if !slices.Equal(d.Packages[i].ExternalRefs, refs) {
			return "", fmt.Errorf("two modules are called %s: %s and %s@%s", id, d.Packages[i].Name, m.Path, m.Version)
		}
		return id, nil
	}
	if m.Sum != "" {
		source = strings.TrimPrefix(source+"; go.sum "+m.Sum, "; ")
	}
	d.Packages = append(d.Packages, spdxPackage{
		SPDXID: id, Name: m.Path, Version: m.Version, DownloadLocation: noAssertion, SourceInfo: source,
		LicenseConcluded: noAssertion, LicenseDeclared: noAssertion, Copyright: noAssertion,
		ExternalRefs: refs, Purpose: "LIBRARY",
	})
	return id, nil
}

func (d *spdxDocument) relate(element, kind, related string) {
	d.Relationships = append(d.Relationships, spdxRelationship{Element: element, Type: kind, Related: related})
}

// identifier writes a name in the letters that SPDX identifiers may have.
func identifier(name string) string {
	return regexp.MustCompile(`[^A-Za-z0-9.-]+`).ReplaceAllString(name, "-")
}

// purl is the package URL of a Go module; none of one without a version, which is a folder beside this module. The
// specification has the path in lower case.
func purl(modulePath, version string) []spdxRef {
	if version == "" {
		return nil
	}
	return []spdxRef{{
		Category: "PACKAGE-MANAGER", Type: "purl",
		Locator: "pkg:golang/" + strings.ToLower(modulePath) + "@" + strings.ReplaceAll(version, "+", "%2B"),
	}}
}
