// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"path"
	"slices"
	"strings"
)

// checkProgram refuses command lines that hide what they start: a shell, or a program that
// takes code or other programs' environment from its arguments.
func checkProgram(c *container) *Mismatch {
	const remedy = "start the server itself, with its flags in args and its variables in env"
	for i, t := range c.argv {
		base := path.Base(t.value)
		switch {
		case isShell(base):
			return mismatch(t.field, remedy, "runs the shell %s, and what a shell does cannot be matched", quote(base))
		case i == 0 && hidesProgram(base):
			return mismatch(t.field, remedy, "runs %s, which starts another program from its arguments", quote(base))
		case base == "ollama":
			return mismatch(t.field, "use a server that reads the model from a mounted path",
				"runs ollama, which fetches models by tag while it serves")
		case isInterpreter(base) && (i == 0 || strings.HasPrefix(base, "py") || !strings.HasPrefix(c.argv[i-1].value, "-") || c.argv[i-1].value == "--"):
			if found := checkInterpreter(c.argv[i:], base, remedy); found != nil {
				return found
			}
		}
	}
	return nil
}

func isShell(base string) bool {
	switch base {
	case "sh", "bash", "rbash", "dash", "ash", "zsh", "ksh", "mksh", "csh", "tcsh", "fish", "pwsh", "busybox", "toybox":
		return true
	}
	return false
}

func hidesProgram(base string) bool {
	switch base {
	case "env", "xargs", "sudo", "su", "chroot", "nsenter", "unshare", "eval", "exec":
		return true
	}
	return false
}

// isInterpreter knows python3.12 by python.
func isInterpreter(base string) bool {
	return slices.Contains([]string{"python", "pypy", "perl", "ruby", "node", "php", "lua"}, strings.TrimRight(base, ".0123456789"))
}

// checkInterpreter lets python have options without content before a module or script;
// other interpreters take their script first.
func checkInterpreter(argv []text, base, remedy string) *Mismatch {
	python := strings.HasPrefix(base, "py")
	for _, t := range argv[1:] {
		switch {
		case python && t.value == "-m", !strings.HasPrefix(t.value, "-"):
			return nil
		case python && t.value != "-" && strings.Trim(t.value, "-uBOsSEI") == "" && !strings.HasPrefix(t.value, "--"):
			continue
		}
		return mismatch(t.field, remedy, "gives %s the option %s, with which it may run code from its arguments", quote(base), quote(t.value))
	}
	return nil
}

// modulesAt are the positions of arguments that say -m to a program that starts a Python
// module, and so name no model.
func modulesAt(argv []text) map[int]bool {
	at := make(map[int]bool)
	starter := false
	for i, t := range argv {
		base := path.Base(t.value)
		switch {
		case isInterpreter(base), base == "torchrun", base == "accelerate":
			starter = true
		case starter && t.value == "-m":
			at[i] = true
			starter = false
		case starter && !strings.HasPrefix(t.value, "-") && base != "launch":
			starter = false
		}
	}
	return at
}

// positional finds the argument by which a server takes its model without a flag, or -1.
// Without a command the image's entry point is unknown, so a first argument that is no flag
// counts. demanded says that a server that takes its model so must be given it there.
func positional(argv []text, hasCommand bool) (at int, demanded bool) {
	if len(argv) == 0 {
		return -1, false
	}
	if !hasCommand {
		switch {
		case argv[0].value == "serve":
			return 1, true
		case strings.HasPrefix(argv[0].value, "-"):
			return -1, false
		}
	}
	for i, t := range argv {
		for _, words := range [][]string{
			{"vllm", "serve"}, {"vllm.entrypoints.cli.main", "serve"}, {"trtllm-serve", "serve"}, {"trtllm-serve"},
			{"lmdeploy", "serve", "api_server"}, {"mlc_llm", "serve"},
		} {
			if path.Base(t.value) == words[0] && startsWith(argv[i+1:], words[1:]) {
				return i + len(words), true
			}
		}
	}
	if hasCommand {
		return -1, false
	}
	return 0, true
}

func startsWith(argv []text, words []string) bool {
	if len(argv) < len(words) {
		return false
	}
	for i, word := range words {
		if argv[i].value != word {
			return false
		}
	}
	return true
}
