// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/scalegate/scalegate/hack/localcluster"
)

// batch is how many operations etcd takes in one transaction.
const batch = 128

// store is etcd, by its API as JSON, which encodes keys and values in base64 as Go does with bytes.
type store struct {
	url    string
	client *http.Client
}

func openStore(cluster *localcluster.Cluster) (store, error) {
	url, client, err := cluster.EtcdURL()
	return store{url: url, client: client}, err
}

// pair is a key and its value.
type pair struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value,omitempty"`
}

// get reads the value of a key that exists.
func (s store) get(ctx context.Context, key string) ([]byte, error) {
	var answer struct {
		Pairs []pair `json:"kvs"`
	}
	if err := s.call(ctx, "/v3/kv/range", pair{Key: []byte(key)}, &answer); err != nil {
		return nil, err
	}
	if len(answer.Pairs) != 1 {
		return nil, fmt.Errorf("reading %s: etcd has no such key", key)
	}
	return answer.Pairs[0].Value, nil
}

// count is how many keys begin with a prefix.
func (s store) count(ctx context.Context, prefix string) (int, error) {
	var answer struct {
		// Count is a text in etcd's JSON.
		Count int `json:"count,string"`
	}
	body := struct {
		pair
		End       []byte `json:"range_end"`
		CountOnly bool   `json:"count_only"`
	}{pair{Key: []byte(prefix)}, append([]byte(prefix[:len(prefix)-1]), prefix[len(prefix)-1]+1), true}
	err := s.call(ctx, "/v3/kv/range", body, &answer)
	return answer.Count, err
}

// put writes pairs, as many at a time as etcd takes.
func (s store) put(ctx context.Context, pairs []pair) error {
	type operation struct {
		Put pair `json:"requestPut"`
	}
	for len(pairs) > 0 {
		n := min(batch, len(pairs))
		var transaction struct {
			Success []operation `json:"success"`
		}
		for _, p := range pairs[:n] {
			transaction.Success = append(transaction.Success, operation{Put: p})
		}
		if err := s.call(ctx, "/v3/kv/txn", transaction, nil); err != nil {
			return err
		}
		pairs = pairs[n:]
	}
	return nil
}

func (s store) call(ctx context.Context, path string, body, answer any) (err error) {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("calling etcd: %w", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("reading etcd's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("calling etcd: %s: %s", response.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}
