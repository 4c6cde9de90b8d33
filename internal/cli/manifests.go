// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/internal/manifest"
)

// manifests are the flags that name manifests.
type manifests struct {
	files     []string
	recursive bool
	kustomize string
}

func (m *manifests) addTo(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&m.files, "filename", "f", nil, "file, or folder of .yaml, .yml and .json files; - is standard input; may be repeated")
	cmd.Flags().BoolVarP(&m.recursive, "recursive", "R", false, "look into the folders below those of --filename too")
	cmd.Flags().StringVarP(&m.kustomize, "kustomize", "k", "", "folder with a kustomization, which is built")
}

// read reads all of them. The second value says what could not be read of files that are there; the error is for what is not.
func (m *manifests) read(cmd *cobra.Command) (objects []manifest.Object, unread, err error) {
	if len(m.files) == 0 && m.kustomize == "" {
		return nil, nil, errors.New("name the manifests: --filename FILE, or --kustomize FOLDER")
	}
	add := func(name string, data []byte) {
		found, wrong := manifest.Read(name, data)
		objects, unread = append(objects, found...), errors.Join(unread, wrong)
	}
	for _, name := range m.files {
		if name == "-" {
			data, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), manifest.MaxBytes+1))
			if err != nil {
				return nil, nil, fmt.Errorf("reading standard input: %w", err)
			}
			add("stdin", data)
			continue
		}
		if err := m.walk(name, add); err != nil {
			return nil, nil, err
		}
	}
	if m.kustomize != "" {
		data, err := built(m.kustomize)
		if err != nil {
			return nil, nil, err
		}
		add(filepath.Join(m.kustomize, "kustomization.yaml"), data)
	}
	return objects, unread, nil
}

// walk reads a file, or the manifests of a folder. What builds a kustomization is none.
func (m *manifests) walk(name string, add func(string, []byte)) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("looking for manifests: %w", err)
	}
	if !info.IsDir() {
		return readInto(name, add)
	}
	found := 0
	// With the separator behind it, a symbolic link to a folder is walked as the folder.
	folder := strings.TrimRight(name, string(filepath.Separator)) + string(filepath.Separator)
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("looking for manifests: %w", err)
		case entry.IsDir() && path != folder && !m.recursive:
			return filepath.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			return nil
		case strings.EqualFold(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), "kustomization"):
			return nil
		}
		found++
		return readInto(path, add)
	})
	if err == nil && found == 0 {
		return fmt.Errorf("%s has no .yaml, .yml or .json file: name another folder, or look into those below it with --recursive", name)
	}
	return err
}

func readInto(name string, add func(string, []byte)) error {
	info, err := os.Stat(name)
	if err == nil && info.Size() > manifest.MaxBytes {
		return fmt.Errorf("%s has more than %d bytes: split it", name, manifest.MaxBytes)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading manifests: %w", err)
	}
	add(name, data)
	return nil
}

// built is what a kustomization makes, as YAML. It asks no cluster.
func built(folder string) ([]byte, error) {
	infos, err := resource.NewLocalBuilder().Unstructured().
		FilenameParam(false, &resource.FilenameOptions{Kustomize: folder}).Flatten().Do().Infos()
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", folder, err)
	}
	var all []byte
	for _, info := range infos {
		object, ok := info.Object.(*unstructured.Unstructured)
		if !ok {
			return nil, fmt.Errorf("building %s: %T is no manifest", folder, info.Object)
		}
		data, err := yaml.Marshal(object.Object)
		if err != nil {
			return nil, fmt.Errorf("building %s: %w", folder, err)
		}
		all = append(append(all, "---\n"...), data...)
	}
	return all, nil
}

// namespaceOf is the namespace that kubectl would put objects in which name none, without asking a cluster; default where the
// kubeconfig says nothing.
func namespaceOf(flags *genericclioptions.ConfigFlags) string {
	if flags.Namespace != nil && *flags.Namespace != "" {
		return *flags.Namespace
	}
	return "default"
}
