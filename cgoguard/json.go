// SPDX-License-Identifier: BSL-1.0

package cgoguard

import "encoding/json"

// MarshalJSON implements json.Marshaler: an object with the fields in lower case, the stacks as c_stack and go_stack (and
// callback_stack, for a Go error that came through C++), the line of Error() as error, and the cause as an object of its own.
// So is, as callback_error, the failure of another guard that a callback has reported, bare or wrapped. It symbolizes like
// CStack.
func (e *Error) MarshalJSON() ([]byte, error) {
	document, err := json.Marshal(e.jsonObject(e.GoStack()))
	if err != nil {
		return nil, err
	}
	return escapeJSON(document), nil
}

type jsonError struct {
	Error    string            `json:"error"`
	Code     string            `json:"code"`
	Number   int               `json:"number"`
	Name     string            `json:"name"`
	Message  string            `json:"message"`
	Category string            `json:"category,omitempty"`
	Function string            `json:"function"`
	File     string            `json:"file"`
	Line     int               `json:"line"`
	Address  string            `json:"address,omitempty"`
	Access   string            `json:"access,omitempty"`
	ThreadID int               `json:"thread_id"`
	Cleanup  string            `json:"cleanup"`
	Skipped  int               `json:"skipped"`
	CoreFile string            `json:"core_file,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
	Callback string            `json:"callback_stack,omitempty"`
	CStack   string            `json:"c_stack"`
	GoStack  string            `json:"go_stack,omitempty"`
	Inner    *jsonError        `json:"callback_error,omitempty"`
	Cause    *jsonError        `json:"cause,omitempty"`
}

// jsonObject leaves the Go stack to its caller: a cause has the same one, and once is enough.
func (e *Error) jsonObject(goStack string) *jsonError {
	object := &jsonError{
		Error:    e.Error(),
		Code:     e.Code.String(),
		Number:   e.Number,
		Name:     e.Name,
		Message:  e.Message,
		Category: e.Category,
		Function: e.Function,
		File:     e.File,
		Line:     e.Line,
		ThreadID: e.ThreadID,
		Cleanup:  e.Cleanup.String(),
		Skipped:  e.Skipped,
		CoreFile: e.CoreFile,
		Fields:   e.Fields,
		Callback: e.callbackStack(),
		CStack:   e.CStack(),
		GoStack:  goStack,
	}
	if e.hasAddress() {
		object.Address = e.addressText()
		object.Access = e.Access.String()
	}
	if inner := e.callbackError(); inner != nil {
		object.Inner = inner.jsonObject(inner.GoStack())
	}
	if e.Cause != nil {
		object.Cause = e.Cause.jsonObject("")
	}
	return object
}
