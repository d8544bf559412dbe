// SPDX-License-Identifier: BSL-1.0

//go:build !go1.21

package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// newIncidentLog logs without slog, which came with Go 1.21.
func newIncidentLog(w io.Writer) incidentLog {
	logger := log.New(w, "", 0)
	return func(id, method, uri string, err error) {
		line := struct {
			Time     time.Time `json:"time"`
			Level    string    `json:"level"`
			Message  string    `json:"msg"`
			Incident string    `json:"incident"`
			Method   string    `json:"method"`
			URI      string    `json:"uri"`
			Error    any       `json:"error"`
		}{time.Now(), "ERROR", incidentMessage, id, method, uri, err.Error()}
		var failure *cgoguard.Error
		if errors.As(err, &failure) {
			line.Error = failure
		}
		text, failed := json.Marshal(line)
		if failed != nil {
			logger.Printf("incident %s: %+v", id, err)
			return
		}
		logger.Printf("%s", text)
	}
}
