// SPDX-License-Identifier: BSL-1.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const answerWidth = 84

// printTable shows one answer a line.
func printTable(w io.Writer, answers []answer) {
	rows := [][]string{{"request", "document", "status", "answer"}}
	for _, a := range answers {
		status := fmt.Sprint(a.status)
		if a.problem() != "" {
			status += " (!)"
		}
		rows = append(rows, []string{a.request.method + " " + a.request.path, a.request.document, status, a.text()})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			if n := utf8.RuneCountInString(cell); n > widths[i] {
				widths[i] = n
			}
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row[:len(row)-1] {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		fmt.Fprintln(w, line.String()+row[len(row)-1])
	}
}

// text is the answer in the width of its column. A refusal is shown as its type and message, without the JSON around.
func (a answer) text() string {
	if a.err != nil {
		return cut("no answer: "+a.err.Error(), answerWidth)
	}
	var refusal struct{ Type, Message, Incident string }
	text := firstLine(a.body)
	if a.status != 200 && json.Unmarshal([]byte(a.body), &refusal) == nil {
		text = shortType(refusal.Type) + ": " + withoutTag(refusal.Message)
		if refusal.Incident != "" {
			text = "incident " + refusal.Incident
		}
	}
	return cut(text, answerWidth)
}

// shortType leaves out the namespaces between the first and the name.
func shortType(name string) string {
	first, last := strings.Index(name, "::"), strings.LastIndex(name, "::")
	if first == last {
		return name
	}
	return name[:first] + "::…" + name[last:]
}

// withoutTag leaves out the "[json.exception.parse_error.101] " that nlohmann's messages begin with: its word is the type.
func withoutTag(message string) string {
	if end := strings.Index(message, "] "); end >= 0 && strings.HasPrefix(message, "[json.exception.") {
		return message[end+2:]
	}
	return message
}

func firstLine(text string) string {
	if end := strings.IndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return cut(text, 200)
}

// cut shortens text to so many characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
