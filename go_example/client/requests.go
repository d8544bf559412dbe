// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// request is a document, what to do with it, and what the answer must be.
type request struct {
	method   string
	path     string
	document string // a file of testdata, or a description of what generate makes
	generate func() string
	status   int
	contains string // in the body of the answer
	body     string
}

// levels is more than a stack of 8 MiB has room for, if one frame is needed for each.
const levels = 200000

// nested closes what it opens: a valid document.
func nested() string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }

func onlyOpened() string { return strings.Repeat("[", levels) }

// tooLarge has one byte more than the service takes.
func tooLarge() string { return `"` + strings.Repeat("a", 1<<20-1) + `"` }

func allRequests(testdata string) ([]request, error) {
	const parseError, rangeError, typeError = "::parse_error", "::out_of_range", "::type_error"
	requests := []request{
		{path: "/parse", document: "valid/catalogue.json", status: 200, contains: `{"currency":"EUR","items":[`},
		{path: "/parse", document: "valid/text.json", status: 200, contains: "naïve café"},
		{path: "/query?pointer=/items/1/name", document: "valid/catalogue.json", status: 200, contains: `"pear"`},
		{path: "/query?pointer=/a/x~1y", document: "valid/nested.json", status: 200, contains: "9"},
		{path: "/merge", document: "valid/merge.json", status: 200, contains: `{"author":{"given":"John"},"phone":`},
		{path: "/price?item=apple", document: "valid/catalogue.json", status: 200, contains: "3"},
		{path: "/page?number=1&size=2", document: "valid/list.json", status: 200, contains: `["three","four"]`},
		{path: "/depth", document: "valid/nested.json", status: 200, contains: "5"},

		{path: "/parse", document: "malformed/trailing_comma.json", status: 400, contains: parseError},
		{path: "/parse", document: "malformed/cut_off.json", status: 400, contains: parseError},
		{path: "/parse", document: "malformed/empty.json", status: 400, contains: parseError},
		{path: "/parse", document: "malformed/two_documents.json", status: 400, contains: parseError},
		{path: "/depth", document: "malformed/single_quotes.json", status: 400, contains: parseError},
		{path: "/query?pointer=/items/7", document: "valid/catalogue.json", status: 400, contains: rangeError},
		{path: "/query?pointer=items", document: "valid/catalogue.json", status: 400, contains: parseError},
		{path: "/merge", document: "valid/catalogue.json", status: 400, contains: rangeError},

		{path: "/parse", document: "hostile/latin1.json", status: 400, contains: parseError},
		{path: "/parse", document: "hostile/half_a_character.json", status: 400, contains: parseError},
		{path: "/parse", document: "hostile/huge_number.json", status: 400, contains: rangeError},
		{path: "/parse", document: "hostile/nul_byte.json", status: 400, contains: "NUL byte"},
		{path: "/price?item=pear", document: "hostile/not_an_item.json", status: 400, contains: typeError},
		{path: "/parse", document: "[[[… 200,000 deep", generate: nested, status: 400, contains: "document_error"},
		{path: "/depth", document: "[[[… never closed", generate: onlyOpened, status: 400, contains: parseError},
		{path: "/parse", document: "a string of 1 MiB", generate: tooLarge, status: 413, contains: `"size"`},

		{path: "/price?item=plum", document: "valid/catalogue.json", status: 500, contains: `"incident":"`},
		{path: "/price?item=pear", document: "valid/catalogue.json", status: 200, contains: "2.5"},
		{path: "/page?number=9&size=2", document: "valid/list.json", status: 500, contains: `"incident":"`},
		{path: "/page?number=2&size=2", document: "valid/list.json", status: 200, contains: `["five"]`},
		{path: "/depth", document: "[[[… 200,000 deep", generate: nested, status: 500, contains: `"incident":"`},
		{path: "/depth", document: "valid/catalogue.json", status: 200, contains: "3"},

		{method: "GET", path: "/parse", document: "valid/list.json", status: 405, contains: "POST"},
		{path: "/page?number=-1&size=2", document: "valid/list.json", status: 400, contains: "'number'"},
		{path: "/nowhere", document: "valid/list.json", status: 404, contains: "/nowhere"},
	}
	for i := range requests {
		r := &requests[i]
		if r.method == "" {
			r.method = "POST"
		}
		if r.generate != nil {
			r.body = r.generate()
			continue
		}
		body, err := os.ReadFile(filepath.Join(testdata, filepath.FromSlash(r.document)))
		if err != nil {
			return nil, fmt.Errorf("a document is missing (is -testdata right?): %w", err)
		}
		r.body = string(body)
	}
	return requests, nil
}
