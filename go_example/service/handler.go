// SPDX-License-Identifier: BSL-1.0

package main

import (
	"errors"
	"io"
	"net/http"

	"example.com/go_example/documents"
	"github.com/cgo-guard/cgo_guard/cgoguard"
)

const maxBody = 1 << 20

// service is what the requests share.
type service struct {
	operations  map[string]operation
	log         incidentLog
	quarantined func() // called when C++ refuses to work; more than once
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	for path, op := range s.operations {
		mux.HandleFunc(path, s.answer(op))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "not found", "there is nothing at "+r.URL.Path)
	})
	return mux
}

// answer makes a handler of an operation: the limits of HTTP before it, the meaning of its error after it.
func (s *service) answer(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, "method", r.Method+" is not possible here: POST a JSON document")
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			refuseBody(w, err)
			return
		}
		result, err := op(body, r.URL.Query())
		if err != nil {
			s.fail(w, r, err)
			return
		}
		write(w, http.StatusOK, append(result, '\n'))
	}
}

// fail answers with what err means to the caller: change the request, report the incident, or try another server.
func (s *service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var parameter *parameterError
	var failure *cgoguard.Error
	switch {
	case errors.As(err, &parameter):
		refuse(w, http.StatusBadRequest, "parameter", err.Error())
	case errors.Is(err, cgoguard.ErrQuarantined):
		// The operation did not run, so another server can run it.
		refuse(w, http.StatusServiceUnavailable, "unavailable", "this server is stopping; try again")
		s.quarantined()
	case documents.AboutInput(err) && errors.As(err, &failure):
		refuse(w, http.StatusBadRequest, failure.Name, failure.Message)
	default:
		id := newIncidentID()
		s.log(id, r.Method, r.URL.RequestURI(), err)
		refuseIncident(w, id)
	}
}
