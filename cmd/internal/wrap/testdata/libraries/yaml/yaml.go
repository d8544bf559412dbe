// SPDX-License-Identifier: BSL-1.0

// Package yaml is LibYAML, guarded. The parser keeps the text that it was given, so that has to be C's memory.
package yaml

//go:generate cgo-guard wrap -header yaml.h -link yaml -trim yaml_ -param "set_input_string.input=pointer" -fields "^yaml_(event|parser)_t$"
