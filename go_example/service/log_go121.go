// SPDX-License-Identifier: BSL-1.0

//go:build go1.21

package main

import (
	"io"
	"log/slog"
)

// newIncidentLog logs with slog. An error of package cgoguard is a slog.LogValuer, so that all its fields and both
// stacks become attributes by themselves.
func newIncidentLog(w io.Writer) incidentLog {
	logger := slog.New(slog.NewJSONHandler(w, nil))
	return func(id, method, uri string, err error) {
		logger.Error(incidentMessage, "incident", id, "method", method, "uri", uri, "error", err)
	}
}
