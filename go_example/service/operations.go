// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"net/url"
	"strconv"

	"example.com/go_example/documents"
)

// operation is what one path of the service does with the body of a request. It returns JSON.
type operation func(body []byte, parameters url.Values) ([]byte, error)

var operations = map[string]operation{
	"/parse": parse,
	"/query": query,
	"/merge": merge,
	"/price": price,
	"/page":  page,
	"/depth": depth,
}

// parameterError is a request that never came to C++.
type parameterError struct{ text string }

func (e *parameterError) Error() string { return e.text }

func parse(body []byte, _ url.Values) ([]byte, error) { return documents.Parse(body) }

func query(body []byte, parameters url.Values) ([]byte, error) {
	// An empty pointer is a good one: it points to the whole document.
	if !parameters.Has("pointer") {
		return nil, &parameterError{"the parameter 'pointer' is missing, a JSON pointer such as /items/0/name"}
	}
	return documents.Query(body, parameters.Get("pointer"))
}

// merge takes its two documents apart in C++ too, so that all errors about them are the library's.
func merge(body []byte, _ url.Values) ([]byte, error) {
	target, err := documents.Query(body, "/target")
	if err != nil {
		return nil, err
	}
	patch, err := documents.Query(body, "/patch")
	if err != nil {
		return nil, err
	}
	return documents.Merge(target, patch)
}

func price(body []byte, parameters url.Values) ([]byte, error) {
	if !parameters.Has("item") {
		return nil, &parameterError{"the parameter 'item' is missing, the name of an item in the catalogue"}
	}
	return documents.Price(body, parameters.Get("item"))
}

func page(body []byte, parameters url.Values) ([]byte, error) {
	number, err := count(parameters, "number", 0, 1<<20)
	if err != nil {
		return nil, err
	}
	size, err := count(parameters, "size", 1, 1000)
	if err != nil {
		return nil, err
	}
	return documents.Page(body, number, size)
}

func depth(body []byte, _ url.Values) ([]byte, error) {
	levels, err := documents.Depth(body)
	return strconv.AppendUint(nil, levels, 10), err
}

// count reads a parameter that must be a number from least to most.
func count(parameters url.Values, name string, least, most uint32) (uint32, error) {
	n, err := strconv.ParseUint(parameters.Get(name), 10, 32)
	if err != nil || uint32(n) < least || uint32(n) > most {
		return 0, &parameterError{fmt.Sprintf("the parameter '%s' is %q; it must be a number from %d to %d",
			name, parameters.Get(name), least, most)}
	}
	return uint32(n), nil
}
