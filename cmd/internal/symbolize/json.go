// SPDX-License-Identifier: BSL-1.0

package symbolize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// document is a whole input with its frames named: JSON, lines of which some are JSON, or text.
func (s *symbolizer) document(text, name string) (string, error) {
	trimmed := strings.TrimSpace(text)
	if strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		if json.Valid([]byte(text)) {
			return s.json(text), nil
		}
		first := strings.SplitN(trimmed, "\n", 2)[0]
		if strings.HasPrefix(first, "{") && !json.Valid([]byte(first)) {
			var value interface{}
			return "", fmt.Errorf("%s is not valid JSON: %w", name, json.Unmarshal([]byte(text), &value))
		}
	}
	var out, plain []string
	flush := func() {
		if len(plain) > 0 {
			out = append(out, s.text(strings.Join(plain, "\n")))
			plain = nil
		}
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "{") && json.Valid([]byte(line)) {
			flush()
			out = append(out, s.json(line))
		} else {
			plain = append(plain, line)
		}
	}
	flush()
	return strings.Join(out, "\n"), nil
}

// json names the frames in every string of valid JSON that has several lines, wherever it is: causes are nested, loggers
// have groups. All else stays as it is, to the byte.
func (s *symbolizer) json(text string) string {
	var out strings.Builder
	for {
		begin := strings.IndexByte(text, '"')
		if begin < 0 {
			out.WriteString(text)
			return out.String()
		}
		end := begin + 1
		for text[end] != '"' {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		end++
		out.WriteString(text[:begin])
		out.WriteString(s.jsonString(text[begin:end]))
		text = text[end:]
	}
}

func (s *symbolizer) jsonString(literal string) string {
	var value string
	if err := json.Unmarshal([]byte(literal), &value); err != nil || !strings.Contains(value, "\n") {
		return literal
	}
	named := s.text(value)
	if named == value {
		return literal
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false) // template arguments stay readable
	if err := encoder.Encode(named); err != nil {
		return literal
	}
	return strings.TrimSuffix(buffer.String(), "\n")
}
