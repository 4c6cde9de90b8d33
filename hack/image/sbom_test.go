// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// built builds a command of this module, by its folder.
func built(t *testing.T, folder string) Binary {
	t.Helper()
	binary := filepath.Join(t.TempDir(), filepath.Base(folder))
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	build.Dir = folder
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return Binary{Platform: Platform{OS: "linux", Architecture: runtime.GOARCH}, Path: binary}
}

func bill() Bill {
	return Bill{
		Name: "server", Version: "v1", Source: "https://example.com/server", License: "Apache-2.0",
		Image: "sha256:" + strings.Repeat("ab", 32), Created: time.Unix(1700000000, 0),
	}
}

// TestABuildIsMadeAgain builds one program twice, in two folders, and expects image and list to be the same bytes.
func TestABuildIsMadeAgain(t *testing.T) {
	var archives, lists [][]byte
	for range 2 {
		spec := Scalegate("v1", "0123")
		spec.Reference, spec.Created = "scalegate:v1", time.Unix(1700000000, 0)
		spec.Binaries = []Binary{built(t, "../checks")}
		archive, digest := written(t, spec)
		about := bill()
		about.Image = digest
		list, err := SPDX(about, spec.Binaries)
		if err != nil {
			t.Fatal(err)
		}
		archives, lists = append(archives, archive), append(lists, list)
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the images of two builds differ")
	}
	if !bytes.Equal(lists[0], lists[1]) {
		t.Error("the lists of two builds differ")
	}
}

func TestTheListNamesWhatTheBinaryWasLinkedFrom(t *testing.T) {
	binary := built(t, "../kinds")
	list, err := SPDX(bill(), []Binary{binary})
	if err != nil {
		t.Fatal(err)
	}
	var d spdxDocument
	decode(t, list, &d)
	for _, fault := range spdxFaults(&d) {
		t.Error(fault)
	}
	info, err := buildinfo.ReadFile(binary.Path)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) == 0 {
		t.Fatal("the program is linked from nothing, and shows nothing")
	}
	var locators []string
	for _, p := range d.Packages {
		for _, ref := range p.ExternalRefs {
			locators = append(locators, ref.Locator)
		}
	}
	want := []string{"pkg:golang/github.com/scalegate/scalegate@v1", "pkg:golang/stdlib@" + strings.TrimPrefix(info.GoVersion, "go")}
	for _, dep := range info.Deps {
		want = append(want, "pkg:golang/"+strings.ToLower(dep.Path)+"@"+dep.Version)
	}
	if slices.Sort(locators); !slices.Equal(locators, slices.Sorted(slices.Values(want))) {
		t.Errorf("listed are %q, want %q", locators, want)
	}
	data, err := os.ReadFile(binary.Path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if got := d.Packages[0].Checksums[0].Value; got != hex.EncodeToString(sum[:]) {
		t.Errorf("the binary's SHA-256 is %s, want %x", got, sum)
	}
}

func TestOneListIsAboutAllPlatforms(t *testing.T) {
	binary := built(t, "../kinds")
	other := binary
	other.Platform.Architecture = "other"
	list, err := SPDX(bill(), []Binary{binary, other})
	if err != nil {
		t.Fatal(err)
	}
	var d spdxDocument
	decode(t, list, &d)
	for _, fault := range spdxFaults(&d) {
		t.Error(fault)
	}
	described := 0
	for _, r := range d.Relationships {
		if r.Type == "DESCRIBES" {
			described++
		}
	}
	if described != 2 {
		t.Errorf("%d binaries are described, want 2", described)
	}
}

func TestAListThatCannotBeIsRefused(t *testing.T) {
	text := Binary{Platform: Platform{OS: "linux", Architecture: "amd64"}, Path: "sbom_test.go"}
	for name, tc := range map[string]struct {
		bill     func(*Bill)
		binaries []Binary
		want     string
	}{
		"no time":                    {bill: func(b *Bill) { b.Created = time.Time{} }, want: "the time of its creation"},
		"no digest of the image":     {bill: func(b *Bill) { b.Image = "v1" }, want: "no unique name"},
		"no source":                  {bill: func(b *Bill) { b.Source = "" }, want: "no unique name"},
		"a file that is no binary":   {binaries: []Binary{text}, want: "what the binary for linux/amd64 was built from"},
		"a binary that is not there": {binaries: []Binary{{Path: "missing"}}, want: "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			b := bill()
			if tc.bill != nil {
				tc.bill(&b)
			}
			if _, err := SPDX(b, tc.binaries); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want it to say %q", err, tc.want)
			}
		})
	}
}

// spdxFaults holds a document to what SPDX 2.3 requires of one: the fields that must be there and their forms, unique
// identifiers, and relationships between what exists, of which one describes.
func spdxFaults(d *spdxDocument) []string {
	var faults []string
	must := func(ok bool, what string) {
		if !ok {
			faults = append(faults, what)
		}
	}
	must(d.SPDXVersion == "SPDX-2.3", "spdxVersion is "+d.SPDXVersion)
	must(d.DataLicense == "CC0-1.0", "dataLicense is "+d.DataLicense)
	must(d.SPDXID == "SPDXRef-DOCUMENT", "the document is "+d.SPDXID)
	must(d.Name != "", "the document has no name")
	must(regexp.MustCompile(`^https://[^#\s]+$`).MatchString(d.Namespace), "documentNamespace is "+d.Namespace)
	must(regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`).MatchString(d.CreationInfo.Created), "created is "+d.CreationInfo.Created)
	must(len(d.CreationInfo.Creators) > 0, "there is no creator")
	ids := map[string]bool{d.SPDXID: true}
	for _, p := range d.Packages {
		must(regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`).MatchString(p.SPDXID), "the identifier "+p.SPDXID+" has other letters")
		must(!ids[p.SPDXID], "the identifier "+p.SPDXID+" is there twice")
		ids[p.SPDXID] = true
		must(p.Name != "", p.SPDXID+" has no name")
		must(p.DownloadLocation == noAssertion || regexp.MustCompile(`^git\+https://\S+$`).MatchString(p.DownloadLocation),
			p.SPDXID+" comes from "+p.DownloadLocation)
		must(p.LicenseConcluded != "" && p.LicenseDeclared != "" && p.Copyright != "", p.SPDXID+" says nothing of its licence")
		for _, ref := range p.ExternalRefs {
			must(ref.Category == "PACKAGE-MANAGER" && ref.Type == "purl", p.SPDXID+" refers by "+ref.Type)
			must(regexp.MustCompile(`^pkg:golang/[a-z0-9._~/-]+@[A-Za-z0-9._~%-]+$`).MatchString(ref.Locator), "not a package URL: "+ref.Locator)
		}
		for _, sum := range p.Checksums {
			must(sum.Algorithm == "SHA256" && regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(sum.Value), p.SPDXID+" has the sum "+sum.Value)
		}
	}
	describes := false
	for _, r := range d.Relationships {
		must(ids[r.Element] && ids[r.Related], r.Element+" "+r.Type+" "+r.Related+" is about what is not there")
		describes = describes || r.Type == "DESCRIBES" && r.Element == d.SPDXID
	}
	must(describes, "the document describes nothing")
	return faults
}
