// SPDX-License-Identifier: BSL-1.0

package reporters

import (
	"errors"
	"fmt"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/getsentry/sentry-go"
)

// BeforeSend is for sentry.ClientOptions. Sentry takes the Go stack of an error by itself; this adds what C++ knows: its
// frames, above the Go ones, and what became of the destructors.
func BeforeSend(event *sentry.Event, hint *sentry.EventHint) *sentry.Event {
	var failure *cgoguard.Error
	if hint == nil || !errors.As(hint.OriginalException, &failure) {
		return event
	}
	if event.Contexts == nil {
		event.Contexts = map[string]sentry.Context{}
	}
	event.Contexts["cgo_guard"] = sentry.Context{
		"code": failure.Code.String(), "name": failure.Name, "cleanup": failure.Cleanup.String(),
		"guard": fmt.Sprintf("%s:%d", failure.File, failure.Line), "c_stack": failure.CStack(),
	}
	for e := failure; e != nil; e = e.Cause {
		for i := range event.Exception {
			x := &event.Exception[i]
			if x.Type == fmt.Sprintf("%T", e) && x.Value == e.Error() && x.Stacktrace != nil {
				x.Stacktrace.Frames = append(x.Stacktrace.Frames, cppFrames(e)...)
				break
			}
		}
	}
	return event
}

// cppFrames are those of C++, outermost first, as Sentry has them.
func cppFrames(e *cgoguard.Error) (frames []sentry.Frame) {
	all := e.Frames()
	for i := len(all) - 1; i >= 0; i-- {
		f := all[i]
		frames = append(frames, sentry.Frame{Function: f.Function, AbsPath: f.File, Lineno: f.Line, Colno: f.Column,
			Package: f.Module, InApp: true})
	}
	return frames
}
