// SPDX-License-Identifier: BSL-1.0

//go:build go1.21

package cgoguard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"unicode"
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

func TestSlogWritesNothingThatSteersATerminal(t *testing.T) {
	e := &Error{Code: CodeException, Name: "E\u009bm", Message: "a\x1b[m\u009bm\x7f\nb", Fields: map[string]string{"k\x7f": "v\u009bm"}}
	var lines bytes.Buffer
	slog.New(slog.NewJSONHandler(&lines, nil)).Error("failed", "err", e)
	slog.New(slog.NewTextHandler(&lines, nil)).Error("failed", "err", e)
	if at := bytes.IndexFunc(lines.Bytes(), func(r rune) bool { return r != '\n' && unicode.IsControl(r) }); at >= 0 {
		t.Errorf("a log has %q", lines.Bytes()[at:])
	}
	if got := bytes.Count(lines.Bytes(), []byte("\n")); got != 2 {
		t.Errorf("two records are %d lines:\n%s", got, lines.Bytes())
	}
}

func TestSlogHasTheFailureThatACallbackHasWrapped(t *testing.T) {
	e := &Error{Code: CodeGo, Name: "*fmt.wrapError", carried: &goFailure{err: fmt.Errorf("shelf 9: %w", nullRead())}}
	var line bytes.Buffer
	slog.New(slog.NewJSONHandler(&line, nil)).Error("failed", "err", e)
	var got struct {
		Err struct {
			Inner struct{ Name, Message string } `json:"callback_error"`
		}
	}
	if err := json.Unmarshal(line.Bytes(), &got); err != nil || got.Err.Inner.Name != "SIGSEGV" {
		t.Errorf("slog has %+v, %v", got, err)
	}
}
