// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

const soldOutName = "guardtest::sold_out"

type soldOut struct {
	sku    string
	origin *cgoguard.Error
}

func (e *soldOut) Error() string { return e.sku + " is sold out" }

// Unwrap makes what was registered lead back to where it came from.
func (e *soldOut) Unwrap() error { return e.origin }

func makeSoldOut(e *cgoguard.Error) error { return &soldOut{e.Fields["sku"], e} }

// register registers for the time of a test.
func register(t *testing.T, name string, make func(*cgoguard.Error) error) {
	cgoguard.RegisterError(name, make)
	t.Cleanup(func() { cgoguard.RegisterError(name, nil) })
}

func TestATranslatorsCodeAndFieldsAreTheErrors(t *testing.T) {
	e := failure(t, guardtest.ThrowTranslated(guardtest.SoldOut, "A-113"))
	if e.Code != cgoguard.CodeUser+3 || e.Number != 12 || e.Category != "inventory" || e.Name != soldOutName {
		t.Errorf("got %+v", e)
	}
	if len(e.Fields) != 1 || e.Fields["sku"] != "A-113" {
		t.Errorf("fields are %v", e.Fields)
	}
	if !errors.Is(e, cgoguard.ErrException) || errors.Is(e, cgoguard.ErrSignal) {
		t.Errorf("%v is not an exception for errors.Is", e)
	}
	if text := e.Error(); !strings.HasPrefix(text, soldOutName+": sold out in ") {
		t.Errorf("Error is %q", text)
	}
	if text := fmt.Sprintf("%+v", e); !strings.Contains(text, "A-113") || !strings.Contains(text, "user(1003), inventory error 12") {
		t.Errorf("%%+v is\n%s", text)
	}
}

func TestUserCodesHaveAName(t *testing.T) {
	for code, want := range map[cgoguard.Code]string{cgoguard.CodeUser: "user(1000)", 1003: "user(1003)", 999: "unknown(999)"} {
		if code.String() != want {
			t.Errorf("%d is %q, want %q", int(code), code, want)
		}
	}
}

func TestARegisteredErrorIsFoundAtAnyDepth(t *testing.T) {
	register(t, soldOutName, makeSoldOut)
	for _, which := range []guardtest.Translated{guardtest.SoldOut, guardtest.NestedSoldOut} {
		err := fmt.Errorf("ordering: %w", guardtest.ThrowTranslated(which, "B-7"))
		var found *soldOut
		if !errors.As(err, &found) || found.sku != "B-7" {
			t.Fatalf("no soldOut in %v", err)
		}
		if !errors.Is(err, found) || found.origin.Name != soldOutName {
			t.Errorf("%v is not in %v", found, err)
		}
		if !errors.Is(found, cgoguard.ErrException) {
			t.Errorf("what the registered error wraps is not to be found")
		}
		var nobodys *notThere // which must come to an end, although soldOut wraps an *Error
		if errors.As(err, &nobodys) || errors.Is(err, errOwn) {
			t.Errorf("found what isn't there in %v", err)
		}
		var e *cgoguard.Error
		if !errors.As(err, &e) || e.CStack() == "" {
			t.Errorf("the *Error has lost its stack")
		}
	}
}

type notThere struct{}

func (*notThere) Error() string { return "" }

func TestTheLastRegistrationWinsAndNilTakesItBack(t *testing.T) {
	register(t, soldOutName, makeSoldOut)
	cgoguard.RegisterError(soldOutName, func(*cgoguard.Error) error { return errOwn })
	err := guardtest.ThrowTranslated(guardtest.SoldOut, "C")
	var found *soldOut
	if !errors.Is(err, errOwn) || errors.As(err, &found) {
		t.Errorf("the first registration is still used for %v", err)
	}
	cgoguard.RegisterError(soldOutName, nil)
	if err := guardtest.ThrowTranslated(guardtest.SoldOut, "C"); errors.Is(err, errOwn) {
		t.Errorf("a registration that was taken back is still used for %v", err)
	}
}

func TestAMakeThatPanicsOrReturnsNilLeavesThePlainError(t *testing.T) {
	for _, make := range []func(*cgoguard.Error) error{
		func(*cgoguard.Error) error { panic("in make") },
		func(*cgoguard.Error) error { return nil },
		func(e *cgoguard.Error) error { e.Message, e.Cause = "spoilt", e; return nil },
	} {
		register(t, soldOutName, make)
		e := failure(t, guardtest.ThrowTranslated(guardtest.SoldOut, "D"))
		if e.Message != "sold out" || e.Cause != nil || errors.Is(e, errOwn) {
			t.Errorf("got %+v", e)
		}
	}
}

func TestTrap50TextsOfATranslatorAreValidInGo(t *testing.T) {
	e := failure(t, guardtest.ThrowTranslated(guardtest.OddBytes, ""))
	if e.Message != `caf\xe9`+"\x00" {
		t.Errorf("the message is %q", e.Message)
	}
	if value := e.Fields[`caf\xe9`]; value != `a\0b` {
		t.Errorf("fields are %q", e.Fields)
	}
}

func TestTrap50ATranslatorThatThrowsIsNamedInThePlainMessage(t *testing.T) {
	e := failure(t, guardtest.ThrowTranslated(guardtest.BadTranslator, ""))
	want := "the plain message (the translator of guardtest::badly_translated threw std::out_of_range)"
	if e.Code != cgoguard.CodeException || e.Message != want || e.Fields != nil {
		t.Errorf("got %+v", e)
	}
}

func TestManyGoroutinesGetTheirOwnTranslations(t *testing.T) {
	live := cgoguard.Stats().LiveErrors
	register(t, soldOutName, makeSoldOut)
	inParallel(32, func(worker int) {
		for i := 0; i < 100; i++ {
			if worker == 0 {
				cgoguard.RegisterError(fmt.Sprint("nobody's ", i%3), makeSoldOut)
			}
			sku := fmt.Sprintf("%d/%d", worker, i)
			var found *soldOut
			if err := guardtest.ThrowTranslated(guardtest.NestedSoldOut, sku); !errors.As(err, &found) || found.sku != sku {
				t.Errorf("got %v, want %s", err, sku)
				return
			}
		}
	})
	if n := cgoguard.Stats().LiveErrors; n != live {
		t.Errorf("%d errors are live, there were %d", n, live)
	}
}

func TestErrorsIsMatchesTheTypesThatACatchClauseWould(t *testing.T) {
	err := guardtest.ThrowTranslated(guardtest.SoldOut, "A-113")
	for _, name := range []string{soldOutName, "std::runtime_error", "std::exception"} {
		if !errors.Is(err, cgoguard.Exception(name)) {
			t.Errorf("%v is no %s", err, name)
		}
		if wrapped := fmt.Errorf("shop: %w", err); !errors.Is(wrapped, cgoguard.Exception(name)) {
			t.Errorf("wrapped, it is no %s", name)
		}
	}
	for _, name := range []string{"std::logic_error", "runtime_error", "std::runtime", ""} {
		if errors.Is(err, cgoguard.Exception(name)) {
			t.Errorf("%v is a %q", err, name)
		}
	}
	if errors.Is(guardtest.Named("read through null").Call(16), cgoguard.Exception("std::exception")) {
		t.Error("a signal is an exception")
	}
	if got := fmt.Sprint(failure(t, err).Types()); got != "[guardtest::sold_out std::runtime_error std::exception]" {
		t.Errorf("types are %s", got)
	}
	if got := cgoguard.Exception("std::bad_alloc").Error(); got != "C++ exception std::bad_alloc" {
		t.Errorf("the target is %q", got)
	}
}

func TestWhatIsRegisteredForABaseTakesWhatHasNothingOfItsOwn(t *testing.T) {
	var base, derived *soldOut
	register(t, "std::exception", func(*cgoguard.Error) error { return errors.New("too far off") })
	register(t, "std::runtime_error", func(e *cgoguard.Error) error { return &soldOut{"base", e} })
	if err := guardtest.ThrowTranslated(guardtest.SoldOut, "A-113"); !errors.As(err, &base) || base.sku != "base" {
		t.Errorf("%v has not what is registered for its base: %+v", err, base)
	}
	register(t, soldOutName, makeSoldOut)
	if err := guardtest.ThrowTranslated(guardtest.SoldOut, "A-113"); !errors.As(err, &derived) || derived.sku != "A-113" {
		t.Errorf("%v has not what is registered for its own type: %+v", err, derived)
	}
}
