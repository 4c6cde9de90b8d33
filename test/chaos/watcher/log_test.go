// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func auditLine(verb, uri, name string, code int) string {
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":"ResponseComplete","requestURI":%q,"verb":%q,`+
		`"user":{"username":"ada"},"objectRef":{"resource":"pods","namespace":"lab","name":%q},"responseStatus":{"code":%d},`+
		`"responseObject":{"kind":"Pod","metadata":{"name":%q,"resourceVersion":"7"}},`+
		`"requestReceivedTimestamp":"2026-03-01T12:00:00.000000Z","stageTimestamp":"2026-03-01T12:00:01.000000Z"}`,
		uri, verb, name, code, name) + "\n"
}

func TestTheLogIsReadPieceByPiece(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	log := Log{Path: path}
	if events, err := log.Read(); err != nil || len(events) != 0 {
		t.Fatalf("a log that is not there yet: %v %v", events, err)
	}
	a, b, c, d := auditLine("create", "/a", "a", 201), auditLine("patch", "/b", "b", 200), auditLine("delete", "/c", "c", 200),
		auditLine("create", "/d", "d", 201)
	pieces := []struct {
		text string
		want []string
	}{
		{a + b[:40], []string{"create a"}},
		{b[40:], []string{"patch b"}},
		{"", nil},
		// The API server was killed in the middle of a line, and another began after it.
		{c[:100] + d, []string{"create d"}},
		{auditLine("create", "/e?dryRun=All", "e", 201), nil},
		{auditLine("create", "/f", "f", 403), nil},
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, piece := range pieces {
		if _, err := f.WriteString(piece.text); err != nil {
			t.Fatal(err)
		}
		events, err := log.Read()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range events {
			got = append(got, e.Verb+" "+e.Name)
			if e.User != "ada" || e.Resource != "pods" || e.Namespace != "lab" || e.RV != 7 || !e.Received.Before(e.Answered) {
				t.Errorf("read %+v", e)
			}
		}
		if diff := cmp.Diff(piece.want, got); diff != "" {
			t.Errorf("piece %d: %s", i, diff)
		}
	}
}

func TestALineThatIsNoEventIsAnError(t *testing.T) {
	if _, err := parse([]byte(`{"kind":"Event",` + "\n")); err == nil {
		t.Error("a broken line is passed over")
	}
}
