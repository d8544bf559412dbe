// SPDX-License-Identifier: BSL-1.0

//go:build go1.21

package cgoguard

import "log/slog"

// LogValue implements slog.LogValuer: a group with what MarshalJSON writes, both stacks included. It symbolizes like
// CStack, and only when the record is really written.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(append(e.logAttrs(), slog.String("go_stack", e.GoStack()))...)
}

// logText escapes what would steer a terminal and is not escaped by every handler. Those escape line breaks themselves.
func logText(key, value string) slog.Attr { return slog.String(key, visible(value)) }

// logAttrs leaves out the Go stack: a cause has the same one, and once is enough.
func (e *Error) logAttrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("error", e.Error()),
		slog.String("code", e.Code.String()),
		slog.Int("number", e.Number),
		logText("name", e.Name),
		logText("message", e.Message),
	}
	if e.Category != "" {
		attrs = append(attrs, logText("category", e.Category))
	}
	attrs = append(attrs,
		logText("function", e.Function),
		logText("file", e.File),
		slog.Int("line", e.Line),
	)
	if e.hasAddress() {
		attrs = append(attrs, slog.String("address", e.addressText()), slog.String("access", e.Access.String()))
	}
	attrs = append(attrs,
		slog.Int("thread_id", e.ThreadID),
		slog.String("cleanup", e.Cleanup.String()),
		slog.Int("skipped", e.Skipped),
		slog.String("c_stack", e.CStack()),
	)
	if e.CoreFile != "" {
		attrs = append(attrs, logText("core_file", e.CoreFile))
	}
	if stack := e.callbackStack(); stack != "" {
		attrs = append(attrs, slog.String("callback_stack", stack))
	}
	if keys := e.fieldKeys(); len(keys) > 0 {
		fields := make([]any, 0, len(keys))
		for _, key := range keys {
			fields = append(fields, logText(oneLine(key), e.Fields[key]))
		}
		attrs = append(attrs, slog.Group("fields", fields...))
	}
	if inner := e.callbackError(); inner != nil {
		attrs = append(attrs, slog.Attr{Key: "callback_error", Value: inner.LogValue()})
	}
	if e.Cause != nil {
		attrs = append(attrs, slog.Attr{Key: "cause", Value: slog.GroupValue(e.Cause.logAttrs()...)})
	}
	return attrs
}
