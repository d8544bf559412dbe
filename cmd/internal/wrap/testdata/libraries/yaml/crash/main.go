// SPDX-License-Identifier: BSL-1.0

// Command crash parses a document with LibYAML, then without a parser, then with one whose memory was overwritten.
package main

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"example.com/libraries/yaml"
	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {
	fmt.Println(scalars("fruit: [apple, plum]"))

	// The first bug: no parser.
	event, err := yaml.NewEvent()
	must(err)
	_, err = yaml.ParserParse(yaml.Parser{}, event)
	if !errors.Is(err, cgoguard.SIGABRT) && !errors.Is(err, cgoguard.SIGSEGV) {
		fail("no crash", err)
	}
	fmt.Println(err)

	// The second: something has written over the parser's queue of tokens.
	parser := parserOf("fruit: [apple, plum]")
	_, err = yaml.ParserParse(parser, event)
	must(err)
	must(parser.SetTokenAvailable(1))
	must(parser.SetTokensHead(yaml.TokenAt(unsafe.Add(unsafe.Pointer(nil), 0x10000000))))
	_, err = yaml.ParserParse(parser, event)
	if !errors.Is(err, cgoguard.SIGSEGV) {
		fail("no crash", err)
	}
	fmt.Printf("%+v\n\n", err)

	// It goes on.
	fmt.Println("still", scalars("fruit: [apple, plum]"))
}

func parserOf(text string) yaml.Parser {
	parser, err := yaml.NewParser()
	must(err)
	_, err = yaml.ParserInitialize(parser)
	must(err)
	input, err := yaml.NewCString(text)
	must(err)
	must(yaml.ParserSetInputString(parser, input.Pointer(), uint(len(text))))
	return parser
}

func scalars(text string) (all []string) {
	parser := parserOf(text)
	event, err := yaml.NewEvent()
	must(err)
	for {
		ok, err := yaml.ParserParse(parser, event)
		must(err)
		if ok == 0 {
			problem, _ := parser.Problem()
			text, _ := problem.Text()
			fail(text)
		}
		kind, err := event.Type()
		must(err)
		switch kind {
		case yaml.YAML_SCALAR_EVENT:
			value, err := event.DataScalarValue()
			must(err)
			length, err := event.DataScalarLength()
			must(err)
			all = append(all, string(unsafe.Slice(value, int(length))))
		case yaml.YAML_STREAM_END_EVENT:
			must(yaml.ParserDelete(parser))
			return all
		}
		must(yaml.EventDelete(event))
	}
}

func must(err error) {
	if err != nil {
		fail(fmt.Sprintf("%+v", err))
	}
}

func fail(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}
