// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// Panic is a Go panic that C++ turned into an error: it crossed a Callback and was not on its way to a guard any more
// when it came back to Go. (One that is on its way goes on as a panic.) It wraps the panic's value where that is an
// error.
type Panic struct {
	Value any // what panic was called with

	way []crossing // from the function that panicked outwards
}

// crossing is the part of a panic's way between two borders: a Go stack, then the C++ that had called it.
type crossing struct {
	goPCs []uintptr
	cpp   *trace // or nil
}

// Error returns "panic: " and the value's text.
func (p *Panic) Error() string { return "panic: " + valueText(p.Value) }

// Unwrap returns the value if it is an error, such as a runtime.Error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Stack returns the way of the panic: the Go stack from the function that panicked, then the C++ that had called it,
// then the Go that had called that, and so on.
func (p *Panic) Stack() string {
	var b strings.Builder
	for _, c := range p.way {
		b.WriteString(goStackText(c.goPCs, true))
		b.WriteString(c.cpp.cppText())
	}
	return b.String()
}

// valueText is what Go would print of a panic's value, which may be the user's code.
func valueText(value any) (text string) {
	defer func() {
		if again := recover(); again != nil {
			text = fmt.Sprintf("%T (printing it panicked: %v)", value, again)
		}
	}()
	return fmt.Sprint(value)
}

// PanicStack returns the way of a panic that came through C++, from the function that panicked to the Err that went on
// with it, or "" if the value is of no such panic. It is for deferred functions that report a panic:
//
//	defer func() {
//		if value := recover(); value != nil {
//			log.Printf("panic: %v\n%s%s", value, cgoguard.PanicStack(value), debug.Stack())
//		}
//	}()
//
// It must be called in the deferred function: afterwards the panic is over.
func PanicStack(recovered any) string {
	if p := panicsOnTheirWay.find(recovered); p != nil && leadsThroughGoOn(callers(1)) {
		return p.Stack()
	}
	return ""
}

// goOn goes on with a panic that has come through C++. The same value is panicked with, so that whoever recovers sees
// what he would see without C++. If nobody does, Go prints a second panic under it: the way it has come.
//
// The way is panicked with first and replaced in a deferred call: Go then prints both, and recover returns the last.
func (p *Panic) goOn(cpp *trace) {
	last := &p.way[len(p.way)-1]
	next := &Panic{Value: p.Value, way: append([]crossing(nil), p.way...)}
	next.way[len(next.way)-1] = crossing{last.goPCs, cpp}
	panicsOnTheirWay.add(next)
	defer panic(p.Value)
	panic(panicOrigin{next})
}

// panicOrigin is printed by Go above the panic's value.
type panicOrigin struct{ panic *Panic }

func (o panicOrigin) Error() string {
	return "(a panic that came through C++; this is where it began)\n" + o.panic.Stack()
}

// continuedPanic makes the Panic of a value that was recovered with the stack pcs. If it has come through C++ before,
// its way is continued.
func continuedPanic(value any, pcs []uintptr) *Panic {
	p := &Panic{Value: value}
	if before := panicsOnTheirWay.find(value); before != nil && leadsThroughGoOn(pcs) {
		p.way = append(p.way, before.way...)
	}
	p.way = append(p.way, crossing{goPCs: pcs})
	return p
}

// leadsThroughGoOn reports whether a stack that was taken in a deferred function is of a panic that goOn has raised. The
// value alone does not tell: the same one may have come through C++ before and been recovered.
func leadsThroughGoOn(pcs []uintptr) bool {
	frames := runtime.CallersFrames(pcs)
	for {
		frame, more := frames.Next()
		if frame.Function == packagePath+".(*Panic).goOn" {
			return true
		}
		if !more || strings.HasPrefix(frame.Function, "runtime.cgocallback") {
			return false
		}
	}
}

// panicsOnTheirWay remembers the last panics that Err went on with, because the value itself can't carry its way.
var panicsOnTheirWay panicTable

// panicTable has a place for each of the last panics. Nobody tells when one is over; it is overwritten in time.
type panicTable struct {
	mutex sync.Mutex
	last  [64]struct {
		goroutine uint64
		panic     *Panic
	}
	next int
}

func (t *panicTable) add(p *Panic) {
	goroutine := goroutineID()
	t.mutex.Lock()
	defer t.mutex.Unlock()
	at := t.next % len(t.last)
	for i := range t.last {
		if t.last[i].goroutine == goroutine { // its earlier panic is over, or has become this one
			at = i
		}
	}
	if at == t.next%len(t.last) {
		t.next++
	}
	t.last[at].goroutine, t.last[at].panic = goroutine, p
}

func (t *panicTable) find(value any) *Panic {
	goroutine := goroutineID()
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, entry := range t.last {
		if entry.panic != nil && entry.goroutine == goroutine && sameValue(entry.panic.Value, value) {
			return entry.panic
		}
	}
	return nil
}

// sameValue reports whether two interface values are one: the same type and the same data. Not ==, which panics for
// types that can't be compared, and takes an equal value for the same.
func sameValue(a, b any) bool {
	type words [2]unsafe.Pointer
	return *(*words)(unsafe.Pointer(&a)) == *(*words)(unsafe.Pointer(&b))
}

// goroutineID is the number that Go prints in every stack. There is no other way to tell goroutines apart, and a panic's
// way belongs to one.
func goroutineID() uint64 {
	var buffer [64]byte
	fields := bytes.Fields(buffer[:runtime.Stack(buffer[:], false)])
	if len(fields) < 2 {
		return 0
	}
	id, _ := strconv.ParseUint(string(fields[1]), 10, 64)
	return id
}
