// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// content says what a flag or variable of a server names.
type content int

const (
	// contentNone: a flag that names no content, listed because another's name begins so.
	contentNone content = iota
	// contentModel: weights, also those of a draft model.
	contentModel
	// contentDraft: a JSON object that may name a draft model, nothing else.
	contentDraft
	// contentAdapter: something laid over the weights.
	contentAdapter
	// contentFile: a tokenizer, a configuration, a plug-in.
	contentFile
	// contentRefused: a switch with which the server fetches or swaps models.
	contentRefused
)

// fits says whether an artifact of this type may be named as this content.
func (c content) fits(t v1alpha1.ArtifactType) bool {
	switch c {
	case contentModel, contentDraft:
		return t == v1alpha1.ArtifactWeights || isSafeguard(t)
	case contentAdapter:
		return t == v1alpha1.ArtifactAdapter
	case contentFile:
		return true
	case contentNone, contentRefused:
		return false
	}
	return false
}

func (c content) String() string {
	switch c {
	case contentModel, contentDraft:
		return "a model"
	case contentAdapter:
		return "an adapter"
	case contentFile, contentNone, contentRefused:
		return "a file"
	}
	return "a file"
}

// longFlags are the flags, without dashes and with - for _, by which inference servers name
// content: vLLM, TGI, SGLang, TensorRT-LLM, Triton, llama.cpp, TorchServe, TensorFlow
// Serving and KServe's servers.
func longFlags() map[content][]string {
	return map[content][]string{
		contentModel: {
			"model", "model-id", "model-path", "model-dir", "model-tag", "model-name-or-path", "pretrained-model-name-or-path",
			"model-repository", "model-repo", "model-store", "model-uri", "model-url", "model-base-path", "model-config-file",
			"models", "models-dir", "models-preset", "checkpoint", "checkpoint-dir", "checkpoint-path", "ckpt", "ckpt-dir", "ckpt-path",
			"weights", "weights-path", "engine-dir", "engine-path", "hf-repo", "hf-file", "hf-repo-v", "hf-file-v", "hf-repo-draft",
			"model-draft", "model-vocoder", "mmproj", "mmproj-url", "speculative-model", "speculative-draft-model-path",
			"draft-model", "draft-model-path", "spec-draft-model", "docker-repo",
		},
		contentDraft: {"speculative-config"},
		contentAdapter: {
			"lora", "lora-scaled", "lora-base", "lora-modules", "lora-paths", "lora-adapters", "lora-dir", "lora-path",
			"prompt-adapters", "control-vector", "control-vector-scaled",
		},
		contentFile: {
			"tokenizer", "tokenizer-path", "tokenizer-dir", "hf-config-path", "config", "config-file", "ts-config", "extra-llm-api-options",
			"tool-parser-plugin", "reasoning-parser-plugin",
		},
		contentRefused: {
			"revision", "model-revision", "code-revision", "tokenizer-revision", "hf-revision", "download-dir", "model-control-mode",
		},
		contentNone: {"model-name", "draft", "models-max", "spec"},
	}
}

// shortFlags are the flags of one dash, which llama.cpp and vLLM have.
func shortFlags() map[content][]string {
	return map[content][]string{
		contentModel: {"-m", "-mu", "-md", "-mv", "-mm", "-mmu", "-hf", "-hfr", "-hff", "-hfd", "-hfrd", "-hfv", "-hfrv", "-hffv", "-dr"},
		contentDraft: {"-sc"},
	}
}

// variables are the environment variables that the same servers read for the same purpose.
func variables() map[content][]string {
	return map[content][]string{
		contentModel: {
			"MODEL", "MODEL_ID", "MODEL_PATH", "MODEL_DIR", "MODEL_URI", "MODEL_URL", "MODEL_REPO", "MODEL_STORE", "MODEL_REPOSITORY",
			"MODEL_BASE_PATH", "HF_MODEL_ID", "HF_MODEL_DIR", "STORAGE_URI", "VLLM_MODEL", "VLLM_MODEL_ID", "SM_VLLM_MODEL", "OPTION_MODEL_ID",
			"SGLANG_MODEL", "NIM_MODEL_NAME", "NIM_MODEL_PATH", "NIM_CUSTOM_MODEL", "NIM_FT_MODEL", "NIM_CACHE_PATH",
			"LLAMA_ARG_MODEL", "LLAMA_ARG_MODEL_URL", "LLAMA_ARG_HF_REPO", "LLAMA_ARG_HF_FILE", "LLAMA_ARG_HF_REPO_V", "LLAMA_ARG_HF_FILE_V",
			"LLAMA_ARG_HFD_REPO", "LLAMA_ARG_MMPROJ", "LLAMA_ARG_MMPROJ_URL", "LLAMA_ARG_MODEL_DRAFT", "LLAMA_ARG_MODELS_DIR",
			"LLAMA_ARG_MODELS_PRESET", "LLAMA_ARG_DOCKER_REPO", "SPECULATIVE_MODEL",
		},
		contentAdapter: {"LORA_ADAPTERS", "LORA_MODULES", "NIM_PEFT_SOURCE", "LLAMA_ARG_LORA"},
		contentFile:    {"TOKENIZER", "TOKENIZER_PATH", "TOKENIZER_NAME", "NIM_TOKENIZER"},
		contentRefused: {
			"REVISION", "MODEL_REVISION", "HF_MODEL_REVISION", "NIM_PEFT_REFRESH_INTERVAL", "VLLM_ADDITIONAL_ARGS", "VLLM_EXTRA_ARGS",
			"VLLM_ARGS", "EXTRA_ARGS", "VLLM_ALLOW_RUNTIME_LORA_UPDATING", "VLLM_SERVER_DEV_MODE", "VLLM_ALLOW_INSECURE_SERIALIZATION",
			"OLLAMA_MODELS",
		},
	}
}

// switchRemedies say what to do instead of using a refused flag or variable.
const (
	remedyRevision = "remove it: the digest of the artifact says which version it is"
	remedyDownload = "remove it: the model comes from a mounted artifact, and nothing is downloaded"
	remedyArgs     = "write the flags in args"
	remedySwitch   = "remove it: a running server must not take in another model"
)

func switchRemedy(name string) string {
	name = strings.ToLower(name)
	switch {
	case strings.Contains(name, "revision"):
		return remedyRevision
	case strings.Contains(name, "download"), strings.Contains(name, "ollama"):
		return remedyDownload
	case strings.HasSuffix(name, "_args"):
		return remedyArgs
	}
	return remedySwitch
}

// contentOf finds what a name stands for in one of the lists above.
func contentOf(lists map[content][]string, name string) (content, bool) {
	for kind, names := range lists {
		if slices.Contains(names, name) {
			return kind, true
		}
	}
	return contentNone, false
}

// flagContent says what a flag names. Parsers of servers take - for _, and many take an
// unambiguous beginning for the whole, so a beginning of a listed name counts as that name.
func flagContent(flag string) content {
	name, long := strings.CutPrefix(flag, "--")
	if !long {
		kind, _ := contentOf(shortFlags(), flag)
		return kind
	}
	name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	lists := longFlags()
	if kind, ok := contentOf(lists, name); ok {
		return kind
	}
	if base, field, dotted := strings.Cut(name, "."); dotted {
		if kind, ok := contentOf(lists, base); !ok || kind == contentNone {
			return contentNone
		}
		return jsonContent(strings.ReplaceAll(field[strings.LastIndexByte(field, '.')+1:], "-", "_"), contentModel)
	}
	for _, kind := range []content{contentRefused, contentModel, contentDraft, contentAdapter, contentFile} {
		for _, full := range lists[kind] {
			if len(name) >= 3 && strings.HasPrefix(full, name) {
				return kind
			}
		}
	}
	return contentNone
}

// jsonContent says what a key of a JSON object in a flag's value names; inside is what the
// flag itself names.
func jsonContent(key string, inside content) content {
	switch key {
	case "model", "path", "draft_model", "draft_model_path", "speculative_model", "base_model", "model_path", "local_path":
		return inside
	case "tokenizer", "config", "config_file":
		return contentFile
	case "revision", "code_revision", "tokenizer_revision", "draft_revision":
		return contentRefused
	}
	return contentNone
}

// steersProgram says whether a variable decides what is served, so that its value must
// stand in the pod. Keys and tokens of the same servers only let clients or downloads in.
func steersProgram(name string) bool {
	if _, listed := contentOf(variables(), name); listed {
		return true
	}
	for _, suffix := range []string{"_API_KEY", "_TOKEN", "_PASSWORD"} {
		if strings.HasSuffix(name, suffix) {
			return false
		}
	}
	for _, prefix := range []string{"LD_", "PYTHON", "BASH_", "VLLM_", "SGLANG_", "LLAMA_ARG_", "NIM_", "TRTLLM_", "TRITON_", "OPTION_", "SM_VLLM_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "PATH" || name == "HOME"
}
