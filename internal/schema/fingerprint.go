// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"encoding/json"
	"fmt"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// fingerprint is a schema without its descriptions, with sorted keys: what it lets through and nothing else.
func fingerprint(props *apiextensionsv1.JSONSchemaProps) ([]byte, error) {
	data, err := json.Marshal(props)
	if err != nil {
		return nil, fmt.Errorf("encoding a schema: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("decoding a schema: %w", err)
	}
	undescribe(tree)
	return json.Marshal(tree)
}

// undescribe takes the descriptions of a schema and of those below it away. A field may be called description as well, which
// stands in properties.
func undescribe(node map[string]any) {
	delete(node, "description")
	for key, value := range node {
		switch child := value.(type) {
		case map[string]any:
			if key == "properties" {
				for _, property := range child {
					if schema, ok := property.(map[string]any); ok {
						undescribe(schema)
					}
				}
			} else if key != "default" {
				undescribe(child)
			}
		case []any:
			for _, each := range child {
				if schema, ok := each.(map[string]any); ok {
					undescribe(schema)
				}
			}
		}
	}
}
