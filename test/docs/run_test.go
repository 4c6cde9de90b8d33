// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/docs/page"
	"github.com/scalegate/scalegate/test/installation"
)

const (
	// blockTime bounds how long one block of commands may take.
	blockTime = 2 * time.Minute
	// untilTime bounds how long a block may be run again and again.
	untilTime = time.Minute
)

// TestCommands runs the commands of every page, in order and in a directory of its own.
func TestCommands(t *testing.T) {
	if os.Getenv(localcluster.ExternalEnv) != "" {
		t.Skip("the pages need simulated nodes and control planes of their own")
	}
	for _, p := range readable(t) {
		if !slices.ContainsFunc(p.Blocks, func(b page.Block) bool { return b.Commands() && b.Skip == "" }) {
			continue
		}
		t.Run(p.Path, func(t *testing.T) {
			t.Parallel()
			r, err := newRunner(t, p)
			if err != nil {
				t.Fatal(err)
			}
			r.all(t)
		})
	}
}

// folders are those of the repository that a page finds in its directory.
func folders() []string { return []string{"config", "policies", "charts", "docs"} }

// runner runs the commands of a page.
type runner struct {
	page *page.Page
	bed  *bed
	dir  string
}

func newRunner(t *testing.T, p *page.Page) (*runner, error) {
	t.Helper()
	r := &runner{page: p, dir: t.TempDir()}
	var text strings.Builder
	for i := range p.Blocks {
		text.WriteString(p.Blocks[i].Text + p.Blocks[i].File)
	}
	// Copies, as a clone has them, of what the page names: a page may write there.
	for _, name := range folders() {
		if !strings.Contains(text.String(), name) {
			continue
		}
		if err := os.CopyFS(filepath.Join(r.dir, name), os.DirFS(filepath.Join(installation.Root(), name))); err != nil {
			return nil, err
		}
	}
	if strings.Contains(text.String(), "helm ") {
		if err := shared.helm(); err != nil {
			return nil, err
		}
	}
	var err error
	if p.Cluster == page.Shared {
		r.bed, err = shared.open()
		return r, err
	}
	if r.bed, err = shared.start(t.Context(), p.Cluster); err == nil {
		t.Cleanup(func() {
			if err := r.bed.stop(); err != nil {
				t.Error(err)
			}
		})
	}
	return r, err
}

// all runs one block after the other, and none after one that failed.
func (r *runner) all(t *testing.T) {
	t.Helper()
	for i := range r.page.Blocks {
		b := &r.page.Blocks[i]
		switch {
		case b.Skip != "":
		case b.Commands():
			if !t.Run(fmt.Sprintf("line %d: %s", b.Line, strings.TrimSpace(b.First())), func(t *testing.T) { r.commands(t, b, r.wanted(i)) }) {
				return
			}
		case b.File != "":
			if err := r.file(b); err != nil {
				t.Fatalf("line %d: %v", b.Line, err)
			}
		}
	}
}

// wanted are the blocks that say what the block of this index prints.
func (r *runner) wanted(i int) []page.Block {
	end := i + 1
	for end < len(r.page.Blocks) && r.page.Blocks[end].Prints {
		end++
	}
	return r.page.Blocks[i+1 : end]
}

// file writes the file that a block is the content of. One that the repository has must be as the page shows it.
func (r *runner) file(b *page.Block) error {
	path := filepath.Join(r.dir, filepath.FromSlash(b.File))
	if top, _, _ := strings.Cut(b.File, "/"); slices.Contains(folders(), top) {
		got, err := os.ReadFile(path)
		if err == nil && string(got) != b.Text {
			err = fmt.Errorf("%s is not what the page shows", b.File)
		}
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.Text), 0o600)
}

// commands runs a block until it did what the page says: once, or again and again.
func (r *runner) commands(t *testing.T, b *page.Block, wanted []page.Block) {
	t.Helper()
	var printed string
	attempt := func(ctx context.Context) error {
		out, err := r.shell(ctx, b)
		if ctx.Err() != nil {
			return ctx.Err() // It was broken off, and what it printed until then says nothing.
		}
		if printed = out; err != nil {
			return err
		}
		for i := range wanted {
			if missing := page.Says(printed, wanted[i].Text); wanted[i].Skip == "" && missing != "" {
				return fmt.Errorf("the line %q of the block at line %d was not printed, or not in this order", missing, wanted[i].Line)
			}
		}
		return nil
	}
	var err error
	if b.Until {
		_ = wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, untilTime, true, func(ctx context.Context) (bool, error) {
			if e := attempt(ctx); e == nil || ctx.Err() == nil {
				err = e
			}
			return err == nil, nil
		})
	} else {
		err = attempt(t.Context())
	}
	if err != nil {
		t.Fatalf("%s:%d: %v\n--- commands\n%s--- printed\n%s", r.page.Path, b.Line, err, r.page.Substitute(b.Text), printed)
	}
}

// shell runs a block in bash, and returns what it printed on standard output and standard error. That it ends with another
// code than the page says is an error.
func (r *runner) shell(ctx context.Context, b *page.Block) (string, error) {
	kubeconfig, err := r.kubeconfig(b.As)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, blockTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c",
		"set -a; test ! -f .env || . ./.env; set +a; "+r.page.Substitute(b.Text))
	cmd.Dir = r.dir
	cmd.Env = []string{
		"PATH=" + filepath.Join(shared.dir, "bin") + ":" + filepath.Dir(r.bed.BinaryPath(localcluster.Kubectl)) + ":" + os.Getenv("PATH"),
		"HOME=" + r.bed.Dir(), "TMPDIR=" + r.dir, "KUBECONFIG=" + kubeconfig, "SCALEGATE_REPO=" + installation.Root(),
		"SCENE=" + filepath.Join(installation.Root(), "test", "docs", "scene"),
	}
	// Whoever is asked says yes.
	cmd.Stdin = strings.NewReader(strings.Repeat("y\n", 8))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	code := cmd.ProcessState.ExitCode()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return out.String(), err
	}
	if code != b.Exit {
		return out.String(), fmt.Errorf("it ended with the code %d, and the page says %d", code, b.Exit)
	}
	return out.String(), nil
}

// kubeconfig is the file by which a user reaches the control plane; nobody is a cluster admin. The directory of the page
// has its own for each, since a page may change it.
func (r *runner) kubeconfig(user []string) (string, error) {
	// A colon would part two files of KUBECONFIG.
	file := filepath.Join(r.dir, ".kubeconfig-"+strings.ReplaceAll(strings.Join(user, "+"), ":", "-"))
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	cfg := r.bed.Admin()
	if len(user) > 0 {
		var err error
		if cfg, err = r.bed.User(user[0], user[1:]...); err != nil {
			return "", err
		}
	}
	return file, localcluster.WriteKubeconfig(file, rest.CopyConfig(cfg))
}
