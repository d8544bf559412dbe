// SPDX-License-Identifier: BSL-1.0

package initialize

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const repository = "../../.."

// shop makes a module with a package, whose library is a copy of ours.
func shop(t *testing.T, files map[string]string) (directory, headers string) {
	t.Helper()
	copied := t.TempDir()
	if output, err := exec.Command("cp", "-R", repository+"/include", repository+"/go.mod", copied).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	directory = t.TempDir()
	write(t, directory, "go.mod", "module example.com/shop\n\ngo 1.19\n\nrequire "+library+" v0.0.0\n\nreplace "+library+" => "+copied+"\n")
	for name, text := range files {
		write(t, directory, name, text)
	}
	return directory, filepath.Join(copied, "include")
}

func write(t *testing.T, directory, name, text string) {
	t.Helper()
	path := filepath.Join(directory, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, directory, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(directory, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run is what init says, with relative paths.
func run(t *testing.T, directory string, want int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := Main(append(args, directory), &stdout, &stderr); status != want {
		t.Fatalf("exit status %d, want %d\n%s%s", status, want, &stdout, &stderr)
	}
	return strings.ReplaceAll(stdout.String()+stderr.String(), directory+"/", "")
}

func says(t *testing.T, said string, want ...string) {
	t.Helper()
	for _, one := range want {
		if !strings.Contains(said, one) {
			t.Errorf("it does not say %q, but:\n%s", one, said)
		}
	}
}

// bumped gives the library another version.
func bumped(t *testing.T, headers string) {
	t.Helper()
	abi := read(t, headers, "cgo_guard/abi.h")
	write(t, headers, "cgo_guard/abi.h", strings.Replace(abi, `#define CGO_GUARD_VERSION "0.1.0"`, `#define CGO_GUARD_VERSION "9.8.7"`, 1))
}

func TestTheHeaderIsThatOfTheScript(t *testing.T) {
	script := repository + "/tools/amalgamate.py"
	if _, err := os.Stat(script); err != nil {
		t.Skip("not in the module's own zip: ", err)
	}
	want, err := exec.Command("python3", script, "--without-implementation", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := amalgamate(repository + "/include")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%d bytes, and the script writes %d others", len(got), len(want))
	}
}

func TestEverythingIsWrittenOnce(t *testing.T) {
	directory, _ := shop(t, map[string]string{"main.go": "package main\n\nimport \"C\"\n\nfunc main() {}\n"})
	said := run(t, directory, 0)
	says(t, said, "cgo_guard.h: written (0.1.0)\n", "cgo_guard_flags.go: written\n", "compile_flags.txt: written\n", ".clangd: written\n", "next: #include")
	says(t, read(t, directory, "cgo_guard_flags.go"), "package main\n", "// #cgo CXXFLAGS: -std=c++17\nimport \"C\"\n")
	if output, err := exec.Command("gofmt", "-l", directory).CombinedOutput(); err != nil || len(output) > 0 {
		t.Errorf("gofmt: %v %s", err, output)
	}
	said = run(t, directory, 0)
	says(t, said, "cgo_guard.h: up to date (0.1.0)\n", "cgo_guard_flags.go: up to date\n", "compile_flags.txt: up to date\n", ".clangd: up to date\n")
	if strings.Contains(said, "next:") {
		t.Error("it says again what is next")
	}
}

func TestAnotherVersionIsSaid(t *testing.T) {
	directory, headers := shop(t, nil)
	run(t, directory, 0)
	bumped(t, headers)
	says(t, run(t, directory, 0), "cgo_guard.h: updated from 0.1.0 to 9.8.7\n")
	says(t, read(t, directory, "cgo_guard.h"), "9.8.7")
}

func TestEditedFilesAreLeft(t *testing.T) {
	directory, headers := shop(t, map[string]string{"shop.go": "package shop\n"})
	run(t, directory, 0)
	for _, name := range []string{"cgo_guard.h", "cgo_guard_flags.go"} {
		write(t, directory, name, read(t, directory, name)+"// mine\n")
	}
	bumped(t, headers)
	says(t, run(t, directory, 1), "cgo_guard.h: left as it is: it was edited", "(updated from 0.1.0 to 9.8.7)", "cgo_guard_flags.go: left as it is")
	says(t, read(t, directory, "cgo_guard.h"), "// mine\n", `"0.1.0"`)
	says(t, run(t, directory, 0, "-force"), "cgo_guard.h: overwritten, although it was edited", "cgo_guard_flags.go: overwritten")
	if strings.Contains(read(t, directory, "cgo_guard.h"), "// mine") {
		t.Error("-force has left the edit")
	}
}

func TestWhatThePackageHasIsKept(t *testing.T) {
	directory, _ := shop(t, map[string]string{
		"shop.go":           "package shop\n\n// #cgo CXXFLAGS: -std=c++20\nimport \"C\"\n",
		"compile_flags.txt": "-Wall",
		".clangd":           "Diagnostics:\n  UnusedIncludes: Strict\n",
	})
	said := run(t, directory, 0)
	says(t, said, `compile_flags.txt: added "-I."`, ".clangd: added ")
	if strings.Contains(said, flagsFile) {
		t.Error("a #cgo line was written, but the package has one")
	}
	if got := read(t, directory, "compile_flags.txt"); got != "-Wall\n-I.\n" {
		t.Errorf("compile_flags.txt is %q", got)
	}
	if got := read(t, directory, ".clangd"); !strings.HasPrefix(got, "Diagnostics:\n  UnusedIncludes: Strict\n---\n# ") {
		t.Errorf(".clangd is %q", got)
	}
}

func TestAPackageWithoutGoFiles(t *testing.T) {
	directory, _ := shop(t, nil)
	says(t, run(t, directory, 0), "there are no Go files yet")
	if _, err := os.Stat(filepath.Join(directory, flagsFile)); err == nil {
		t.Error("a Go file was written for a package whose name nobody knows")
	}
}

func TestAModuleWithoutTheLibraryIsToldWhatToDo(t *testing.T) {
	directory := t.TempDir()
	write(t, directory, "go.mod", "module example.com/shop\n\ngo 1.19\n")
	says(t, run(t, directory, 2), "go get github.com/cgo-guard/cgo_guard@latest")
	if _, err := os.Stat(filepath.Join(directory, umbrella)); err == nil {
		t.Error("a header was written")
	}
}

func TestWrongFlagsAndHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := Main([]string{"-wrong"}, &stdout, &stderr); status != 2 || !strings.Contains(stderr.String(), "-wrong") {
		t.Error(status, stderr.String())
	}
	if status := Main([]string{"-h"}, &stdout, &stderr); status != 0 || stdout.String() != usage {
		t.Error(status, stdout.String())
	}
}

// The header is C for a preamble and C++ for the sources, and says so where somebody asks for what it does not have.
func TestTheHeaderCompiles(t *testing.T) {
	directory, _ := shop(t, map[string]string{
		"guarded.cpp": "#include <cgo_guard.h>\nextern \"C\" cgo_guard_error *f(int *p) { return CGO_GUARD { *p = 1; }; }\n",
		"plain.c":     "#include <cgo_guard.h>\nint g(void) { return cgo_guard_describe(0) == 0; }\n",
	})
	run(t, directory, 0)
	for _, c := range []struct {
		compiler, source, says string
		flags                  []string
	}{
		{"g++", "guarded.cpp", "", []string{"-std=c++17"}},
		{"clang++", "guarded.cpp", "", []string{"-std=c++17"}},
		{"g++", "guarded.cpp", "", []string{"-std=c++17", "-DCGO_GUARD_WITH_THREAD", "-DCGO_GUARD_WITH_TRANSLATOR", "-DCGO_GUARD_WITH_FLOATING_POINT"}},
		{"gcc", "plain.c", "", []string{"-std=c99", "-pedantic"}},
		{"clang", "plain.c", "", []string{"-std=c99", "-pedantic"}},
		{"g++", "guarded.cpp", "implementation.hpp is not in this cgo_guard.h", []string{"-std=c++17", "-DCGO_GUARD_IMPLEMENTATION"}},
	} {
		if _, err := exec.LookPath(c.compiler); err != nil {
			t.Log("not tried: ", err)
			continue
		}
		command := exec.Command(c.compiler, append(c.flags, "-I.", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", c.source)...)
		command.Dir = directory
		output, err := command.CombinedOutput()
		if (err == nil) != (c.says == "") || !strings.Contains(string(output), c.says) {
			t.Errorf("%s %v: %v\n%s", c.compiler, c.flags, err, output)
		}
	}
}
