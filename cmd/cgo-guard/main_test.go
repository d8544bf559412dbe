// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestCommandsAreGivenTheirArguments(t *testing.T) {
	defer func(all []command) { commands = all }(commands)
	commands = []command{{"echo", "say it again", func(args []string, stdout, _ io.Writer) int {
		fmt.Fprint(stdout, args)
		return 7
	}}}
	for _, c := range []struct {
		args, stdout, stderr string
		status               int
	}{
		{"echo a -b", "[a -b]", "", 7},
		{"help echo", "[-help]", "", 7},
		{"help", "say it again", "", 0},
		{"-h", "say it again", "", 0},
		{"", "", "say it again", 2},
		{"ecko", "", `there is no command "ecko"`, 2},
		{"help ecko", "", `there is no command "ecko"`, 2},
	} {
		var stdout, stderr bytes.Buffer
		status := run(strings.Fields(c.args), &stdout, &stderr)
		if status != c.status || !says(stdout, c.stdout) || !says(stderr, c.stderr) {
			t.Errorf("cgo-guard %s: status %d\nstandard output: %s\nstandard error: %s", c.args, status, &stdout, &stderr)
		}
	}
}

// says reports whether the text has want in it, or is empty where nothing is wanted.
func says(text bytes.Buffer, want string) bool {
	return strings.Contains(text.String(), want) && (want != "" || text.Len() == 0)
}
