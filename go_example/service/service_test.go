// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

const catalogue = `{"items": [{"name": "apple", "price": 3}, {"name": "pear", "price": 2.5}]}`

// lockedBuffer is a log that many requests write and a test reads.
type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}

func startService(t *testing.T) (address string, log *lockedBuffer) {
	t.Helper()
	log = new(lockedBuffer)
	api := &service{operations: operations, log: newIncidentLog(log), quarantined: func() {
		t.Error("C++ is quarantined: " + cgoguard.Stats().PoisonedBy)
	}}
	server := httptest.NewServer(api.handler())
	t.Cleanup(server.Close)
	return server.URL, log
}

// post may be called on any goroutine. An answer that did not come has status 0.
func post(address, path, body string) (status int, answer string) {
	response, err := http.Post(address+path, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, strings.TrimSuffix(string(text), "\n")
}

func TestGoodRequestsAreAnsweredWithResults(t *testing.T) {
	address, _ := startService(t)
	for _, c := range []struct{ path, body, want string }{
		{"/parse", ` {"b": [1, 2.50], "a": "é"} `, `{"a":"é","b":[1,2.5]}`},
		{"/query?pointer=/items/1/name", catalogue, `"pear"`},
		{"/query?pointer=", `[1, 2]`, `[1,2]`},
		{"/merge", `{"target": {"a": 1, "b": 2}, "patch": {"b": null, "c": 3}}`, `{"a":1,"c":3}`},
		{"/price?item=apple", catalogue, `3`},
		{"/page?number=1&size=2", `[1, 2, 3]`, `[3]`},
		{"/depth", `[[{"a": []}]]`, `4`},
	} {
		if status, answer := post(address, c.path, c.body); status != 200 || answer != c.want {
			t.Errorf("%s gave %d %s, want %s", c.path, status, answer, c.want)
		}
	}
}

func TestWhatTheLibraryRefusesIsAnsweredInItsOwnWords(t *testing.T) {
	address, log := startService(t)
	for _, c := range []struct{ path, body, kind, message string }{
		{"/parse", `{"a": }`, "::parse_error", "line 1, column 7"},
		{"/parse", ``, "::parse_error", "unexpected end of input"},
		{"/parse", "{}\x00{}", "documents::document_error", "NUL"},
		{"/parse", strings.Repeat("[", 600) + strings.Repeat("]", 600), "documents::document_error", "512 levels"},
		{"/query?pointer=/b", `{"a": 1}`, "::out_of_range", "key 'b' not found"},
		{"/query?pointer=b", `{"a": 1}`, "::parse_error", "JSON pointer must be empty or begin with '/'"},
		{"/merge", `{"target": {}}`, "::out_of_range", "key 'patch' not found"},
		{"/price?item=apple", `{"items": [{"name": 7}]}`, "::type_error", "type must be string"},
	} {
		status, answer := post(address, c.path, c.body)
		var got refusal
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Errorf("%s: %v in %s", c.path, err, answer)
		}
		if status != 400 || !strings.HasSuffix(got.Type, c.kind) || !strings.Contains(got.Message, c.message) {
			t.Errorf("%s gave %d %s, want a %s with %q", c.path, status, answer, c.kind, c.message)
		}
	}
	if log.String() != "" {
		t.Errorf("refusals were logged as incidents:\n%s", log)
	}
}

func TestABugIsAnIncidentAndTheNextRequestIsServed(t *testing.T) {
	for _, c := range []struct{ path, body, logged, goodPath, goodBody string }{
		{"/price?item=plum", catalogue, "null pointer read", "/price?item=pear", catalogue},
		{"/page?number=3&size=2", `[1, 2]`, "a page begins inside the list", "/page?number=0&size=2", `[1, 2]`},
		{"/depth", strings.Repeat("[", 200000) + strings.Repeat("]", 200000), "stack overflow", "/depth", `[]`},
	} {
		address, log := startService(t)
		for round := 0; round < 3; round++ {
			status, answer := post(address, c.path, c.body)
			var got refusal
			if err := json.Unmarshal([]byte(answer), &got); err != nil || status != 500 || got.Incident == "" {
				t.Fatalf("%s gave %d %s, want an incident", c.path, status, answer)
			}
			if !strings.Contains(log.String(), got.Incident) {
				t.Errorf("the log does not have incident %s", got.Incident)
			}
			if status, answer := post(address, c.goodPath, c.goodBody); status != 200 {
				t.Errorf("after the bug, %s gave %d %s", c.goodPath, status, answer)
			}
		}
		checkLog(t, log.String(), 3, c.logged)
	}
}

// checkLog looks for incidents in a log: one a line, each with what happened and both stacks.
func checkLog(t *testing.T, log string, incidents int, message string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(log, "\n"), "\n")
	if len(lines) != incidents {
		t.Errorf("%d lines for %d incidents", len(lines), incidents)
	}
	for _, line := range lines {
		var got struct {
			Error struct {
				Message string
				CStack  string `json:"c_stack"`
				GoStack string `json:"go_stack"`
			}
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Errorf("%v in %s", err, line)
		}
		// Programs built by go test are stripped: their C++ stacks have addresses, not names.
		if !strings.Contains(got.Error.Message, message) || got.Error.CStack == "" ||
			!strings.Contains(got.Error.GoStack, "documents.") {
			t.Errorf("no %q, or not both stacks, in %+v", message, got)
		}
	}
}

func TestRequestsThatAreNoneOfCppsBusinessDoNotReachIt(t *testing.T) {
	address, _ := startService(t)
	for _, c := range []struct {
		path, body string
		status     int
		message    string
	}{
		{"/parse", strings.Repeat(" ", maxBody+1), 413, "1048576"},
		{"/query", `{}`, 400, "'pointer' is missing"},
		{"/price", `{}`, 400, "'item' is missing"},
		{"/page?number=x&size=1", `[]`, 400, `'number' is \"x\"`},
		{"/page?number=0&size=0", `[]`, 400, "from 1 to 1000"},
		{"/parse/more", `{}`, 404, "/parse/more"},
	} {
		if status, answer := post(address, c.path, c.body); status != c.status || !strings.Contains(answer, c.message) {
			t.Errorf("%s gave %d %s, want %d with %s", c.path, status, answer, c.status, c.message)
		}
	}
	response, err := http.Get(address + "/parse")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 405 || response.Header.Get("Allow") != "POST" {
		t.Errorf("GET gave %s, allowed is %q", response.Status, response.Header.Get("Allow"))
	}
}

func TestAQuarantinedLibraryAnswersUnavailableAndStopsTheService(t *testing.T) {
	stopped := 0
	api := &service{
		operations: map[string]operation{"/parse": func([]byte, url.Values) ([]byte, error) {
			return nil, &cgoguard.Error{Code: cgoguard.CodeQuarantined}
		}},
		log:         newIncidentLog(os.Stderr),
		quarantined: func() { stopped++ },
	}
	answer := httptest.NewRecorder()
	api.handler().ServeHTTP(answer, httptest.NewRequest("POST", "/parse", strings.NewReader("{}")))
	if answer.Code != 503 || !strings.Contains(answer.Body.String(), "try again") || stopped != 1 {
		t.Errorf("got %d %s, and the service was asked to stop %d times", answer.Code, answer.Body, stopped)
	}
}
