// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// refusal is the body of every answer that is not a result.
type refusal struct {
	Type     string `json:"type"` // of the exception, or a word for what HTTP or the parameters lack
	Message  string `json:"message"`
	Incident string `json:"incident,omitempty"`
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	writeRefusal(w, status, refusal{Type: kind, Message: message})
}

// refuseIncident tells nothing of the failure: a stack is for those who keep the service, not for those who use it.
func refuseIncident(w http.ResponseWriter, id string) {
	writeRefusal(w, http.StatusInternalServerError, refusal{
		Type:     "incident",
		Message:  "the service failed on this request; its log has the details under this id",
		Incident: id,
	})
}

func refuseBody(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		refuse(w, http.StatusRequestEntityTooLarge, "size", fmt.Sprintf("a document may have %d bytes", tooLarge.Limit))
		return
	}
	refuse(w, http.StatusBadRequest, "body", "the document did not arrive whole")
}

func writeRefusal(w http.ResponseWriter, status int, r refusal) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // messages are full of quotes and brackets, and nobody takes JSON for HTML
	if err := encoder.Encode(r); err != nil {
		panic(err) // a struct of strings can always be encoded
	}
	write(w, status, body.Bytes())
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails where the client has gone, and then there is nobody to tell
}
