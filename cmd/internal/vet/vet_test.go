// SPDX-License-Identifier: BSL-1.0

package vet

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// program is the cgo-guard command. The tests let the go command run it: analysistest would load packages in another way
// than users do, and is skipped by Go versions that it does not know.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		directory, err := os.MkdirTemp("", "cgo-guard")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(directory)
		program = filepath.Join(directory, "cgo-guard")
		if output, err := exec.Command("go", "build", "-o", program, "../../cgo-guard").CombinedOutput(); err != nil {
			fmt.Printf("%s%v\n", output, err)
			return 1
		}
		return m.Run()
	}())
}

// vetted is what the command says, and whether it was content.
func vetted(t *testing.T, directory string, args ...string) (output string, content bool) {
	t.Helper()
	command := exec.Command(args[0], args[1:]...)
	command.Dir = directory
	command.Env = append(os.Environ(), "GOWORK=off")
	text, err := command.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	return string(text), err == nil
}

type finding struct {
	file string
	line int
}

var (
	said   = regexp.MustCompile(`(?m)^(?:vet: )?([^ #:][^:\n]*):(\d+):(?:\d+:)? (.*)$`)
	want   = regexp.MustCompile(`// want (".*")`)
	quoted = regexp.MustCompile(`"([^"]*)"`)
)

// TestFindsWhatTheFilesSay compares what go vet prints with the comments // want "expression" in testdata.
func TestFindsWhatTheFilesSay(t *testing.T) {
	for name, args := range map[string][]string{
		"go vet -vettool": {"go", "vet", "-vettool=" + program, "./..."},
		"cgo-guard vet":   {program, "vet", "./..."},
		"with -trimpath":  {program, "vet", "-trimpath", "./..."},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "with -trimpath" {
				t.Skip("compiles Go's standard library")
			}
			output, content := vetted(t, "testdata", args...)
			if content {
				t.Error("the exit status is that of success")
			}
			got := map[finding][]string{}
			for _, match := range said.FindAllStringSubmatch(output, -1) {
				line, _ := strconv.Atoi(match[2])
				file, err := filepath.Rel("testdata", filepath.Join("testdata", match[1]))
				if filepath.IsAbs(match[1]) {
					file, err = filepath.Rel(absolute(t, "testdata"), match[1])
				}
				if err != nil {
					t.Fatal(err)
				}
				at := finding{file, line}
				got[at] = append(got[at], match[3])
			}
			for at, expressions := range wanted(t) {
				for _, expression := range expressions {
					if i := matching(got[at], expression); i < 0 {
						t.Errorf("%s:%d: nothing says %q, but: %q", at.file, at.line, expression, got[at])
					} else {
						got[at] = append(got[at][:i:i], got[at][i+1:]...)
					}
				}
			}
			for at, messages := range got {
				for _, message := range messages {
					t.Errorf("%s:%d: not wanted: %s", at.file, at.line, message)
				}
			}
		})
	}
}

// What is written as it should be draws no complaint.
func TestFindsNothingInTheExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the library")
	}
	const examples = "../../../go_example"
	if _, err := os.Stat(examples); err != nil {
		t.Skip("not in the module's own zip: ", err)
	}
	if output, content := vetted(t, examples, program, "vet", "./..."); !content {
		t.Error(output)
	}
}

func absolute(t *testing.T, path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func matching(messages []string, expression string) int {
	for i, message := range messages {
		if regexp.MustCompile(expression).MatchString(message) {
			return i
		}
	}
	return -1
}

func wanted(t *testing.T) map[finding][]string {
	all := map[finding][]string{}
	files, err := filepath.Glob("testdata/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(file)
		for number := 1; lines.Scan(); number++ {
			match := want.FindStringSubmatch(lines.Text())
			if match == nil {
				continue
			}
			at := finding{strings.TrimPrefix(filepath.ToSlash(path), "testdata/"), number}
			for _, expression := range quoted.FindAllStringSubmatch(match[1], -1) {
				all[at] = append(all[at], expression[1])
			}
		}
		file.Close()
	}
	return all
}
