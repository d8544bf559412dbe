// SPDX-License-Identifier: BSL-1.0

//go:build go1.21

package cgoguard

import "log/slog"

// LogValue implements slog.LogValuer: a group with what MarshalJSON writes, both stacks included. It symbolizes like
// CStack, and only when the record is really written.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(append(e.logAttrs(), slog.String("go_stack", e.GoStack()))...)
}

// logAttrs leaves out the Go stack: a cause has the same one, and once is enough.
func (e *Error) logAttrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("error", e.Error()),
		slog.String("code", e.Code.String()),
		slog.Int("number", e.Number),
		slog.String("name", e.Name),
		slog.String("message", e.Message),
	}
	if e.Category != "" {
		attrs = append(attrs, slog.String("category", e.Category))
	}
	attrs = append(attrs,
		slog.String("function", e.Function),
		slog.String("file", e.File),
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
		attrs = append(attrs, slog.String("core_file", e.CoreFile))
	}
	if stack := e.callbackStack(); stack != "" {
		attrs = append(attrs, slog.String("callback_stack", stack))
	}
	if keys := e.fieldKeys(); len(keys) > 0 {
		fields := make([]any, 0, len(keys))
		for _, key := range keys {
			fields = append(fields, slog.String(key, e.Fields[key]))
		}
		attrs = append(attrs, slog.Group("fields", fields...))
	}
	if e.Cause != nil {
		attrs = append(attrs, slog.Attr{Key: "cause", Value: slog.GroupValue(e.Cause.logAttrs()...)})
	}
	return attrs
}
