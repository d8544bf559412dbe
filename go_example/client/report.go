// SPDX-License-Identifier: BSL-1.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
)

// incident is what the demo shows of a line of the service's log. The line has more.
type incident struct {
	Level    string
	Msg      string
	Incident string
	Method   string
	URI      string
	Error    struct {
		Error   string
		Cleanup string
		CStack  string `json:"c_stack"`
		GoStack string `json:"go_stack"`
	}
}

// readIncidents finds the incidents in a log. Other lines are none.
func readIncidents(log string) []incident {
	var all []incident
	for _, line := range strings.Split(log, "\n") {
		var one incident
		if json.Unmarshal([]byte(line), &one) == nil && one.Incident != "" {
			all = append(all, one)
		}
	}
	return all
}

func printIncident(w io.Writer, all []incident) {
	if len(all) == 0 {
		return
	}
	one := all[0]
	fmt.Fprintf(w, "\nThe first of %d such lines in the service's log, shortened:\n", len(all))
	fmt.Fprintf(w, "  level=%s msg=%q incident=%s method=%s uri=%s\n", one.Level, one.Msg, one.Incident, one.Method, one.URI)
	fmt.Fprintf(w, "  error=%q\n", one.Error.Error)
	printStack(w, "c_stack", functionNames(one.Error.CStack), 4)
	printStack(w, "go_stack", one.Error.GoStack, 3)
}

// printStack shows the innermost frames, one a line.
func printStack(w io.Writer, name, stack string, most int) {
	lines := strings.Split(strings.TrimSuffix(stack, "\n"), "\n")
	fmt.Fprintf(w, "  %s\n", name)
	for i := 0; i+1 < len(lines); i += 2 {
		if i/2 == most {
			fmt.Fprintf(w, "    … and %d more\n", (len(lines)-i)/2)
			return
		}
		place := strings.TrimSpace(lines[i+1])
		if space := strings.IndexByte(place, ' '); space > 0 {
			place = place[:space] // what follows is the module, in a C++ stack
		}
		fmt.Fprintf(w, "    %-48s %s\n", lines[i], path.Base(place))
	}
}

// functionNames makes names of the signatures in a C++ stack: every other line is one.
func functionNames(stack string) string {
	lines := strings.Split(stack, "\n")
	for i := 0; i < len(lines); i += 2 {
		lines[i] = functionName(lines[i])
	}
	return strings.Join(lines, "\n")
}

// functionName leaves out what stands in brackets, which can be long: nlohmann's types have a dozen template parameters.
func functionName(signature string) string {
	var name strings.Builder
	depth := 0
	for _, c := range strings.ReplaceAll(signature, "(anonymous namespace)::", "") {
		switch c {
		case '<', '(', '[':
			depth++
		case '>', ')', ']':
			depth--
		default:
			if depth == 0 {
				name.WriteRune(c)
			}
		}
	}
	words := strings.Fields(strings.TrimSuffix(name.String(), " const"))
	if len(words) == 0 {
		return signature
	}
	return words[len(words)-1] // the words before it are the return type
}

// summarize prints the totals. An answer that is not the expected one, or an incident that the log lacks, is an error.
func summarize(w io.Writer, answers []answer, incidents []incident) error {
	logged := make(map[string]bool)
	for _, one := range incidents {
		logged[one.Incident] = one.Error.CStack != "" && one.Error.GoStack != ""
	}
	var problems []string
	good, refused, failed := 0, 0, 0
	for _, a := range answers {
		switch problem := a.problem(); {
		case problem != "":
			problems = append(problems, fmt.Sprintf("%s %s (%s): %s", a.request.method, a.request.path, a.request.document, problem))
		case a.status == 500:
			failed++
			var body struct{ Incident string }
			if json.Unmarshal([]byte(a.body), &body) != nil || !logged[body.Incident] {
				problems = append(problems, fmt.Sprintf("incident %q is not in the log with both stacks", body.Incident))
			}
		case a.status == 200:
			good++
		default:
			refused++
		}
	}
	fmt.Fprintf(w, "\n%d requests answered by one process: %d with a result, %d refused, %d crashes survived and logged.\n",
		good+refused+failed, good, refused, failed)
	if len(problems) > 0 {
		return fmt.Errorf("%d answers were not as expected:\n  %s", len(problems), strings.Join(problems, "\n  "))
	}
	return nil
}
