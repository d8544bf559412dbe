// SPDX-License-Identifier: BSL-1.0

package main

import (
	"crypto/rand"
	"encoding/hex"
)

// incidentLog writes one line about a bug in the C++ code, both stacks included. log_go121.go and log_go119.go each have
// a newIncidentLog; what they write has the same shape.
type incidentLog func(id, method, uri string, err error)

const incidentMessage = "bug in the C++ library"

// newIncidentID returns what connects an answer with a line of the log. It tells the client nothing else, not even how
// many incidents there were.
func newIncidentID() string {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "unknown" // an answer without a good id is better than none
	}
	return hex.EncodeToString(id[:])
}
