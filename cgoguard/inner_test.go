// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// The failure of a guard in a callback, which the callback's Go has wrapped before it goes back through C++.

func throughCallback(t *testing.T, wrap func(error) error) error {
	t.Helper()
	var seen guardtest.Seen
	err := guardtest.Cross(func() error { return wrap(guardtest.Named("read through null").Call(16)) }, guardtest.PassOn, &seen)
	failure(t, err)
	return err
}

func TestEveryTextHasTheInnerFailureThatACallbackHasWrapped(t *testing.T) {
	for name, wrap := range map[string]func(error) error{
		"fmt.Errorf":                           func(err error) error { return fmt.Errorf("shelf 9: %w", err) },
		"twice":                                func(err error) error { return fmt.Errorf("shop: %w", fmt.Errorf("shelf 9: %w", err)) },
		"an own type that shows nothing of it": func(err error) error { return &shelfError{err} },
		"bare":                                 func(err error) error { return err },
	} {
		err := throughCallback(t, wrap)
		for what, text := range map[string]string{"%+v": fmt.Sprintf("%+v", err), "Print": printed(t, err)} {
			if missing := firstMissing(text, "the Go error of the callback: ", "SIGSEGV: null pointer read at 0x10", "address  0x10 (read)",
				"C++ stack:", "Go stack:"); missing != "" {
				t.Errorf("%s: %q is missing, or out of order, in %s:\n%s", name, missing, what, text)
			}
			if n := strings.Count(text, "address  0x10"); n != 1 {
				t.Errorf("%s: %s has the inner failure %d times:\n%s", name, what, n, text)
			}
		}
		document, jsonErr := json.Marshal(err)
		var got struct {
			Code  string
			Inner struct {
				Name, Address string
				CStack        string `json:"c_stack"`
			} `json:"callback_error"`
		}
		if jsonErr != nil || json.Unmarshal(document, &got) != nil || got.Code != "go" || got.Inner.Name != "SIGSEGV" ||
			got.Inner.Address != "0x10" || got.Inner.CStack == "" {
			t.Errorf("%s: JSON is %s, %v", name, document, jsonErr)
		}
	}
}

type shelfError struct{ inner error }

func (e *shelfError) Error() string { return "shelf 9 is broken" }
func (e *shelfError) Unwrap() error { return e.inner }

type panickingError struct{ error }

func (panickingError) Unwrap() error { panic("Unwrap") }

func TestAnErrorWhoseUnwrapPanicsDoesNotSpoilTheReport(t *testing.T) {
	var seen guardtest.Seen
	err := guardtest.Cross(func() error { return panickingError{io.EOF} }, guardtest.PassOn, &seen)
	if text := fmt.Sprintf("%+v", err); !strings.Contains(text, "EOF") {
		t.Errorf("%s", text)
	}
	if _, err := json.Marshal(err); err != nil {
		t.Error(err)
	}
}

func TestWhichGuardADroppedErrorIsFromIsKnown(t *testing.T) {
	const site = "guardtest_throw_int"
	before := liveSites()[site]
	release := guardtest.Drop()
	if live := liveSites()[site]; live != before+1 {
		t.Errorf("%d errors of %s are live, want %d: %+v", live, site, before+1, cgoguard.Stats().LiveSites)
	}
	if release() == nil || liveSites()[site] != before {
		t.Errorf("an error that Err has taken is counted as live: %+v", cgoguard.Stats().LiveSites)
	}
}

func liveSites() map[string]uint64 {
	live := map[string]uint64{}
	for _, site := range cgoguard.Stats().LiveSites {
		live[site.Function] += site.Errors
	}
	return live
}
