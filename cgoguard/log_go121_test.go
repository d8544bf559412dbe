// SPDX-License-Identifier: BSL-1.0

//go:build go1.21

package cgoguard

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
)

var _ slog.LogValuer = (*Error)(nil)

func TestSlogWritesTheFieldsOfMarshalJSON(t *testing.T) {
	e := nullRead()
	e.Cause = &Error{Code: CodeException, Name: "std::system_error", Number: 2, Category: "generic"}

	var line bytes.Buffer
	slog.New(slog.NewJSONHandler(&line, nil)).Error("failed", "err", e)
	var got struct{ Err map[string]any }
	if err := json.Unmarshal(line.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, line.Bytes())
	}

	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for key, value := range want {
		if key == "cause" {
			if cause, ok := got.Err[key].(map[string]any); !ok || cause["name"] != "std::system_error" {
				t.Errorf("slog has cause %v", got.Err[key])
			}
		} else if got.Err[key] != value {
			t.Errorf("slog has %s = %v, MarshalJSON has %v", key, got.Err[key], value)
		}
	}
}
